import Foundation
import Testing

/// A terminal of 120×40 to drive programs in: a tmux server of its own, ended with the last reference to it.
final class Tmux {
    /// What of the screen or the shell never came.
    struct Missing: Error, CustomStringConvertible {
        var wanted: String
        var screen: String
        var description: String {
            "waited in vain for \(wanted); the screen is\n\(screen.trimmingCharacters(in: .newlines))"
        }
    }

    static let isInstalled = (try? command(["-V"]).status) == 0
    static let patience: Duration = .seconds(20)

    private let socket = "sluice-test-\(UUID().uuidString)"
    let folder: Folder

    /// - Parameter folder: where its shell stands, and whose data `sluice` takes there.
    init(_ folder: Folder) throws {
        self.folder = folder
        let configuration = folder.path + "/tmux.conf"
        let lines = ["set -g default-terminal screen-256color", "set -s escape-time 0", "set -g status off"]
        try lines.joined(separator: "\n").write(toFile: configuration, atomically: false, encoding: .utf8)
        try run(
            ["-u", "-f", configuration, "new-session", "-d", "-x", "120", "-y", "40", "-c", folder.path]
                + [
                    "env", "-u", "COLORTERM", "-u", "NO_COLOR", "PS1=$ ", "LC_ALL=C.UTF-8",
                    "SLUICE_DATA=\(folder.data)", "HOME=\(folder.path)",
                ]
                + ["PATH=\(try Program.folder):/usr/bin:/bin", "sh"])
        try wait(for: "the shell") { $0.hasPrefix("$") }
    }

    deinit { _ = try? Self.command(["-L", socket, "kill-server"]) }

    // MARK: Doing

    /// Types text as it is.
    func type(_ text: String) throws { try run(["send-keys", "-l", "--", text]) }

    /// Presses keys by tmux's names: `Tab`, `Enter`, `Escape`, `C-s`.
    func press(_ keys: String...) throws { try run(["send-keys"] + keys) }

    /// Types a command line into the shell.
    func enter(_ line: String) throws {
        try type(line)
        try press("Enter")
    }

    func resize(_ width: Int, _ height: Int) throws {
        try run(["resize-window", "-x", String(width), "-y", String(height)])
    }

    // MARK: Looking

    /// The text on the screen, a line a row.
    func screen(withColours: Bool = false) throws -> String {
        try run(["capture-pane", "-p"] + (withColours ? ["-e"] : []))
    }

    /// True while a program has the alternate screen.
    func isAlternate() throws -> Bool { try value("#{alternate_on}") == "1" }

    func value(_ format: String) throws -> String {
        try run(["display-message", "-p", format]).trimmingCharacters(in: .newlines)
    }

    /// Waits until the screen holds a text.
    @discardableResult
    func wait(for text: String) throws -> String { try wait(for: "\"\(text)\"") { $0.contains(text) } }

    /// Waits until the screen is as wanted.
    @discardableResult
    func wait(for wanted: String, _ condition: (String) throws -> Bool) throws -> String {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let screen = try screen()
            if try condition(screen) { return screen }
            guard ContinuousClock.now < deadline else { throw Missing(wanted: wanted, screen: screen) }
            usleep(20_000)
        }
    }

    // MARK: The program

    @discardableResult
    private func run(_ arguments: [String]) throws -> String {
        let outcome = try Self.command(["-L", socket] + arguments)
        try #require(outcome.status == 0, "tmux \(arguments): \(outcome.errors)")
        return outcome.output
    }

    private static func command(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run("/usr/bin/env", ["tmux"] + arguments)
    }
}
