import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Log and sums that did not reach the disk")
struct SumsTests {
    private static let segment = "commitlog/" + SegmentSet.name(0)
    private static let sums = "sums/" + SegmentSet.name(0)

    private func zero(_ disk: SimulatedDisk, _ path: String, _ range: Range<Int>) throws {
        var bytes = try #require(disk.contents(path))
        bytes.replaceSubrange(range, with: repeatElement(0, count: range.count))
        disk.setContents(path, bytes)
    }

    @Test(
        "without syncs the log ends at the first hole, with them a hole costs what was in it", arguments: [false, true])
    func hole(durable: Bool) throws {
        let harness = try BrokerHarness(durable: durable)
        var places: [Int] = []
        for k in 0..<10 {
            let body = Array("m\(k)-".utf8) + [UInt8](repeating: 120, count: 1_500)
            places.append(Int(try harness.publish(Message(topic: "t", body: body, queue: 0)).physicalOffset))
        }
        let sector = (places[4] / 512 + 1) * 512
        try zero(harness.disk, Self.segment, sector..<sector + 512)
        try harness.kill()
        let kept = (0..<10).filter { durable ? $0 != 4 : $0 < 4 }.map { "m\($0)-" }
        #expect(try harness.texts("t").map { String($0.prefix(3)) } == kept)
        #expect(harness.broker.recovery.damaged.isEmpty != durable)
        // What comes next stands where the log ended, and stays.
        #expect(try harness.publish("t", "next").queueOffset == (durable ? 10 : 4))
        try harness.kill()
        #expect(try harness.texts("t").map { String($0.prefix(3)) } == kept + ["nex"])
    }

    @Test("records whose sums were lost are kept behind a damaged one")
    func lostSums() throws {
        let harness = try BrokerHarness()
        var places: [Int] = []
        for k in 0..<200 { places.append(Int(try harness.publish("t", "m\(k)").physicalOffset)) }
        harness.disk.flip(Self.segment, byte: places[20] + 30, bit: 3)
        try zero(harness.disk, Self.sums, 21 * 8..<150 * 8)
        try harness.kill()
        #expect(try harness.texts("t") == (0..<200).filter { $0 != 20 }.map { "m\($0)" })
        #expect(harness.broker.recovery.damaged == [Int64(places[20])])
    }

    @Test("sums lost before a checkpoint do not push those behind it to other places")
    func lostBeforeCheckpoint() throws {
        let harness = try BrokerHarness()
        for k in 0..<80 { try harness.publish("t", "m\(k)") }
        harness.checkpoint()
        for k in 80..<120 { try harness.publish("t", "m\(k)") }
        try zero(harness.disk, Self.sums, 0..<60 * 8)
        try harness.kill()
        harness.disk.delete { $0.hasPrefix("queues/") || $0.hasPrefix("index/") || $0 == "checkpoint" }
        try harness.kill()
        #expect(harness.broker.recovery.rebuilt && harness.broker.recovery.damaged.isEmpty)
        #expect(try harness.texts("t") == (0..<120).map { "m\($0)" })
    }

    @Test("a hole in the sums does not speak against the segment's first record")
    func holeBehindTheFirst() throws {
        let harness = try BrokerHarness()
        for k in 0..<20 { try harness.publish("t", "m\(k)") }
        // A start reads nothing before it again.
        harness.checkpoint()
        try zero(harness.disk, Self.sums, 8..<10 * 8)
        try harness.kill()
        let reader = harness.broker.store.reader
        #expect(try reader.record(at: 0)?.messages().map { String(decoding: $0.body, as: UTF8.self) } == ["m0"])
    }

    @Test("the files of sums are there after a lost machine", arguments: 0..<12)
    func names(seed: UInt64) throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 10)
        for k in 0..<150 { try harness.publish("t", "m\(k)") }
        harness.disk.crash(seed: seed)
        for path in harness.disk.paths where path.hasPrefix("commitlog/") {
            let start = path.dropFirst("commitlog/".count)
            #expect(
                Int64(start).map { $0 > harness.broker.store.confirmed } == true || harness.disk.exists("sums/" + start)
            )
        }
    }
}
