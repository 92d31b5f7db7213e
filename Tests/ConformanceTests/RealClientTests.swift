import Foundation
import Testing

/// Unmodified RocketMQ clients against `sluice serve`: what they send, consume, order, delay, retry and resolve. The clients
/// are those of `Tests/Conformance`, which says how they are made.
@Suite struct RealClientTests {
    private static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Conformance")
    }

    /// Where the environments are; `Tests/Conformance/setup.sh` makes them.
    private static var environments: String {
        let variables = ProcessInfo.processInfo.environment
        let cache = variables["XDG_CACHE_HOME"] ?? (variables["HOME"] ?? "/root") + "/.cache"
        return cache + "/sluice-conformance"
    }

    private static var areThere: Bool {
        ["a", "a2", "b"].allSatisfy { FileManager.default.fileExists(atPath: "\(environments)/\($0)/made-from") }
    }

    @Test(
        .enabled(if: areThere, "the clients are missing; Tests/Conformance/setup.sh makes them"),
        .timeLimit(.minutes(6)))
    func everyCasePasses() throws {
        let open = try ServedProgram()
        let guarded = try ServedProgram { folder in
            let path = folder + "/accounts.toml"
            let accounts = "[[accounts]]\naccess_key = \"RocketMQ\"\nsecret_key = \"12345678\"\nadmin = true\n"
            try accounts.write(toFile: path, atomically: true, encoding: .utf8)
            return ["--acl", path]
        }
        let output = try run([
            "--namesrv", "127.0.0.1:\(open.nameServer)", "--venvs", Self.environments, "--acl-namesrv",
            "127.0.0.1:\(guarded.nameServer)", "--access-key", "RocketMQ", "--secret-key", "12345678",
        ])
        let failed = output.text.split(separator: "\n").filter { $0.contains("\"ok\": false") }
        #expect(output.status == 0, "\(failed.joined(separator: "\n"))")
        #expect(output.text.contains("passed, 0 failed, 0 skipped"), "\(output.text.suffix(400))")
        for server in [open, guarded] {
            #expect(!server.logText.contains(" error "), "\(server.logText)")
            #expect(server.stop() == 0)
        }
    }

    private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", Self.folder.appending(path: "run.py").path()] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
