import Foundation
import Testing

/// The built executable, run as a user would.
enum Binary {
    struct Outcome {
        var status: Int32
        var output: Data
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
        /// Each line of the output as a JSON object.
        var objects: [[String: Any]] {
            get throws {
                try lines.map {
                    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                }
            }
        }
    }

    /// Beside the test bundle, where the build puts both.
    static var path: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(filePath: own).deletingLastPathComponent().appending(path: "sluice").path()
            try #require(FileManager.default.isExecutableFile(atPath: path), "no executable at \(path)")
            return path
        }
    }

    /// Runs it to its end. Input and output are files, so that nothing can block.
    static func run(_ arguments: [String], input: Data = Data(), folder: TestFolder) throws -> Outcome {
        let running = try start(arguments, input: input, folder: folder)
        return try running.finish()
    }

    /// Starts it with standard input from `input`, or from the file at `inputPath`.
    static func start(
        _ arguments: [String], input: Data = Data(), inputPath: String? = nil, folder: TestFolder
    ) throws -> Running {
        let process = Process()
        process.executableURL = URL(filePath: try path)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["SLUICE_DATA"] = folder.data
        environment["TERM"] = "dumb"
        process.environment = environment
        let name = UUID().uuidString
        let inputFile = inputPath ?? folder.path + "/\(name).in"
        if inputPath == nil { try input.write(to: URL(filePath: inputFile)) }
        let running = Running(
            process: process, outputPath: folder.path + "/\(name).out", errorPath: folder.path + "/\(name).err")
        for path in [running.outputPath, running.errorPath] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputFile))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: running.outputPath))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: running.errorPath))
        try process.run()
        return running
    }
}

/// A process that was started.
struct Running {
    let process: Process
    let outputPath: String
    let errorPath: String

    var outputSoFar: Data {
        get throws { try Data(contentsOf: URL(filePath: outputPath)) }
    }

    func finish() throws -> Binary.Outcome {
        process.waitUntilExit()
        let isSignal = process.terminationReason == .uncaughtSignal
        return Binary.Outcome(
            status: isSignal ? -process.terminationStatus : process.terminationStatus, output: try outputSoFar,
            errors: String(decoding: try Data(contentsOf: URL(filePath: errorPath)), as: UTF8.self))
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until its output meets a condition; fails the test after a minute.
    func waitForOutput(_ condition: (Data) -> Bool) throws {
        let deadline = Date().addingTimeInterval(60)
        while !condition(try outputSoFar) {
            try #require(Date() < deadline, "the output never came")
            try #require(process.isRunning, "the process ended early")
            usleep(5_000)
        }
    }
}

/// A folder for one test, removed with it.
final class TestFolder {
    let path: String
    /// The data folder in it; not made yet.
    var data: String { path + "/data" }

    init() throws {
        path = NSTemporaryDirectory() + "sluice-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
