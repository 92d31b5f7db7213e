import Foundation
import Testing

/// Programs run to their end.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Where the build puts `sluice`: beside the test bundle.
    static var folder: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let folder = URL(filePath: own).deletingLastPathComponent().path()
            try #require(FileManager.default.isExecutableFile(atPath: folder + "/sluice"), "no sluice in \(folder)")
            return folder
        }
    }

    static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // Files, so that nothing can block on a full pipe.
        let output = try Scratch()
        let errors = try Scratch()
        process.standardOutput = output.handle
        process.standardError = errors.handle
        try process.run()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: try output.text(), errors: try errors.text())
    }

    /// `sluice` on a folder's data, without a terminal.
    static func sluice(_ arguments: [String], _ folder: Folder) throws -> Outcome {
        try run(try self.folder + "/sluice", arguments, environment: ["SLUICE_DATA": folder.data])
    }
}

/// A file for what a program says.
private struct Scratch {
    let handle: FileHandle
    private let path: String

    init() throws {
        path = NSTemporaryDirectory() + UUID().uuidString
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        handle = try FileHandle(forWritingTo: URL(filePath: path))
    }

    /// What was said; the file goes.
    func text() throws -> String {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try handle.close()
        return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}

/// A folder for one test, removed with it.
final class Folder: Sendable {
    let path: String
    /// The data folder in it; not made yet.
    var data: String { path + "/data" }

    init() throws {
        path = NSTemporaryDirectory() + "sluice-end-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
