import Foundation
import Glibc
import Testing

/// `sluice serve` in a process of its own, on ports of its own, with a folder that goes with it.
final class ServedProgram {
    let broker: Int
    let nameServer: Int
    let folder: String
    private let process = Process()
    private let log: String

    /// Starts it and waits until it accepts.
    init(_ arguments: [String] = [], prepare: (_ folder: String) throws -> [String] = { _ in [] }) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sluice-served-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        log = folder + "/log"
        let first = Self.freePort()
        (broker, nameServer) = (first, first + 1)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "sluice")
        process.arguments =
            [
                "serve", "--data", folder + "/data", "--listen", "127.0.0.1:\(broker)", "--name-server",
                "127.0.0.1:\(nameServer)", "--durability", "async",
            ] + arguments + (try prepare(folder))
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
        try process.run()
        let deadline = Date.now.addingTimeInterval(20)
        while !Self.accepts(nameServer) {
            try #require(process.isRunning && Date.now < deadline, "the server did not start: \(logText)")
            usleep(10_000)
        }
    }

    var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }

    /// Ends it in order; its exit status.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func freePort() -> Int {
        // Apart from the ports that the system hands out, four to a server.
        10_000 + Int.random(in: 0..<5_000) * 4
    }

    static func accepts(_ port: Int) -> Bool {
        let descriptor = connect(port)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// A connected socket; negative when nobody listens.
    static func connect(_ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let failed = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard failed != 0 else { return descriptor }
        close(descriptor)
        return -1
    }
}
