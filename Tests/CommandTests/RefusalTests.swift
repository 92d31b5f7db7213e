import Foundation
import Testing

/// Wrong input gets a clear sentence and the exit status that is documented.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var status: Int32
        /// What the sentence has to name.
        var names: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let cases = [
        Case(arguments: ["publish", "a/b", "--body", "x"], status: 64, names: "a/b"),
        Case(arguments: ["publish", String(repeating: "t", count: 300), "--body", "x"], status: 64, names: "127"),
        Case(arguments: ["consume", "nowhere", "--group", "g"], status: 3, names: "nowhere"),
        Case(arguments: ["topic", "show", "nowhere"], status: 3, names: "nowhere"),
        Case(arguments: ["topic", "create", "a/b"], status: 64, names: "a/b"),
        Case(arguments: ["topic", "create", "t", "--queues", "0"], status: 64, names: "0 queues"),
        Case(arguments: ["group", "lag", "nobody"], status: 3, names: "nobody"),
        Case(arguments: ["tx", "commit", "nothing", "--yes"], status: 3, names: "nothing"),
        Case(arguments: ["tx", "recheck", "nothing"], status: 3, names: "nothing"),
        Case(arguments: ["delay", "cancel", "nothing", "--yes"], status: 3, names: "nothing"),
        Case(arguments: ["delay", "reschedule", "x"], status: 64, names: "--at"),
        Case(arguments: ["delay", "reschedule", "x", "--in", "soon"], status: 64, names: "soon"),
        Case(arguments: ["message", "show", "nothing"], status: 3, names: "nothing"),
        Case(arguments: ["message", "find", "t", "k"], status: 3, names: "k"),
        Case(arguments: ["replay", "t", "--from", "noon", "--to", "+1s"], status: 64, names: "noon"),
        Case(arguments: ["replay", "t", "--from", "-1s", "--to", "-1h"], status: 64, names: "empty"),
        Case(arguments: ["replay", "message", "nothing"], status: 3, names: "nothing"),
        Case(arguments: ["dlq", "list", "nobody"], status: 3, names: "nobody"),
        Case(arguments: ["dlq", "export", "nobody"], status: 3, names: "nobody"),
        Case(arguments: ["dlq", "resend", "g"], status: 64, names: "--all"),
        Case(arguments: ["gate", "limit", "g", "0"], status: 64, names: "0.1"),
        Case(arguments: ["gate", "publish-limit", "t", "many"], status: 64, names: "many"),
        Case(arguments: ["audit", "list", "--limit", "0"], status: 64, names: "0"),
        Case(arguments: ["publish", "t", "--delay", "soon", "--body", "x"], status: 64, names: "soon"),
        Case(arguments: ["publish", "t", "--body", "x", "--body-file", "y"], status: 64, names: "--body-file"),
        Case(arguments: ["publish", "t", "--body-file", "/nowhere/file"], status: 3, names: "/nowhere/file"),
        Case(arguments: ["consume", "t", "--group", "g", "--from", "noon"], status: 64, names: "noon"),
        Case(arguments: ["console"], status: 6, names: "terminal"),
        Case(arguments: [], status: 6, names: "terminal"),
        Case(arguments: ["topic", "lst"], status: 64, names: "lst"),
        Case(arguments: ["demo", "peak-shaving", "--headless", "--duration", "1s"], status: 64, names: "1s"),
    ]

    @Test(arguments: cases) func isRefused(_ wrong: Case) throws {
        let folder = try TestFolder()
        _ = try Binary.run(["topic", "create", "t"], folder: folder)
        let outcome = try Binary.run(wrong.arguments, folder: folder)
        #expect(outcome.status == wrong.status, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("sluice: "))
        #expect(outcome.errors.contains(wrong.names))
        #expect(outcome.output.isEmpty)
    }

    @Test func aBodyOverTheLimit() throws {
        let folder = try TestFolder()
        let large = Data(repeating: 0x78, count: 4 * 1024 * 1024 + 1)
        try large.write(to: URL(filePath: folder.path + "/large"))
        let whole = try Binary.run(["publish", "t", "--body-file", folder.path + "/large"], folder: folder)
        #expect(whole.status == 64)
        #expect(whole.errors.contains("4,194,304"))
        let inside = try Binary.run(["publish", "t"], input: Data("ok\n".utf8) + large, folder: folder)
        #expect(inside.status == 2)
        #expect(inside.errors.contains("line 2"))
        #expect(inside.lines.count == 1)
    }

    @Test func aFolderThatIsNotOurs() throws {
        let folder = try TestFolder()
        try FileManager.default.createDirectory(atPath: folder.data, withIntermediateDirectories: true)
        try Data("dear diary".utf8).write(to: URL(filePath: folder.data + "/diary.txt"))
        let outcome = try Binary.run(["topic", "list"], folder: folder)
        #expect(outcome.status == 6)
        #expect(outcome.errors.contains(folder.data))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.data) == ["diary.txt"])
    }

    @Test func looksOnlyAtAFolderThatIsThere() throws {
        let folder = try TestFolder()
        let outcome = try Binary.run(["topic", "list"], folder: folder)
        #expect(outcome.status == 3)
        #expect(!FileManager.default.fileExists(atPath: folder.data))
    }

    @Test func aSecondServerIsToldWhoOwnsTheFolder() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "x"], folder: folder)
        let owner = try Binary.start(["consume", "t", "--group", "g", "--raw"], folder: folder)
        try owner.waitForOutput { !$0.isEmpty }
        let second = try Binary.run(["serve"], folder: folder)
        #expect(second.status == 6)
        #expect(second.errors.contains(String(owner.process.processIdentifier)))
        owner.send(SIGINT)
        #expect(try owner.finish().status == 130)
        let rest = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(rest.output.isEmpty, "what was printed before INT is committed")
        #expect(rest.status == 0)
    }

    @Test func terminationDrainsThePublisher() throws {
        let folder = try TestFolder()
        let fifo = folder.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let end = open(fifo, O_RDWR)
        defer { close(end) }
        let publisher = try Binary.start(["publish", "t"], inputPath: fifo, folder: folder)
        #expect(write(end, "one\ntwo\nhalf a line", 19) == 19)
        try publisher.waitForOutput { $0.count { $0 == 0x0A } == 2 }
        publisher.send(SIGTERM)
        let outcome = try publisher.finish()
        #expect(outcome.status == 143)
        let consumed = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(consumed.text == "one\ntwo\n")
    }

    @Test func aClosedPipeEndsQuietly() throws {
        let folder = try TestFolder()
        let input = Data((0..<20_000).map { "line \($0)\n" }.joined().utf8)
        _ = try Binary.run(["publish", "t"], input: input, folder: folder)
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        let errors = folder.path + "/errors"
        shell.arguments = [
            "-c", "(\"$0\" consume t --group g --raw 2>'\(errors)'; echo $? > '\(folder.path)/status') | head -n 1",
            try Binary.path,
        ]
        shell.environment = ["SLUICE_DATA": folder.data]
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(try String(contentsOfFile: folder.path + "/status", encoding: .utf8) == "141\n")
        #expect(try String(contentsOfFile: errors, encoding: .utf8).isEmpty)
    }
}
