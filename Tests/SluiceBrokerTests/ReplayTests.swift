import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Replays and republished messages")
struct ReplayTests {
    private static let start: Int64 = 1_700_000_000_000

    private func outcome(
        _ harness: BrokerHarness, _ act: (Broker, @escaping Reply) throws -> Void
    ) throws -> ActionOutcome {
        let box = ReplyBox()
        try act(harness.broker, box.reply)
        harness.settle()
        for _ in 0..<100 where box.response == nil { harness.run() }
        #expect(box.count == 1)
        switch box.response {
        case .acted(let outcome): return outcome
        case .failed(let error): throw error
        default: throw APIError(.failed, "no outcome")
        }
    }

    @discardableResult
    private func start(_ harness: BrokerHarness, _ plan: ReplayPlan, dryRun: Bool = false) throws -> ReplayStatus {
        let outcome = try outcome(harness) { try $0.startReplay(plan, GateTests.operator(dryRun: dryRun), $1) }
        return try #require(outcome.replay)
    }

    @discardableResult
    private func control(_ harness: BrokerHarness, _ control: ReplayControl, id: Int = 1) throws -> ReplayStatus {
        let outcome = try outcome(harness) { try $0.controlReplay(id: id, control, GateTests.operator(), $1) }
        return try #require(outcome.replay)
    }

    @discardableResult
    private func republish(
        _ harness: BrokerHarness, _ places: [Int64], to topic: String? = nil, dryRun: Bool = false
    ) throws -> ActionOutcome {
        try outcome(harness) { try $0.republish(places, to: topic, GateTests.operator(dryRun: dryRun), $1) }
    }

