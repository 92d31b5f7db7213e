import Foundation
import Testing

/// Where there can be no console: a sentence, and status 6.
@Suite(.serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"), .timeLimit(.minutes(5)))
struct ConsoleRefusalTests {
    @Test(arguments: [
        ("TERM=dumb sluice console", "TERM"),
        ("TERM=no-such-terminal sluice console", "no-such-terminal"),
        ("TERM= sluice console", "TERM"),
        ("sluice console < /dev/null", "terminal"),
        ("sluice console | cat", "terminal"),
    ])
    func saysWhy(_ line: String, _ word: String) throws {
        let folder = try Folder()
        let tmux = try Tmux(folder)
        // A pipe's status is that of its last part, so the console's goes to a file.
        let inner = line.replacing("sluice console", with: "sh -c 'sluice console; echo status $? > status'")
        try tmux.enter("clear; \(inner); echo over")
        let screen = try tmux.wait(for: "the shell") { $0.contains("\nover\n$") }
        #expect(screen.contains("sluice: "), "\(screen)")
        #expect(screen.contains(word), "\(screen)")
        let status = try String(contentsOfFile: folder.path + "/status", encoding: .utf8)
        #expect(status == "status 6\n")
        #expect(!FileManager.default.fileExists(atPath: folder.data), "a refused console made a data folder")
    }

    @Test func aServerIsRefusedAFolderThatAConsoleOwns() throws {
        let folder = try Folder()
        let first = try Tmux(folder)
        try first.enter("sluice console")
        try first.wait(for: "Delays due within")
        let pid = try String(contentsOfFile: folder.data + "/lock", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let second = try Tmux(folder)
        try second.enter("sluice serve; echo \"exit $?\"")
        let screen = try second.wait(for: "exit 6")
        #expect(screen.contains(pid), "\(screen)")
        try first.press("q")
        try first.wait(for: "the shell") { $0.hasPrefix("$") && !$0.contains("Delays due") }
    }

    /// A second console, and a verb, work through the first one's broker; what they publish shows there.
    @Test func whatAnotherWindowPublishesShows() throws {
        let folder = try Folder()
        let first = try Tmux(folder)
        try first.enter("sluice console")
        try first.wait(for: "Delays due within")
        let second = try Tmux(folder)
        try second.enter("sluice publish otherwindow --body hello; echo \"exit $?\"")
        try second.wait(for: "exit 0")
        try first.wait(for: "otherwindow")
        try second.enter("clear; sluice console")
        try second.wait(for: "otherwindow")
        try second.press("q")
        try first.press("q")
        try first.wait(for: "the shell") { $0.hasPrefix("$") && !$0.contains("Delays due") }
    }
}
