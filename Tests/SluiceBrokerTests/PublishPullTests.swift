import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Synchronization
import Testing

@Suite("Publishing and pulling")
struct PublishPullTests {
    @Test("messages come in order, commits move the lag, and all of it survives")
    func lag() throws {
        let harness = try BrokerHarness()
        for k in 0..<10 { try harness.publish("orders", "m\(k)", queue: k % 2) }
        #expect(try harness.pull("orders", queue: 1, from: 2, limit: 2).texts == ["m5", "m7"])
        #expect(try harness.committed("g", "orders") == nil)
        try harness.commit("g", "orders", 2)
        try harness.commit("g", "orders", queue: 1, 5)
        #expect(try harness.group("g").summary.lag == 3)
        for _ in 0..<2 {
            let status = try harness.group("g")
            #expect(status.queues.filter { $0.id.topic == "orders" }.map(\.lag) == [3, 0, 0, 0])
            #expect(status.summary.committed == 7)
            try harness.kill()
        }
        let beyond = try harness.pull("orders", from: 99)
        #expect(beyond.status == .offsetMoved && beyond.next == 5)
        #expect(try harness.pull("orders", from: 5).status == .noNewMessage)
    }

    @Test("a tag filter hands out its tags only and moves past the others")
    func tags() throws {
        let harness = try BrokerHarness()
        for (k, tag) in ["A", "B", nil, "A", "Aa", "BB"].enumerated() {
            try harness.publish(Message(topic: "t", body: Array("m\(k)".utf8), tag: tag, queue: 0))
        }
        #expect(try harness.pull("t", filter: "A").texts == ["m0", "m3"])
        #expect(try harness.pull("t", filter: "A || B").texts == ["m0", "m1", "m3"])
        // These two have the same code.
        #expect(try harness.pull("t", filter: "BB").texts == ["m5"])
        #expect(try harness.pull("t", filter: "none").messages.isEmpty)
        #expect(try harness.pull("t", filter: "none").next == 6)
        #expect(try harness.pull("t", filter: "*").texts.count == 6)
    }

    private func wait(_ harness: BrokerHarness, offset: Int64, milliseconds: Int64 = 1_000) -> ReplyBox {
        harness.begin(
            .pull(
                PullRequest(
                    group: "g", queue: QueueID("t", 0), offset: offset, limit: 10, filter: .all, wait: milliseconds)))
    }

    private func texts(_ box: ReplyBox) throws -> [String]? {
        guard case .pulled(let answer) = box.response else { return nil }
        return try BrokerHarness.read(answer).texts
    }

    @Test("a long poll waits, wakes on a confirmed message, and is answered once")
    func longPollWakes() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m0")
        let box = wait(harness, offset: 1)
        let other = wait(harness, offset: 1)
        harness.run()
        #expect(box.count == 0)
        try harness.publish("t", "elsewhere", queue: 1)
        #expect(box.count == 0)
        let sending = harness.send([Message(topic: "t", body: Array("m1".utf8), queue: 0)])
        #expect(box.count == 0)
        harness.settle()
        #expect(sending.isAnswered)
        #expect(try texts(box) == ["m1"])
        #expect(try texts(other) == ["m1"])
        harness.advance(5_000)
        #expect(box.count == 1)
    }

    @Test("a long poll that comes while the message is on its way to the disk wakes too")
    func longPollInBetween() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m0")
        _ = harness.send([Message(topic: "t", body: Array("m1".utf8), queue: 0)])
        let late = wait(harness, offset: 1)
        harness.settle()
        #expect(try texts(late) == ["m1"])
        // One batch is being written while the next one gathers: the first one's end must not use up the wake-up.
        let early = wait(harness, offset: 2)
        _ = harness.send([Message(topic: "t", body: [1], queue: 1)])
        let job = try #require(harness.broker.store.takeWrite())
        _ = harness.send([Message(topic: "t", body: Array("m2".utf8), queue: 0)])
        job.run()
        harness.broker.store.finish(job)
        harness.broker.confirmed()
        #expect(early.count == 0)
        harness.settle()
        #expect(try texts(early) == ["m2"])
    }

    @Test("a long poll ends without a message when its time is over, and not before")
    func longPollTimesOut() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m0")
        let box = wait(harness, offset: 1)
        #expect(harness.broker.nextDeadline() <= harness.now + 1_000)
        harness.advance(999)
        #expect(box.count == 0)
        harness.advance(1)
        guard case .pulled(let answer) = box.response else {
            Issue.record("no answer")
            return
        }
        #expect(answer.status == .noNewMessage && answer.next == 1)
        let closing = wait(harness, offset: 1, milliseconds: 60_000)
        harness.broker.beginClosing()
        #expect(closing.count == 1)
    }

    @Test("what is acknowledged is on the disk, journals included")
    func acknowledgedJournals() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m0")
        // A batch is being written when the commit comes: its end must not answer for the next batch's journal.
        _ = harness.send([Message(topic: "t", body: [1], queue: 0)])
        let job = try #require(harness.broker.store.takeWrite())
        let box = harness.begin(.commit([OffsetCommit(group: "g", queue: QueueID("t", 0), offset: 1)]))
        job.run()
        harness.broker.store.finish(job)
        harness.broker.confirmed()
        if box.count > 0 {
            try harness.crash(seed: 5)
            #expect(try harness.committed("g", "t") == 1)
        }
        harness.settle()
        #expect(box.count == 1)
        try harness.crash(seed: 6)
        #expect(try harness.committed("g", "t") == 1)
    }

    @Test("queues are filled in turn where the producer names none, and many topics fit one batch")
    func spread() throws {
        let harness = try BrokerHarness()
        let stored = try harness.publish((0..<8).map { Message(topic: "t\($0 % 2)", body: [UInt8($0)]) })
        #expect(Set(stored.map(\.queue)).count == 8)
        #expect(try harness.status().topics == 2)
    }

    /// Producers fill one batch again and again, and it knows every topic they ever sent to.
    @Test("a deleted topic does not come back because its producer sends to another one")
    func deletedTopic() throws {
        let harness = try BrokerHarness()
        let batch = PublishBatch(bornHost: HostAddress(address: 0x7F00_0001, port: 40_000), capacity: 4 << 10)
        func send(_ topic: String) {
            batch.reset()
            let number = batch.topic(topic)
            batch.add(topic: number, queue: 0, bornTimestamp: harness.now, propertyBytes: 0, bodyBytes: 1)
                .storeBytes(of: 65, as: UInt8.self)
            harness.broker.handle(.publish(Filled(batch))) { _ in }
            harness.settle()
        }
        func topics() throws -> [String] {
            guard case .topics(let topics) = try harness.ask(.topics) else { return [] }
            return topics.map(\.config.name).filter { !$0.hasPrefix("RMQ_") && !$0.hasPrefix("%") }.sorted()
        }
        let others = try topics()
        send("gone")
        #expect(try topics() == (others + ["gone"]).sorted())
        try harness.ask(.deleteTopic("gone"))
        send("new")
        #expect(try topics() == (others + ["new"]).sorted())
        send("gone")
        #expect(try topics() == (others + ["gone", "new"]).sorted())
    }

    /// Hands out one batch, as a producer's connection does.
    private final class Filled: PublishSource {
        private let batch: Mutex<PublishBatch?>
        init(_ batch: PublishBatch) { self.batch = Mutex(batch) }
        func take() -> PublishBatch? { batch.withLock { $0.take() } }
        func finished(_ batch: PublishBatch) {}
    }
}