    private func code(_ body: () throws -> Void) -> APIError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? APIError)?.code
        }
    }

    /// Twelve messages, one every 500 ms, over three queues.
    private func filled() throws -> BrokerHarness {
        let harness = try BrokerHarness(now: Self.start)
        try harness.ask(.updateTopic(TopicConfig(name: "t", readQueues: 3, writeQueues: 3), mustBeNew: true))
        try harness.ask(.updateTopic(TopicConfig(name: "u", readQueues: 2, writeQueues: 2), mustBeNew: true))
        for k in 0..<12 {
            try harness.publish(
                Message(topic: "t", body: Array("m\(k)".utf8), tag: "A", keys: ["k\(k)"], queue: k % 3))
            harness.advance(500)
        }
        return harness
    }

    private func count(_ harness: BrokerHarness, _ topic: String, queues: Int) throws -> Int {
        try (0..<queues).reduce(0) { try $0 + harness.texts(topic, queue: $1).count }
    }

    @Test("a replay keeps the pace of the messages, or goes a number of times as fast", arguments: [1, 10, 0.5])
    func pace(speed: Double) throws {
        let harness = try filled()
        let plan = ReplayPlan(
            topic: "t", from: Self.start + 1_000, to: Self.start + 4_000, target: "u", speed: speed)
        let trial = try start(harness, plan, dryRun: true)
        #expect(trial.total == 6)
        #expect(harness.broker.replays().isEmpty)
        let begun = harness.now
        #expect(try start(harness, plan).total == 6)
        // m2 ... m7, the first one at once.
        for k in 0..<6 {
            let moment = begun + Int64((Double(k) * 500 / speed).rounded(.up))
            if k > 0 {
                #expect(harness.broker.nextDeadline() <= moment)
                harness.advance(moment - 1 - harness.now)
                #expect(try count(harness, "u", queues: 2) == k)
                harness.advance(1)
            }
            #expect(try count(harness, "u", queues: 2) == k + 1)
        }
        harness.run()
        let status = try #require(harness.broker.replays().first)
        #expect(status.state == .done && status.done == 6 && status.damaged == 0)
        // Queue 2 of three is queue 0 of two.
        #expect(try harness.texts("u") == ["m2", "m3", "m5", "m6"])
        #expect(try harness.texts("u", queue: 1) == ["m4", "m7"])
    }

    @Test("a copy keeps body, tag, keys, flags and properties, has a key of its own and names its source")
    func copies() throws {
        let harness = try filled()
        let message = Message(
            topic: "t", body: [0, 1, 2], tag: "B", keys: ["x", "y"],
            properties: [Property("a", "1"), Property(PropertyName.uniqueKey, "SOURCE"), Property("b", "2")], flag: 7,
            delay: .after(milliseconds: 100), queue: 1)
        let from = harness.now
        try harness.publish(message)
        harness.advance(100)
        let source = try #require(try harness.pull("t", queue: 1, from: 4).messages.first)
        try start(harness, ReplayPlan(topic: "t", from: from, to: harness.now + 1, speed: 0))
        try harness.crash(seed: 7)
        let copy = try #require(try harness.pull("t", queue: 1, from: 5).messages.first)
        #expect(copy.body == source.body && copy.tag == "B" && copy.keys == ["x", "y"] && copy.flag == 7)
        #expect(copy.property("a") == "1" && copy.property("b") == "2")
        #expect(copy.property(PropertyName.replayOf) == "SOURCE@\(source.physicalOffset)")
        #expect(copy.id != "SOURCE" && copy.id.count == UniqueKeyMaker.length)
        #expect(copy.property(PropertyName.realTopic) == nil && copy.preparedTransactionOffset == 0)
        #expect(copy.property(PropertyName.cluster) == harness.options.cluster)
        #expect(copy.bornTimestamp == source.bornTimestamp && copy.storeTimestamp == harness.now)
        #expect(try harness.pull("t", queue: 1, from: 6).messages.isEmpty)
        // Its keys find it, and those of two copies differ.
        let again = try republish(harness, [source.physicalOffset, copy.physicalOffset])
        #expect(Set(again.stored.map(\.id)).count == 2)
        for place in again.stored {
            guard case .lookUp(let found, let reader) = try harness.ask(.lookUp(topic: "t", key: place.id)) else {
                return
            }
            let record = try #require(try found.candidates(limit: 4).first)
            #expect(try reader.record(at: record)?.messages().first?.queueOffset == place.queueOffset)
        }
    }

    @Test("a replay into its own topic does not chase itself, and goes in slices")
    func ownTopic() throws {
        let harness = try BrokerHarness(segmentBytes: 8 << 20, now: Self.start)
        try harness.publish((0..<1_000).map { Message(topic: "t", body: Array("m\($0)".utf8), queue: $0 % 4) })
        let plan = ReplayPlan(topic: "t", from: 0, to: .max, speed: 0)
        let box = ReplyBox()
        try harness.broker.startReplay(plan, GateTests.operator(), box.reply)
        #expect(harness.broker.replays().first?.done == 256)
        #expect(harness.broker.nextDeadline() == harness.now)
        harness.turn()
        #expect(harness.broker.replays().first?.done == 512)
        for _ in 0..<10 { harness.run() }
        #expect(harness.broker.replays().first?.state == .done)
        #expect(try count(harness, "t", queues: 4) == 2_000)
        #expect(try harness.texts("t", queue: 1).suffix(250) == (0..<250).map { "m\($0 * 4 + 1)" }[...])
        #expect(harness.broker.nextDeadline() > harness.now)
    }

    @Test("large messages go a megabyte a turn")
    func largeSlices() throws {
        let harness = try BrokerHarness(segmentBytes: 32 << 20, now: Self.start)
        for k in 0..<8 {
            try harness.publish(Message(topic: "t", body: [UInt8](repeating: UInt8(k), count: 400_000), queue: 0))
        }
        try harness.broker.startReplay(ReplayPlan(topic: "t", from: 0, to: .max, speed: 0), GateTests.operator()) { _ in
        }
        #expect(harness.broker.replays().first?.done == 3)
        for _ in 0..<8 { harness.run() }
        #expect(harness.broker.replays().first?.done == 8)
    }

    @Test("a pause moves what is left, resuming goes on, cancelling ends")
    func control() throws {
        let harness = try filled()
        try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, target: "u"))
        harness.advance(1_000)
        #expect(try count(harness, "u", queues: 2) == 3)
        #expect(try control(harness, .pause).state == .paused)
        #expect(code { try control(harness, .pause) } == .conflict)
        #expect(harness.broker.nextDeadline() > harness.now + 500)
        harness.advance(100_000)
        #expect(try count(harness, "u", queues: 2) == 3)
        #expect(try control(harness, .resume).state == .running)
        harness.advance(499)
        #expect(try count(harness, "u", queues: 2) == 3)
        harness.advance(1)
        #expect(try count(harness, "u", queues: 2) == 4)
        let end = try control(harness, .cancel)
        #expect(end.state == .cancelled && end.done == 4 && end.total == 12)
        harness.advance(100_000)
        #expect(try count(harness, "u", queues: 2) == 4)
        #expect(code { try control(harness, .resume) } == .conflict)
        #expect(code { try control(harness, .pause, id: 9) } == .notFound)
    }

    @Test("after a crash in the middle what was stored is there once, and the replay is gone")
    func crash() throws {
        let harness = try filled()
        try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, target: "u"))
        harness.advance(2_000)
        for seed in 0..<3 {
            try harness.crash(seed: UInt64(seed))
            harness.advance(10_000)
            #expect(try count(harness, "u", queues: 2) == 5)
            #expect(harness.broker.replays().isEmpty)
        }
        #expect(try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, target: "u", speed: 0)).id == 1)
        harness.run()
        #expect(try count(harness, "u", queues: 2) == 17)
    }

    @Test("damaged records are counted and passed over, and a topic deleted meanwhile ends the replay")
    func damage() throws {
        let harness = try filled()
        let place = try #require(try harness.pull("t", queue: 1).messages.dropFirst().first).physicalOffset
        harness.disk.flip("commitlog/00000000000000000000", byte: Int(place) + 95, bit: 3)
        try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, target: "u", speed: 0))
        harness.run()
        let status = try #require(harness.broker.replays().first)
        #expect(status.state == .done && status.done == 11 && status.damaged == 1 && status.total == 12)
        try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, target: "u"))
        try harness.ask(.deleteTopic("u"))
        harness.advance(1_000)
        let failed = try #require(harness.broker.replays().last)
        #expect(failed.state == .failed && failed.problem?.contains("topic u was deleted") == true)
    }

    @Test("what is wrong with a plan is said by its code")
    func refusals() throws {
        let harness = try filled()
        func code(_ plan: ReplayPlan) -> APIError.Code? { self.code { try start(harness, plan, dryRun: true) } }
        #expect(code(ReplayPlan(topic: "none", from: 0, to: 1)) == .notFound)
        #expect(code(ReplayPlan(topic: "t", from: 0, to: 1, target: "none")) == .notFound)
        #expect(code(ReplayPlan(topic: "t", from: 5, to: 5)) == .invalid)
        for speed in [-1, 1e-9, 1e9, .nan, .infinity] {
            #expect(code(ReplayPlan(topic: "t", from: 0, to: 5, speed: speed)) == .invalid)
        }
        try harness.publish([Message(topic: "t", body: [1])], transaction: "p")
        #expect(code(ReplayPlan(topic: TopicName.half, from: 0, to: .max, target: "u")) == .refused)
        let place = try harness.publish("t", "m").physicalOffset
        try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place, delayLevel: -1)))
        let dead = TopicName.deadLetter("g")
        #expect(code(ReplayPlan(topic: dead, from: 0, to: .max)) == .refused)
        #expect(code(ReplayPlan(topic: "t", from: 0, to: .max, target: dead)) == .refused)
        #expect(code(ReplayPlan(topic: dead, from: 0, to: .max, target: "u")) == nil)
        #expect(try start(harness, ReplayPlan(topic: "t", from: 0, to: 1)).state == .done)
        for _ in 0..<Replays.mostGoing { try start(harness, ReplayPlan(topic: "t", from: 0, to: .max, speed: 0.01)) }
        #expect(self.code { try start(harness, ReplayPlan(topic: "t", from: 0, to: .max)) } == .unavailable)
    }

    // MARK: Single messages

    @Test("single messages go to their own queues again, or to another topic")
    func republish() throws {
        let harness = try filled()
        let sources = try (0..<3).map { try #require(try harness.pull("t", queue: $0).messages.first).physicalOffset }
        let trial = try republish(harness, sources, dryRun: true)
        #expect(trial.count == 3 && trial.stored.isEmpty && trial.text.contains("would be"))
        #expect(try count(harness, "t", queues: 3) == 12)
        let done = try republish(harness, sources + sources)
        #expect(done.count == 3)
        #expect(done.stored.map(\.queue) == (0..<3).map { QueueID("t", $0) })
        #expect(done.stored.allSatisfy { $0.queueOffset == 4 })
        #expect(try republish(harness, sources, to: "u").stored.map(\.queue.queue) == [0, 1, 0])
        try harness.crash(seed: 1)
        #expect(try count(harness, "t", queues: 3) == 15 && count(harness, "u", queues: 2) == 3)
    }

    @Test("many messages are stored again over several turns, and answered once all are written")
    func manyMessages() throws {
        let harness = try BrokerHarness(segmentBytes: 8 << 20)
        let places = try harness.publish((0..<1_000).map { Message(topic: "t", body: [UInt8($0 & 255)], queue: 0) })
            .map(\.physicalOffset)
        #expect(try republish(harness, places).stored.map(\.queueOffset) == (1_000..<2_000).map(Int64.init))
        #expect(code { try republish(harness, places + [0, 1]) } == .invalid)
        #expect(code { try republish(harness, []) } == .invalid)
        // One that does not get through is told so.
        let box = ReplyBox()
        try harness.broker.republish(places, to: nil, GateTests.operator(), box.reply)
        harness.broker.beginClosing()
        guard case .failed(let error) = box.response else {
            Issue.record("no answer")
            return
        }
        #expect(error.code == .unavailable)
    }

    @Test("what is not visible cannot be made so, and a bad place is named before anything is done")
    func republishRefusals() throws {
        let harness = try filled()
        let good = try #require(try harness.pull("t").messages.first).physicalOffset
        let half = try harness.publish([Message(topic: "t", body: [1])], transaction: "p")[0].physicalOffset
        let level = try harness.publish(Message(topic: "t", body: [1], delay: .level(5))).physicalOffset
        let exact = try harness.publish(Message(topic: "t", body: [1], delay: .after(milliseconds: 99_999)))
            .physicalOffset
        let id = try #require(try harness.halves().items.first).id
        for place in [half, level, exact] {
            #expect(code { try republish(harness, [good, place]) } == .refused)
            #expect(code { try republish(harness, [good, place], to: "u") } == .refused)
        }
        try harness.ask(.resolve(id: id, .rollback, reason: ""))
        let op = try #require(try harness.pull(TopicName.op).messages.first).physicalOffset
        #expect(code { try republish(harness, [op], to: "u") } == .refused)
        #expect(code { try republish(harness, [half], to: "u") } == .refused)
        for place in [good + 1, -1, 1 << 40, harness.broker.store.confirmed] {
            #expect(code { try republish(harness, [good, place]) } == .notFound)
        }
        #expect(code { try republish(harness, [good], to: "none") } == .notFound)
        #expect(code { try republish(harness, [good], to: TopicName.retry("g")) } != nil)
        #expect(try count(harness, "t", queues: 3) == 12 && count(harness, "u", queues: 2) == 0)
        try harness.ask(.deleteTopic("t"))
        #expect(code { try republish(harness, [good]) } == .notFound)
        #expect(try republish(harness, [good], to: "u").count == 1)
    }
}
