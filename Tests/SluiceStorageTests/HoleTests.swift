import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Sectors that were never written")
struct HoleTests {
    private static func message(_ size: Int) -> Message {
        Message(topic: "t", body: [UInt8](repeating: 120, count: size), queue: 0)
    }

    /// Three messages, of which the second begins so many bytes before a sector's end; those bytes are lost.
    private func losing(head: Int64, second: Int, durable: Bool) throws -> BrokerHarness {
        let measure = try BrokerHarness()
        try measure.publish(Self.message(0))
        let overhead = Int(try measure.publish(Self.message(0)).physicalOffset)
        let harness = try BrokerHarness(durable: durable)
        try harness.publish(Self.message(512 - Int(head) - overhead))
        let place = try harness.publish(Self.message(second)).physicalOffset
        #expect(place == 512 - head)
        try harness.publish(Self.message(20))
        let file = try harness.disk.open("commitlog/" + SegmentSet.name(0), create: false)
        try file.write([UInt8](repeating: 0, count: Int(head)), at: place)
        try harness.kill()
        return harness
    }

    @Test("a log without syncs ends at a record of which only the first bytes are missing", arguments: [3, 4])
    func ends(head: Int64) throws {
        let harness = try losing(head: head, second: 600, durable: false)
        #expect(harness.broker.store.tail == 512 - head)
        #expect(harness.broker.recovery.damaged.isEmpty)
        #expect(try harness.texts("t", queue: 0).count == 1)
    }

    @Test("in a log with syncs the same is damage, and what stands behind it is kept")
    func isDamage() throws {
        let harness = try losing(head: 3, second: 600, durable: true)
        #expect(harness.broker.recovery.damaged == [509])
        #expect(try harness.texts("t", queue: 0).count == 2)
    }

    @Test("a changed bit of a record that begins at a sector's end is damage in a log without syncs, too")
    func rot() throws {
        let harness = try losing(head: 3, second: 20, durable: false)
        #expect(try harness.texts("t", queue: 0).count == 3)
        harness.disk.flip("commitlog/" + SegmentSet.name(0), byte: 509 + 100, bit: 3)
        harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" }
        try harness.kill()
        #expect(harness.broker.recovery.damaged == [509])
        #expect(try harness.texts("t", queue: 0).count == 2)
    }

    @Test("a record whose size is damaged is judged by where the next one stands, not by zeros at an end that is none")
    func damagedSize() throws {
        let harness = try BrokerHarness(durable: false)
        let places = try (0..<40).map { try harness.publish(Self.message(10 + $0)).physicalOffset }
        for place in places.dropFirst().dropLast() {
            // Sizes that end a little behind each place where zeros stand by right.
            for bit in 0..<8 {
                harness.disk.flip("commitlog/" + SegmentSet.name(0), byte: Int(place) + 3, bit: bit)
                harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" }
                try harness.kill()
                #expect(harness.broker.recovery.damaged == [place])
                harness.disk.flip("commitlog/" + SegmentSet.name(0), byte: Int(place) + 3, bit: bit)
            }
        }
    }
}
