import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Dead letters that are sent again")
struct DeadLetterTests {
    private let dead = TopicName.deadLetter("g")
    private let retry = TopicName.retry("g")

    /// Dead letters m0, m1 ... of group g, which were sent to t.
    private func filled(_ count: Int) throws -> BrokerHarness {
        let harness = try BrokerHarness(segmentBytes: 4 << 20)
        for k in 0..<count {
            let place = try harness.publish(
                Message(
                    topic: "t", body: Array("m\(k)".utf8), tag: "A", keys: ["k\(k)"],
                    properties: [Property(PropertyName.uniqueKey, "ID\(k)")], queue: 0)
            ).physicalOffset
            try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place, delayLevel: -1)))
        }
        return harness
    }

    @discardableResult
    private func resend(
        _ harness: BrokerHarness, _ offsets: [Int64]?, to target: String? = nil, group: String = "g",
        dryRun: Bool = false
    ) throws -> ActionOutcome {
        let box = ReplyBox()
        let selection = DeadLetterSelection(group: group, offsets: offsets, target: target)
        try harness.broker.resendDeadLetters(selection, GateTests.operator(dryRun: dryRun), box.reply)
        harness.settle()
        for _ in 0..<100 where box.response == nil { harness.run() }
        #expect(box.count == 1)
        switch box.response {
        case .acted(let outcome): return outcome
        case .failed(let error): throw error
        default: throw APIError(.failed, "no outcome")
        }
    }

    private func code(_ body: () throws -> Void) -> APIError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? APIError)?.code
        }
    }

    @Test("they reach the group alone, as the same messages of their topic with all tries before them")
    func retries() throws {
        let harness = try filled(3)
        #expect(code { _ = try harness.texts(retry) } == .notFound)
        let trial = try resend(harness, nil, dryRun: true)
        #expect(trial.count == 3 && trial.stored.isEmpty)
        #expect(code { _ = try harness.texts(retry) } == .notFound)
        let outcome = try resend(harness, [2, 0])
        #expect(outcome.count == 2 && outcome.stored.map(\.id) == ["ID2", "ID0"])
        try harness.crash(seed: 4)
        let messages = try harness.pull(retry, group: "g").messages
        #expect(messages.map(\.id) == ["ID2", "ID0"])
        let letter = try #require(try harness.pull(dead, from: 2).messages.first)
        let message = try #require(messages.first)
        #expect(message.property(PropertyName.retryTopic) == "t" && message.realTopic == "t")
        #expect(message.reconsumeTimes == 0 && message.tag == "A" && message.keys == ["k2"])
        #expect(message.property(PropertyName.originMessageID) == letter.property(PropertyName.originMessageID))
        #expect(message.property(PropertyName.replayOf) == "ID2@\(letter.physicalOffset)")
        #expect(message.property(PropertyName.delayLevel) == nil)
        #expect(try harness.texts("t") == ["m0", "m1", "m2"])
        // Which were sent again is found by their keys.
        guard case .lookUp(let found, let reader) = try harness.ask(.lookUp(topic: retry, key: "ID2")) else { return }
        let copy = try #require(try found.candidates(limit: 1).first)
        #expect(
            try reader.record(at: copy)?.messages().first?.property(PropertyName.replayOf)?.hasPrefix("ID2@") == true)
        // It fails again: the ladder starts anew, and ends as before.
        try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: message.physicalOffset)))
        #expect(try harness.delays().items.first?.level == 3)
        harness.advance(10_000)
        #expect(try harness.pull(retry, group: "g").messages.last?.reconsumeTimes == 1)
    }

    @Test("all of them go over several turns, and into another topic as plain copies")
    func all() throws {
        let harness = try filled(600)
        try harness.publish("u", "first")
        #expect(try resend(harness, nil).count == 600)
        #expect(try harness.texts(retry) == (0..<600).map { "m\($0)" })
        let copies = try resend(harness, nil, to: "u")
        #expect(copies.count == 600 && Set(copies.stored.map(\.queue)).count == 4)
        let copy = try #require(try harness.pull("u", from: 1).messages.first)
        #expect(copy.property(PropertyName.retryTopic) == nil && copy.property(PropertyName.originMessageID) == nil)
        #expect(copy.property(PropertyName.replayOf)?.hasPrefix("ID") == true && !copy.id.hasPrefix("ID"))
    }

    @Test("a damaged letter is left out and counted")
    func damage() throws {
        let harness = try filled(4)
        let place = try #require(try harness.pull(dead, from: 1).messages.first).physicalOffset
        harness.disk.flip("commitlog/00000000000000000000", byte: Int(place) + 95, bit: 3)
        let outcome = try resend(harness, nil)
        #expect(outcome.count == 3 && outcome.text.contains("1 could not be read"))
        #expect(try harness.texts(retry) == ["m0", "m2", "m3"])
    }

    @Test("unknown groups, offsets and topics are refused before anything is done")
    func refusals() throws {
        let harness = try filled(2)
        #expect(code { try resend(harness, nil, group: "none") } == .notFound)
        #expect(code { try resend(harness, [0, 2]) } == .notFound)
        #expect(code { try resend(harness, [-1]) } == .notFound)
        #expect(code { try resend(harness, []) } == .invalid)
        #expect(code { try resend(harness, nil, to: "none") } == .notFound)
        #expect(code { try resend(harness, nil, to: retry) } != nil)
        _ = try harness.pull("t", group: "h")
        #expect(code { try resend(harness, nil, group: "h") } == .notFound)
        #expect(code { _ = try harness.texts(retry) } == .notFound)
    }
}
