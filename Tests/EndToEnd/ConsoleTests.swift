import Foundation
import Testing

/// The console in a real terminal, from the key to what is stored.
@Suite(.serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"), .timeLimit(.minutes(5)))
struct ConsoleTests {
    /// A terminal in which the console is open, and `exit <status>` follows when it ends.
    private func open(_ folder: Folder, _ options: String = "") throws -> Tmux {
        let tmux = try Tmux(folder)
        try tmux.enter("stty -g > before; sluice console \(options); echo \"exit $?\"; stty -g > after; echo over")
        try tmux.wait(for: "Delays due within")
        #expect(try tmux.isAlternate())
        return tmux
    }

    @Test func publishesByKeys() throws {
        let folder = try Folder()
        let tmux = try open(folder)
        try tmux.press("p")
        try tmux.wait(for: "Publish a message")
        try tmux.type("greetings")
        try tmux.press("Tab", "Tab")
        try tmux.type("guest-1")
        try tmux.press("Tab")
        try tmux.type("茶 for two")
        try tmux.wait(for: "茶 for two")
        try tmux.press("C-s")
        try tmux.wait(for: "Published to greetings queue")
        try tmux.press("2")
        try tmux.wait(for: "the topic") { $0.contains("─ Topics") && $0.contains("greetings") }
        try tmux.leave()

        let consumed = try Program.sluice(["consume", "greetings", "--group", "g", "--json", "--count", "1"], folder)
        #expect(consumed.status == 0, "\(consumed.errors)")
        #expect(consumed.output.contains("\"body\":\"茶 for two\""), "\(consumed.output)")
        #expect(consumed.output.contains("guest-1"), "\(consumed.output)")
    }

    @Test func commitsAHalfByKeys() throws {
        let folder = try Folder()
        let half = try Program.sluice(
            ["publish", "pay", "--transaction", "--key", "order-7", "--body", "paid"], folder)
        #expect(half.status == 0, "\(half.errors)")
        let id = half.output.trimmingCharacters(in: .newlines)

        let tmux = try open(folder)
        try tmux.press("5")
        try tmux.wait(for: "order-7")
        try tmux.press("c")
        try tmux.wait(for: "Commit this half message?")
        // What cannot be undone is not one reflex away.
        try tmux.press("Enter")
        try tmux.type("the bank said so")
        try tmux.press("Tab")
        try tmux.type("order-7")
        try tmux.wait(for: "the bank said so")
        try tmux.press("y")
        try tmux.wait(for: "the outcome") { !$0.contains("Commit this half message?") || $0.contains("isible in") }
        try tmux.press("Escape")
        try tmux.wait(for: "an empty list") { !$0.contains("order-7") }
        try tmux.leave()

        let consumed = try Program.sluice(["consume", "pay", "--group", "g", "--json", "--count", "1"], folder)
        #expect(consumed.output.contains(id) && consumed.output.contains("\"body\":\"paid\""), "\(consumed.output)")
        let again = try Program.sluice(["tx", "commit", id, "--yes", "--reason", "twice"], folder)
        #expect(again.status == 3 || again.status == 4, "\(again.output) \(again.errors)")
    }

    @Test func switchesThemesByKeys() throws {
        let folder = try Folder()
        let tmux = try open(folder, "--theme sluice-dark")
        let dark = try tmux.screen(withColours: true)
        try tmux.press("t")
        try tmux.wait(for: "sluice-light")
        try tmux.press("j", "Enter")
        try tmux.wait(for: "another look") { screen in
            let colours = try tmux.screen(withColours: true)
            return !screen.contains("sluice-light") && Self.background(of: colours) != Self.background(of: dark)
        }
        try tmux.leave()
    }

    /// The colour codes at the start of the screen's first line.
    private static func background(of screen: String) -> Substring { screen.prefix { $0 != "s" } }

    @Test func survivesATinyWindow() throws {
        let folder = try Folder()
        let tmux = try open(folder)
        try tmux.resize(10, 3)
        try tmux.wait(for: "a word about the size") { !$0.contains("Delays") && $0.contains("small") }
        try tmux.press("2", "j", "?", "p", "Escape")
        try tmux.resize(120, 40)
        try tmux.wait(for: "Help · every key")
        try tmux.press("1")
        try tmux.wait(for: "Delays due within")
        try tmux.leave()
    }

    @Test(arguments: ["TERM", "HUP", "INT"]) func signalsGiveTheTerminalBack(_ name: String) throws {
        let folder = try Folder()
        let tmux = try open(folder)
        let lock = try String(contentsOfFile: folder.data + "/lock", encoding: .utf8)
        let pid = lock.trimmingCharacters(in: .newlines)
        let status: Int32 = ["TERM": 143, "HUP": 129, "INT": 130][name] ?? 0
        try tmux.leave(status: status) { _ in _ = try Program.run("/bin/sh", ["-c", "kill -\(name) \(pid)"]) }
    }
}
