import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Delays")
struct DelayTests {
    private func delayed(_ text: String, _ delay: Delay) -> Message {
        Message(topic: "t", body: Array(text.utf8), keys: [text], delay: delay, queue: 2)
    }

    @Test("levels and exact times are never early and come once")
    func neverEarly() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "now", queue: 2)
        let start = harness.now
        try harness.publish(delayed("exact", .after(milliseconds: 1_234)))
        try harness.publish(delayed("moment", .at(start + 5_001)))
        try harness.publish(delayed("level 2", .level(2)))
        try harness.publish(delayed("past", .at(start - 1)))
        #expect(try harness.texts("t", queue: 2) == ["now", "past"])
        #expect(try harness.delays().items.map(\.id).count == 3)
        #expect(try harness.delays().items.map(\.due) == [start + 1_234, start + 5_000, start + 5_001])
        #expect(try harness.delays(DelayQuery(key: "moment")).items.map(\.level) == [0])
        var seen: [(Int64, String)] = []
        while harness.now < start + 7_000 {
            harness.advance(min(harness.broker.nextDeadline(), start + 7_000) - harness.now)
            for text in try harness.texts("t", queue: 2).dropFirst(2 + seen.count) {
                seen.append((harness.now - start, text))
            }
        }
        #expect(seen.map(\.1) == ["exact", "level 2", "moment"])
        #expect(seen.map(\.0) == [1_234, 5_000, 5_001])
        #expect(try harness.delays().total == 0)
        let message = try #require(try harness.pull("t", queue: 2).messages.last)
        #expect(message.keys == ["moment"] && message.storeTimestamp == start + 5_001)
    }

    @Test("the ladder of levels: each one waits its time, and levels beyond the last are the last")
    func ladder() throws {
        let harness = try BrokerHarness()
        let start = harness.now
        for level in 1...19 { try harness.publish(delayed("\(level)", .level(level))) }
        let page = try harness.delays()
        #expect(page.levels.count == 18 && page.levels.first == 1_000 && page.levels.last == 7_200_000)
        #expect(page.items.map { $0.due - start } == page.levels + [7_200_000])
        #expect(page.items.last?.level == 18)
        harness.advance(7_199_999)
        #expect(try harness.texts("t", queue: 2).count == 17)
        harness.advance(1)
        #expect(try harness.texts("t", queue: 2) == (1...19).map(String.init))
    }

    @Test("a crash before or after the delivery makes no second one", arguments: [false, true], [false, true])
    func crash(withCheckpoint: Bool, others: Bool) throws {
        let harness = try BrokerHarness()
        // Without others, the waiting record is the first of the whole log.
        if others { try harness.publish("x", "first") }
        try harness.publish(delayed("a", .after(milliseconds: 1_000)))
        try harness.publish(delayed("b", .level(2)))
        if withCheckpoint { harness.checkpoint() }
        try harness.crash(seed: 1)
        #expect(try harness.delays().total == 2)
        harness.advance(1_000)
        #expect(try harness.texts("t", queue: 2) == ["a"])
        try harness.crash(seed: 2)
        #expect(try harness.delays().total == 1)
        harness.advance(3_000)
        #expect(try harness.texts("t", queue: 2) == ["a"])
        try harness.crash(seed: 3)
        harness.advance(1_000)
        #expect(try harness.texts("t", queue: 2) == ["a", "b"])
        try harness.crash(seed: 4)
        harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" || $0.hasPrefix("index/") }
        try harness.kill()
        harness.advance(100_000)
        #expect(try harness.texts("t", queue: 2) == ["a", "b"])
    }

    @Test("a delay that is over before its record is written waits for the disk")
    func dueBeforeWritten() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "now", queue: 2)
        let sending = harness.send([delayed("a", .after(milliseconds: 5))])
        harness.broker.beginTurn(now: harness.now + 10)
        #expect(!sending.isAnswered)
        harness.settle()
        harness.advance(10)
        #expect(try harness.texts("t", queue: 2) == ["now", "a"])
    }

    @Test("delays of the largest size are delivered without running over the room made for them")
    func large() throws {
        let harness = try BrokerHarness(segmentBytes: 8 << 20)
        let body = [UInt8](repeating: 9, count: Limits.maxBodyBytes)
        for _ in 0..<5 {
            try harness.publish(Message(topic: "t", body: body, delay: .after(milliseconds: 100), queue: 0))
        }
        for _ in 0..<20 { harness.advance(100) }
        #expect(try harness.pull("t").messages.map(\.body.count) == [Int](repeating: body.count, count: 5))
    }

    @Test("impossible times are refused")
    func refused() throws {
        let harness = try BrokerHarness()
        for delay in [Delay.at(harness.now + 41 * 86_400_000), .after(milliseconds: 50 * 86_400_000)] {
            let error = #expect(throws: APIError.self) { try harness.publish(delayed("x", delay)) }
            #expect(error?.code == .invalid)
        }
        let message = Message(topic: "t", body: [1], properties: [Property("TIMER_DELAY_MS", "soon")])
        #expect(#expect(throws: APIError.self) { try harness.publish(message) }?.message.contains("soon") == true)
    }

    @Test("level lists are read as RocketMQ writes them")
    func levels() {
        #expect(DelayLevels("1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h") == .standard)
        #expect(DelayLevels("1d  2s")?.milliseconds == [86_400_000, 2_000])
        for wrong in ["", " ", "5", "s", "-1s", "0s", "1x", "1s,2s", "99999999999999s"] {
            #expect(DelayLevels(wrong) == nil, "\(wrong)")
        }
    }
}
