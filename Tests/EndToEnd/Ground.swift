import Foundation
import Glibc
import Testing

/// Where a console's broker is.
enum Place: String, CaseIterable, Sendable {
    /// In the console's own process.
    case embedded
    /// In the process that owns the data folder, reached by its socket.
    case attached
    /// `sluice serve`, over the network.
    case served
    /// `sluice serve --compat 4.9`: a stock broker to the console.
    case compatible
}

/// A data folder with the broker of a place, and the ways to it.
final class Ground {
    let place: Place
    let folder: Folder
    private var process: Process?
    private var port = 0

    /// Starts the broker, where it is a process of its own.
    init(_ place: Place) throws {
        self.place = place
        folder = try Folder()
        guard place != .embedded else { return }
        // Apart from the ports that the system hands out; somebody else's are passed over.
        for _ in 0..<20 {
            port = 25_100 + Int.random(in: 0..<400) * 2
            // Somebody else's broker would answer in place of ours.
            if (port...port + 1).contains(where: Self.isTaken) { continue }
            if try startBroker() { return }
        }
        Issue.record("no port to serve on: \(log)")
    }

    deinit { killBroker() }

    private static func isTaken(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private var isOverNetwork: Bool { place == .served || place == .compatible }
    /// How verbs and console are told where the broker is; the data folder is in the environment.
    var options: [String] { isOverNetwork ? ["--connect", "127.0.0.1:\(port + 1)"] : [] }

    private var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }

    /// Starts the broker on its folder and waits until it takes clients. False when it ended.
    @discardableResult
    func startBroker() throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: try Program.folder + "/sluice")
        process.arguments =
            [
                "serve", "--data", folder.data, "--durability", "async", "--listen", "127.0.0.1:\(port)",
                "--name-server", "127.0.0.1:\(port + 1)",
            ] + (place == .compatible ? ["--compat", "4.9"] : [])
        let path = folder.path + "/log"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: URL(filePath: path))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        let deadline = ContinuousClock.now + Tmux.patience
        while process.isRunning {
            if try sluice(["topic", "list"]).status == 0 { return true }
            try #require(ContinuousClock.now < deadline, "the broker takes no client: \(log)")
            usleep(20_000)
        }
        return false
    }

    /// Kills the broker's process with SIGKILL.
    func killBroker() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Has the broker's process stand still: it takes what is sent, and answers nothing.
    func stopBroker() {
        if let process { kill(process.processIdentifier, SIGSTOP) }
    }

    /// Runs a verb on the broker.
    func sluice(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(
            try Program.folder + "/sluice", arguments + options,
            environment: ["SLUICE_DATA": folder.data, "HOME": folder.path, "NAMESRV_ADDR": ""])
    }

    /// Runs a verb that has to succeed.
    @discardableResult
    func done(_ arguments: String...) throws -> String {
        let outcome = try sluice(arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome.output
    }

    /// Opens the console in a terminal, with its exit status told at its end.
    func console() throws -> Tmux {
        let tmux = try Tmux(folder)
        // Swift's own report of a crash asks whether to go on, and takes seconds.
        let words = ["SWIFT_BACKTRACE=enable=no sluice", "console", "--refresh", "250ms"] + options
        try tmux.enter(
            "stty -g > before; \(words.joined(separator: " ")); echo \"exit $?\"; stty -g > after; echo over")
        try tmux.wait(for: "Delays due within")
        return tmux
    }
}

extension Tmux {
    /// Leaves the console, and looks whether the terminal is as it was.
    func leave(status: Int32 = 0, _ leave: (Tmux) throws -> Void = { try $0.press("q") }) throws {
        try leave(self)
        let screen = try wait(for: "the shell") { $0.contains("exit \(status)\nover\n$") }
        #expect(try !isAlternate())
        #expect(try value("#{cursor_flag}") == "1")
        #expect(try value("#{mouse_any_flag}") == "0")
        #expect(!screen.contains("Delays due"))
        let settings = try ["before", "after"].map {
            try String(contentsOfFile: folder.path + "/" + $0, encoding: .utf8)
        }
        #expect(settings[0] == settings[1])
    }
}
