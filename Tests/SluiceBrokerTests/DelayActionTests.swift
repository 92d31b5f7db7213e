import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Acting on delays")
struct DelayActionTests {
    private let context = ActionContext(actor: Actor(name: "ann", host: "desk", isProven: false))
    private var trial: ActionContext {
        var context = context
        context.dryRun = true
        return context
    }

    private func delayed(_ text: String, _ milliseconds: Int64 = 10_000, key: Bool = true) -> Message {
        Message(
            topic: "t", body: Array(text.utf8), keys: ["order"],
            properties: key ? [Property(PropertyName.uniqueKey, "ID-\(text)")] : [],
            delay: .after(milliseconds: milliseconds), queue: 0)
    }

    private typealias Action = (Broker, @escaping Reply) throws(APIError) -> Void

    private func act(_ harness: BrokerHarness, _ action: Action) throws -> ActionOutcome {
        let box = ReplyBox()
        try action(harness.broker, box.reply)
        harness.settle()
        if case .failed(let error) = box.response { throw error }
        guard case .acted(let outcome) = box.response, box.count == 1 else { throw APIError(.failed, "no answer") }
        return outcome
    }

    private func cancel(_ harness: BrokerHarness, _ id: String, topic: String? = nil) throws -> ActionOutcome {
        try act(harness) { (broker, reply) throws(APIError) in
            try broker.cancelDelay(id: id, topic: topic, context, reply)
        }
    }
    private func deliver(_ harness: BrokerHarness, _ id: String) throws -> ActionOutcome {
        try act(harness) { (broker, reply) throws(APIError) in
            try broker.deliverNow(id: id, topic: "t", context, reply)
        }
    }
    private func move(_ harness: BrokerHarness, _ id: String, _ due: Int64) throws -> ActionOutcome {
        try act(harness) { (broker, reply) throws(APIError) in
            try broker.reschedule(id: id, topic: nil, due: due, context, reply)
        }
    }

