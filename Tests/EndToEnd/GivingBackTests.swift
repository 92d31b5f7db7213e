import Foundation
import Testing

/// The terminal is given back whatever ends or stops the console, and taken again when it goes on.
@Suite(.serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"), .timeLimit(.minutes(3)))
struct GivingBackTests {
    private func pid(_ ground: Ground) throws -> String {
        try String(contentsOfFile: ground.folder.data + "/lock", encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    private func send(_ signal: String, _ ground: Ground) throws {
        let outcome = try Program.run("/bin/sh", ["-c", "kill -\(signal) \(try pid(ground))"])
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test(arguments: [("SEGV", 139), ("ABRT", 134), ("BUS", 135), ("ILL", 132)] as [(String, Int32)])
    func afterACrash(_ signal: String, _ status: Int32) throws {
        let ground = try Ground(.embedded)
        let tmux = try ground.console()
        try tmux.leave(status: status) { _ in try send(signal, ground) }
    }

    @Test func whileItIsSuspended() throws {
        let ground = try Ground(.embedded)
        let tmux = try Tmux(ground.folder)
        try tmux.enter("sluice console")
        try tmux.wait(for: "Delays due within")
        try tmux.press("C-z")
        try tmux.wait(for: "the shell") { $0.contains("$") && !$0.contains("Delays due") }
        #expect(try !tmux.isAlternate())
        #expect(try tmux.value("#{cursor_flag}") == "1")
        try tmux.enter("echo hello there; fg")
        try tmux.wait(for: "Delays due within")
        #expect(try tmux.isAlternate())
        try tmux.press("2")
        try tmux.wait(for: "─ Topics")
        try tmux.press("q")
        try tmux.wait(for: "the shell") { $0.contains("hello there") && !$0.contains("─ Topics") }
    }

    /// Stopped and continued by somebody else, and drawn over meanwhile.
    @Test func afterItWasStoppedFromOutside() throws {
        let ground = try Ground(.embedded)
        let tmux = try Tmux(ground.folder)
        try tmux.enter("sluice console")
        try tmux.wait(for: "Delays due within")
        try send("STOP", ground)
        try tmux.wait(for: "the shell's word") { $0.contains("Stopped") }
        // The terminal is still as the console wants it: Enter would be no line's end to the shell.
        try tmux.type("clear; echo rubbish; fg")
        try tmux.press("C-j")
        try tmux.wait(for: "a whole screen") {
            $0.contains("Delays due within") && $0.contains("1 Overview") && !$0.contains("rubbish")
        }
        try tmux.press("3")
        try tmux.wait(for: "─ Groups")
        try tmux.press("q")
        try tmux.wait(for: "the shell") { $0.contains("$") && !$0.contains("─ Groups") }
        #expect(try !tmux.isAlternate())
    }
}
