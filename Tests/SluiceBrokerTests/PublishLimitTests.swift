import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Publish limits")
struct PublishLimitTests {
    private func limit(_ harness: BrokerHarness, _ topic: String, _ rate: Double?, dryRun: Bool = false) throws {
        let box = ReplyBox()
        try harness.broker.limitPublishing(topic: topic, perSecond: rate, GateTests.operator(dryRun: dryRun), box.reply)
        harness.settle()
        guard case .acted = box.response else { throw APIError(.failed, "no outcome") }
    }

    /// How many of so many are taken at once.
    private func send(_ harness: BrokerHarness, _ count: Int, topic: String = "t") -> (taken: Int, error: APIError?) {
        let sending = harness.send((0..<count).map { Message(topic: topic, body: [UInt8($0 & 255)], queue: 0) })
        harness.settle()
        let errors = (0..<count).compactMap { sending.batch.error($0) }
        return (count - errors.count, errors.first)
    }

    @Test("a message over the limit is refused with when to try again, and is taken then")
    func limits() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "first")
        try limit(harness, "t", 100)
        let first = send(harness, 250)
        #expect(first.taken == 100)
        #expect(first.error?.code == .throttled)
        #expect(first.error?.message.contains("topic t takes 100 messages a second") == true)
        #expect(first.error?.message.contains("try again in 10 ms") == true)
        harness.advance(9)
        #expect(send(harness, 1).taken == 0)
        harness.advance(1)
        #expect(send(harness, 5).taken == 1)
        var taken = 0
        for _ in 0..<100 {
            harness.advance(100)
            taken += send(harness, 50).taken
        }
        #expect((995...1_005).contains(taken))
        #expect(send(harness, 500, topic: "other").taken == 500)
        try limit(harness, "t", nil)
        #expect(send(harness, 500).taken == 500)
    }

    @Test("limits survive restarts and changes of the topic, and a trial changes nothing")
    func survival() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "first")
        try limit(harness, "t", 2.5, dryRun: true)
        #expect(harness.broker.publishLimits().isEmpty)
        try limit(harness, "t", 2.5)
        try harness.ask(.updateTopic(TopicConfig(name: "t", readQueues: 6, writeQueues: 6), mustBeNew: false))
        try harness.crash(seed: 1)
        #expect(harness.broker.publishLimits() == ["t": 2.5])
        #expect(send(harness, 10).taken == 2)
        try limit(harness, "t", nil)
        try harness.restart()
        #expect(harness.broker.publishLimits().isEmpty)
    }

    @Test("delayed and half messages count; what the broker stores itself does not")
    func whatCounts() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "first")
        try limit(harness, "t", 1)
        try harness.publish(Message(topic: "t", body: [1], delay: .after(milliseconds: 100), queue: 0))
        #expect(send(harness, 1).taken == 0)
        harness.advance(100)
        #expect(try harness.texts("t").count == 2)
    }

    @Test("wrong rates and topics are refused")
    func refusals() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m")
        func code(_ topic: String, _ rate: Double?) -> APIError.Code? {
            do throws(APIError) {
                try harness.broker.limitPublishing(topic: topic, perSecond: rate, GateTests.operator()) { _ in }
                return nil
            } catch {
                return error.code
            }
        }
        for rate in [0, -1, .nan, 1e9] { #expect(code("t", rate) == .invalid) }
        #expect(code("none", 5) == .notFound)
        try harness.ask(.ensureTopic(TopicConfig(name: TopicName.retry("g"), readQueues: 1, writeQueues: 1)))
        #expect(code(TopicName.retry("g"), 5) == .refused)
    }
}