    private func error(_ body: () throws -> ActionOutcome) -> APIError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? APIError
        }
    }

    @Test("a cancelled message never comes, after a crash neither, and a second try is told", arguments: [true, false])
    func cancelled(byKey: Bool) throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "now")
        try harness.publish(delayed("a", key: byKey))
        try harness.publish(Message(topic: "t", body: Array("b".utf8), delay: .level(2), queue: 0))
        let ids = try harness.delays().items.map(\.id)
        let outcome = try cancel(harness, ids[1], topic: "t")
        #expect(outcome.text.contains("cancelled \(ids[1])") && outcome.after == "cancelled")
        _ = try cancel(harness, ids[0])
        #expect(try harness.delays().total == 0)
        for seed in 0..<2 as Range<UInt64> {
            try harness.crash(seed: seed)
            harness.advance(20_000)
            #expect(try harness.texts("t") == ["now"])
        }
        for id in ids {
            let again = error { try cancel(harness, id) }
            #expect(again?.code == .conflict && again?.message.contains("cancelled already") == true)
        }
        #expect(error { try cancel(harness, "never") }?.code == .notFound)
        #expect(error { try cancel(harness, ids[0], topic: "other") }?.code == .notFound)
    }

    @Test("delivering now delivers once, and later tries are told", arguments: [true, false])
    func delivered(byKey: Bool) throws {
        let harness = try BrokerHarness()
        try harness.publish(delayed("a", key: byKey))
        let waiting = try #require(try harness.delays().items.first)
        let outcome = try deliver(harness, waiting.id)
        #expect(outcome.stored == [StoredPlace(id: waiting.id, queue: QueueID("t", 0), queueOffset: 0)])
        #expect(try harness.texts("t") == ["a"])
        let source = try harness.pull("t").messages.first?.preparedTransactionOffset
        #expect(source == max(1, waiting.physicalOffset))
        let again = error { try deliver(harness, waiting.id) }
        #expect(again?.code == .conflict)
        if byKey { #expect(again?.message.contains("delivered to t already") == true) }
        #expect(error { try move(harness, waiting.id, harness.now + 5_000) }?.code == .conflict)
        try harness.crash(seed: 1)
        harness.advance(20_000)
        #expect(try harness.texts("t") == ["a"])
        #expect(error { try cancel(harness, waiting.id) }?.code == .conflict)
    }

    @Test(
        "a rescheduled message keeps its id and comes at its new moment only", arguments: [true, false], [true, false])
    func moved(byKey: Bool, withCheckpoint: Bool) throws {
        let harness = try BrokerHarness()
        let start = harness.now
        try harness.publish(delayed("a", key: byKey))
        try harness.publish(Message(topic: "t", body: Array("b".utf8), delay: .level(3), queue: 0))
        if withCheckpoint { harness.checkpoint() }
        let ids = try harness.delays().items.map(\.id)
        #expect(try move(harness, ids[0], start + 30_000).due == start + 30_000)
        _ = try move(harness, ids[1], start + 50_000)
        _ = try move(harness, ids[0], start + 40_000)
        #expect(try harness.delays().items.map(\.id) == ids)
        #expect(try harness.delays(DelayQuery(key: ids[0])).items.map(\.due) == [start + 40_000])
        #expect(try harness.delays(DelayQuery(key: "order")).items.map(\.id) == [ids[0]])
        try harness.crash(seed: 3)
        #expect(try harness.delays().items.map(\.due) == [start + 40_000, start + 50_000])
        _ = try move(harness, ids[1], start + 35_000)
        if withCheckpoint { harness.checkpoint() }
        harness.advance(34_999)
        #expect(try harness.texts("t") == [])
        harness.advance(1)
        #expect(try harness.texts("t") == ["b"])
        try harness.crash(seed: 4)
        harness.advance(5_000)
        harness.advance(100_000)
        #expect(try harness.texts("t") == ["b", "a"])
        let messages = try harness.pull("t").messages
        #expect(messages.map(\.id) == [ids[1], ids[0]])
        #expect(messages.allSatisfy { $0.property(PropertyName.replacedDue) == nil })
        #expect(error { try move(harness, ids[0], harness.now + 1_000) }?.message.contains("delivered to t") == true)
        harness.disk.delete { $0 == "checkpoint" }
        try harness.kill()
        harness.advance(100_000)
        #expect(try harness.texts("t") == ["b", "a"])
    }

    @Test("a moment that is past delivers, one too far away is refused")
    func bounds() throws {
        var options = BrokerOptions()
        options.longestDelay = 100_000
        let harness = try BrokerHarness(options: options)
        try harness.publish(delayed("a"))
        let far = error { try move(harness, "ID-a", harness.now + 100_001) }
        #expect(far?.code == .invalid && far?.message.contains("at most 100 seconds") == true)
        #expect(throws: APIError.self) { try harness.publish(delayed("b", 100_001)) }
        #expect(try move(harness, "ID-a", harness.now - 1).stored.count == 1)
        #expect(try harness.texts("t") == ["a"])
    }

    @Test("a trial says what would happen and does nothing")
    func dryRun() throws {
        let harness = try BrokerHarness()
        try harness.publish(delayed("a"))
        let tail = harness.broker.store.tail
        let texts = [
            try act(harness) { (broker, reply) throws(APIError) in
                try broker.cancelDelay(id: "ID-a", topic: nil, trial, reply)
            }.text,
            try act(harness) { (broker, reply) throws(APIError) in
                try broker.deliverNow(id: "ID-a", topic: nil, trial, reply)
            }.text,
            try act(harness) { (broker, reply) throws(APIError) in
                try broker.reschedule(id: "ID-a", topic: nil, due: harness.now + 1, trial, reply)
            }.text,
        ]
        #expect(texts.allSatisfy { $0.hasPrefix("would ") && $0.contains("ID-a for t") })
        #expect(harness.broker.store.tail == tail)
        #expect(try harness.delays().total == 1)
    }

    @Test("what is asked before the disk has the message, or its replacement, is answered when it does")
    func unwritten() throws {
        let harness = try BrokerHarness()
        try harness.publish(delayed("a"))
        let moved = ReplyBox()
        let cancelled = ReplyBox()
        try harness.broker.reschedule(id: "ID-a", topic: "t", due: harness.now + 20_000, context, moved.reply)
        try harness.broker.cancelDelay(id: "ID-a", topic: "t", context, cancelled.reply)
        #expect(cancelled.count == 0)
        harness.settle()
        for box in [moved, cancelled] {
            guard case .acted = box.response else { throw APIError(.failed, "\(String(describing: box.response))") }
        }
        #expect(try harness.delays().total == 0)
    }

    @Test("a recall withdraws by unique key, as before")
    func recalled() throws {
        let harness = try BrokerHarness()
        try harness.publish(delayed("a"))
        _ = try harness.ask(.recall(topic: "t", uniqueKey: "ID-a"))
        #expect(try harness.delays().total == 0)
        let again = #expect(throws: APIError.self) { try harness.ask(.recall(topic: "t", uniqueKey: "ID-a")) }
        #expect(again?.code == .notFound)
        try harness.crash(seed: 1)
        harness.advance(20_000)
        #expect(try harness.delays().total == 0)
    }

    @Test("delay offsets stand at the oldest record of a level that still waits")
    func offsets() throws {
        let harness = try BrokerHarness()
        func offsets() throws -> [Int: Int64] {
            guard case .delayOffsets(let offsets) = try harness.ask(.delayOffsets) else { return [:] }
            return offsets
        }
        for k in 0..<4 {
            let message = Message(
                topic: "t", body: [1], properties: [Property(PropertyName.uniqueKey, "k\(k)")], delay: .level(2),
                queue: 0)
            try harness.publish(message)
            harness.advance(100)
        }
        #expect(try offsets() == [2: 0])
        _ = try cancel(harness, "k1")
        #expect(try offsets() == [2: 0])
        _ = try deliver(harness, "k0")
        #expect(try offsets() == [2: 2])
        _ = try move(harness, "k2", harness.now + 60_000)
        #expect(try offsets() == [2: 3])
        harness.advance(10_000)
        #expect(try offsets() == [2: 4])
    }

    @Test("without room on the disk an action is refused, and reads go on")
    func noRoom() throws {
        let harness = try BrokerHarness()
        try harness.publish(delayed("a"))
        harness.disk.capacity = harness.disk.used + 1_000_000
        for _ in 0..<300 where harness.broker.store.hasRoom(for: 5 << 20) {
            _ = harness.send([Message(topic: "t", body: [UInt8](repeating: 120, count: 20_000), queue: 0)])
            harness.settle()
        }
        #expect(harness.broker.store.noRoom != nil)
        let box = ReplyBox()
        harness.broker.handle(.recall(topic: "t", uniqueKey: "ID-a"), box.reply)
        harness.settle()
        #expect(box.response != nil)
        #expect(!harness.broker.isBusy)
        try harness.ask(.topics)
    }
}
