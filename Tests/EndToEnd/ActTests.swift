import Foundation
import Testing

/// Each act of an operator against each kind of broker: from the key to what is stored.
@Suite(.serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"), .timeLimit(.minutes(3)))
struct ActTests {
    @Test(arguments: Place.allCases) func actsReachTheBroker(_ place: Place) throws {
        let ground = try Ground(place)
        for verb in Act.preparation {
            let outcome = try ground.sluice(verb)
            #expect(outcome.status == 0, "\(verb): \(outcome.errors)")
        }
        let tmux = try ground.console()
        for act in Act.all {
            do {
                try perform(act, tmux, ground)
            } catch {
                Issue.record("\(act.name) on \(place): \(error)")
                return
            }
        }
        try tmux.leave()
    }

    private func perform(_ act: Act, _ tmux: Tmux, _ ground: Ground) throws {
        try tmux.press("1")
        try tmux.wait(for: "Delays due within")
        try tmux.follow(act.way)
        try tmux.press(act.key)
        if let refusal = act.refusals[ground.place] {
            try tmux.wait(for: refusal)
            if let there = act.hasNot { #expect(try ground.sluice(act.verb).output.contains(there), "\(act.name)") }
            return
        }
        try tmux.follow(act.moves)
        var output = ""
        let deadline = ContinuousClock.now + Tmux.patience
        repeat {
            let outcome = try ground.sluice(act.verb)
            output += outcome.output
            let isDone = outcome.status == 0 && (act.has.map(output.contains) ?? true)
            if isDone, act.hasNot.map({ !output.contains($0) }) ?? true { return }
            // What has to be gone is looked for anew; what was consumed is not told again.
            if act.hasNot != nil { output = "" }
            usleep(50_000)
        } while ContinuousClock.now < deadline
        Issue.record("\(act.name) on \(ground.place) had no effect: \(output)\n\(try tmux.screen())")
    }

    /// The broker is killed and started again under an open console.
    @Test(arguments: [Place.attached, .served, .compatible]) func followsABrokerThatComesBack(_ place: Place) throws {
        let ground = try Ground(place)
        try ground.done("publish", "orders", "--key", "order-1", "--body", "one")
        let tmux = try ground.console()
        try tmux.press("2")
        try tmux.wait(for: "orders")
        ground.killBroker()
        try tmux.wait(for: "the retries") { $0.contains("No answer for") && $0.contains("tried again 3 times") }
        let away = try tmux.screen()
        #expect(away.contains("orders"), "the last data went: \(away)")
        #expect(away.contains(place == .attached ? "Nobody owns the folder" : "cannot be reached"), "\(away)")
        if place == .attached {
            // Looking on does not make it the owner.
            #expect(!FileManager.default.fileExists(atPath: "/proc/\(try owner(ground))"))
        }
        // An act says that it did not reach anybody.
        try publish("lost", tmux)
        try tmux.wait(for: "why not") { $0.contains(place == .attached ? "obody owns" : "cannot be reached") }
        try tmux.press("Escape")
        try ground.startBroker()
        try tmux.wait(for: "Answering again after")
        try publish("orders", tmux)
        try tmux.wait(for: "Published to orders")
        let listed = try ground.done("consume", "orders", "--group", "check", "--json", "--until-empty")
        #expect(listed.contains("\"body\":\"back\""), "\(listed)")
        // One whose answer was lost has not failed, as far as anybody knows.
        ground.stopBroker()
        try publish("orders", tmux)
        try tmux.wait(for: "Publishing…")
        ground.killBroker()
        try tmux.wait(for: "Outcome unknown")
        try tmux.press("Escape")
        try tmux.wait(for: "the form's end, and the banner") {
            !$0.contains("Outcome unknown") && $0.contains("No answer for")
        }
        // No broker keeps nobody in.
        try tmux.leave()
    }

    private func owner(_ ground: Ground) throws -> String {
        try String(contentsOfFile: ground.folder.data + "/lock", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }

    private func publish(_ topic: String, _ tmux: Tmux) throws {
        // Elsewhere the form begins with what is in front.
        try tmux.press("1")
        try tmux.wait(for: "Delays due within")
        try tmux.press("p")
        try tmux.wait(for: "Publish a message")
        try tmux.type(topic)
        try tmux.follow([.press(["Tab", "Tab", "Tab"]), .type("back"), .press(["C-s"])])
    }
}
