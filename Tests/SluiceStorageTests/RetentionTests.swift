import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Retention")
struct RetentionTests {
    private func full(retainBytes: Int64? = nil) throws -> BrokerHarness {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        harness.storeOptions.retainMilliseconds = 3_600_000
        harness.storeOptions.retainBytes = retainBytes
        try harness.restart()
        for k in 0..<120 {
            try harness.publish(
                Message(topic: "t", body: Array("m\(k)-".utf8) + [UInt8](repeating: 120, count: 400), queue: k % 2))
        }
        return harness
    }

    private func first(_ harness: BrokerHarness, _ queue: Int) throws -> Int64 {
        guard case .offset(let offset) = try harness.ask(.offset(QueueID("t", queue), .first)) else { return -1 }
        return offset
    }

    private func check(_ harness: BrokerHarness) throws {
        let start = harness.broker.store.minOffset
        #expect(start > 0 && start % 8_192 == 0)
        #expect(
            !harness.disk.exists("commitlog/" + SegmentSet.name(0))
                && !harness.disk.exists("sums/" + SegmentSet.name(0)))
        for queue in 0..<2 {
            let from = try first(harness, queue)
            let pulled = try harness.pull("t", queue: queue, from: from)
            #expect(pulled.damaged.isEmpty && pulled.messages.first?.queueOffset == from)
            #expect(pulled.messages.map(\.physicalOffset).allSatisfy { $0 >= start })
            #expect(pulled.messages.last?.queueOffset == 59)
            let moved = try harness.pull("t", queue: queue, from: 0)
            #expect(moved.status == .offsetMoved && moved.next == from)
        }
    }

    @Test("a damaged record at a segment's start does not let what is before it go early")
    func damagedStart() throws {
        let harness = try full()
        harness.checkpoint()
        let path = "commitlog/" + SegmentSet.name(8_192)
        var bytes = try #require(harness.disk.contents(path))
        bytes.replaceSubrange(0..<100, with: repeatElement(0, count: 100))
        harness.disk.setContents(path, bytes)
        try harness.kill()
        harness.advance(3_000_000)
        #expect(harness.broker.store.minOffset == 0)
        harness.advance(700_000)
        try check(harness)
    }

    @Test("segments go when their last message is too old, whole, and the queues begin later")
    func age() throws {
        let harness = try full()
        harness.checkpoint()
        harness.advance(3_000_000)
        #expect(harness.broker.store.minOffset == 0)
        harness.advance(700_000)
        try check(harness)
        // Killed before a checkpoint knows of it.
        try harness.kill()
        try check(harness)
        try harness.restart()
        try check(harness)
        // Everything derived gone.
        harness.disk.delete { !$0.hasPrefix("commitlog/") && $0 != "format" && !$0.hasSuffix(".journal") }
        try harness.kill()
        try check(harness)
        #expect(try harness.publish("t", "next", queue: 1).queueOffset == 60)
    }

    @Test("size alone lets the oldest go, but nothing that a checkpoint does not cover")
    func size() throws {
        let harness = try full(retainBytes: 24_000)
        harness.advance(20_000)
        #expect(harness.broker.store.minOffset == 0)
        harness.checkpoint()
        harness.advance(20_000)
        try check(harness)
        #expect(harness.broker.store.confirmed - harness.broker.store.minOffset >= 24_000)
        #expect(harness.broker.store.confirmed - harness.broker.store.minOffset < 24_000 + 8_192)
    }

    @Test("a segment that still owes a delivery or a resolution stays")
    func owed() throws {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        harness.storeOptions.retainMilliseconds = 1_000
        try harness.restart()
        try harness.publish(Message(topic: "t", body: [1], delay: .after(milliseconds: 100_000), queue: 0))
        for _ in 0..<80 { try harness.publish(Message(topic: "t", body: [UInt8](repeating: 1, count: 500), queue: 0)) }
        harness.checkpoint()
        harness.advance(50_000)
        #expect(harness.broker.store.minOffset == 0)
        harness.advance(60_000)
        harness.advance(20_000)
        #expect(harness.broker.store.minOffset > 0)
    }
}
