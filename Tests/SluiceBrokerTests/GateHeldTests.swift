import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("What a gate says is held")
struct GateHeldTests {
    /// A queue with so many messages of which every third is red, and what a group that wants the red ones holds of it.
    private func held(_ committed: Int64) throws -> Int64 {
        let harness = try BrokerHarness()
        try harness.publish(
            (0..<30).map { Message(topic: "t", body: [UInt8($0)], tag: $0 % 3 == 0 ? "red" : "blue", queue: 0) })
        let request = PullRequest(
            group: "g", queue: QueueID("t", 0), offset: 0, limit: 32, filter: TagFilter("red || green"))
        guard case .pulled(let answer) = try harness.ask(.pull(request)) else { return -1 }
        #expect(try BrokerHarness.read(answer).messages.count == 10)
        try harness.commit("g", "t", committed)
        // Who filters goes on behind what was sorted out.
        let next = PullRequest(
            group: "g", queue: QueueID("t", 0), offset: 30, limit: 32, filter: TagFilter("red || green"))
        try harness.ask(.pull(next))
        guard case .told(.gates(let gates)) = try harness.ask(.question(.gates(group: "g"))) else { return -1 }
        return gates.first?.held ?? -1
    }

    @Test("messages that the group's filter sorts out are nobody's to hold")
    func filtered() throws {
        #expect(try held(0) == 10)
        #expect(try held(4) == 8)
        #expect(try held(28) == 0)
    }

    @Test("a reader's own filter counts by what it let pass")
    func ownFilter() throws {
        let harness = try BrokerHarness()
        try harness.publish((0..<20).map { Message(topic: "t", body: [UInt8($0)], queue: 0) })
        guard
            case .pulled(let answer) = try harness.ask(
                .pull(PullRequest(group: "g", queue: QueueID("t", 0), offset: 0, limit: 32))),
            let units = try answer.units?.load(), let reader = answer.reader
        else { return #expect(Bool(false)) }
        try harness.commit("g", "t", 0)
        answer.count(try reader.fetch(units[...], maxBytes: 1 << 20), passed: 5)
        guard case .told(.gates(let gates)) = try harness.ask(.question(.gates(group: "g"))) else { return }
        #expect(gates.first?.held == 5)
    }
}
