import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Damaged and missing files")
struct DamageTests {
    static let count = 9
    static let victim = 4

    /// A folder with nine messages in two queues, and where the fifth one stands.
    private func folder() throws -> (BrokerHarness, record: Range<Int>) {
        let harness = try BrokerHarness(segmentBytes: 16 << 10)
        var places: [Int] = []
        for k in 0..<Self.count {
            let message = Message(topic: "t", body: Array("m\(k)".utf8), tag: "tag", keys: ["k\(k)"], queue: 0)
            places.append(Int(try harness.publish(message).physicalOffset))
        }
        return (harness, places[Self.victim]..<places[Self.victim + 1])
    }

    private var others: [String] { (0..<Self.count).filter { $0 != Self.victim }.map { "m\($0)" } }
    private static let segment = "commitlog/" + SegmentSet.name(0)

    @Test("every bit of a record is noticed by a pull and costs that record only")
    func flipsUnderPull() throws {
        let (harness, record) = try folder()
        for byte in record {
            for bit in 0..<8 {
                harness.disk.flip(Self.segment, byte: byte, bit: bit)
                let pulled = try harness.pull("t")
                #expect(pulled.texts == others && pulled.damaged == [Int64(Self.victim)], "byte \(byte) bit \(bit)")
                harness.disk.flip(Self.segment, byte: byte, bit: bit)
            }
        }
        #expect(try harness.pull("t").messages.count == Self.count)
    }

    @Test("a damaged time leads no search by time astray")
    func timeSearch() throws {
        let harness = try BrokerHarness()
        var places: [(place: Int, time: Int64)] = []
        for number in 0..<Self.count {
            places.append((Int(try harness.publish("t", "m\(number)").physicalOffset), harness.broker.now))
            harness.advance(1_000)
        }
        for (damaged, victim) in places.enumerated() {
            for byte in 0..<8 {
                let at = victim.place + Record.Position.storeTimestamp + byte
                harness.disk.flip(Self.segment, byte: at, bit: 3)
                for (offset, sent) in places.enumerated() {
                    let answer = try harness.ask(.offset(QueueID("t", 0), .time(sent.time)))
                    guard case .offset(let found) = answer else {
                        Issue.record("\(answer)")
                        continue
                    }
                    // What cannot be read has the time of the one behind it.
                    #expect(found == Int64(offset) || damaged == offset - 1 && found == Int64(damaged))
                }
                harness.disk.flip(Self.segment, byte: at, bit: 3)
            }
        }
    }

    @Test("every bit of a record is noticed by a recovery and costs that record only", arguments: [true, false])
    func flipsUnderRecovery(withSums: Bool) throws {
        let (harness, record) = try folder()
        harness.close()
        // Room made ahead would only slow this down.
        harness.disk.delete { $0.hasPrefix("commitlog/") && $0 != Self.segment }
        for byte in record {
            for bit in 0..<8 {
                let disk = harness.disk.copy()
                disk.flip(Self.segment, byte: byte, bit: bit)
                disk.delete { path in
                    path.hasPrefix("queues/") || path.hasPrefix("index/") || path == "checkpoint"
                        || (!withSums && path.hasPrefix("sums/"))
                }
                let other = try BrokerHarness(disk, segmentBytes: 16 << 10, roomAhead: byte == record.lowerBound)
                let texts = try other.texts("t").filter { $0 != "m\(Self.victim)" }
                // Without the sums a flip in a header field may pass; it must not cost a neighbour.
                #expect(texts == others, "byte \(byte) bit \(bit)")
                if withSums {
                    #expect(try other.texts("t") == others, "byte \(byte) bit \(bit)")
                    #expect(other.broker.recovery.damaged == [Int64(record.lowerBound)], "byte \(byte) bit \(bit)")
                }
                guard byte == record.lowerBound else { continue }
                #expect(try other.publish("t", "next").queueOffset >= Int64(Self.count) - 1)
            }
        }
    }

    @Test("a damaged unit of a queue costs that unit only", arguments: 0..<160)
    func flipsInUnits(bit: Int) throws {
        let (harness, _) = try folder()
        harness.checkpoint()
        harness.disk.flip("queues/extents", byte: Self.victim * QueueUnit.bytes + bit / 8, bit: bit % 8)
        let texts = try harness.texts("t").filter { $0 != "m\(Self.victim)" }
        #expect(texts == others)
    }

    @Test("a segment cut short keeps what is left and what follows")
    func truncated() throws {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        var stored: [BrokerHarness.Stored] = []
        for k in 0..<40 { stored.append(try harness.publish("t", "m\(k)" + String(repeating: "z", count: 500))) }
        harness.close()
        let path = "commitlog/" + SegmentSet.name(8_192)
        let bytes = try #require(harness.disk.contents(path))
        harness.disk.setContents(path, Array(bytes[..<5_000]))
        let kept = (0..<40).filter {
            let from = stored[$0].physicalOffset
            let to = $0 < 39 ? stored[$0 + 1].physicalOffset : Int64.max
            return !(8_192..<16_384).contains(from) || min(to, 16_384) <= 8_192 + 5_000
        }
        for derived in [false, true] {
            if derived { harness.disk.delete { !$0.hasPrefix("commitlog/") && $0 != "format" } }
            try harness.kill()
            let numbers = try harness.texts("t").map { $0.prefix { $0 != "z" } }
            #expect(numbers == kept.map { "m\($0)" }, "derived files deleted: \(derived)")
            let recovery = harness.broker.recovery
            #expect(recovery.missing == (derived ? [] : [8_192 + 5_000..<16_384]))
            #expect(recovery.text.contains(derived ? "damaged records" : "3192 bytes of the log are not there"))
        }
    }

    @Test(
        "deleted derived files are made again",
        arguments: ["queues/", "queues/journal", "queues/extents", "index/", "sums/", "checkpoint", ""])
    func derived(prefix: String) throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 10)
        for k in 0..<200 {
            try harness.publish(
                Message(topic: "t\(k % 3)", body: Array("m\(k)".utf8), keys: ["key\(k)"], queue: k % 2))
            if k == 50 || k == 120 { harness.checkpoint() }
        }
        try harness.commit("g", "t0", 7)
        harness.close()
        harness.disk.delete {
            prefix.isEmpty
                ? $0.hasPrefix("queues/") || $0.hasPrefix("index/") || $0.hasPrefix("sums/") || $0 == "checkpoint"
                : $0.hasPrefix(prefix)
        }
        try harness.kill()
        for topic in 0..<3 {
            for queue in 0..<2 {
                let expected = (0..<200).filter { $0 % 3 == topic && $0 % 2 == queue }.map { "m\($0)" }
                #expect(try harness.texts("t\(topic)", queue: queue) == expected)
            }
        }
        for k in [0, 60, 199] {
            let found = try harness.broker.store.lookUp(topic: "t\(k % 3)", key: "key\(k)").candidates(limit: 8)
            let bodies = try found.compactMap { try harness.broker.store.reader.record(at: $0)?.messages().first?.body }
            #expect(bodies.contains(Array("m\(k)".utf8)))
        }
        #expect(try harness.committed("g", "t0") == 7)
        #expect(harness.disk.contents("sums/" + SegmentSet.name(0))?.isEmpty == false)
    }

    @Test("a middle file of the key index that is gone is noticed")
    func indexGap() throws {
        let harness = try BrokerHarness()
        harness.close()
        let entries: [UInt64] = [1 << 32]
        for (from, to) in [(0, 100), (100, 200), (200, 300)] {
            _ = try KeyIndexFile.write(harness.disk, entries, base: Int64(from), from: Int64(from), to: Int64(to))
        }
        #expect(try KeyIndex(disk: harness.disk).covers(from: 0, to: 300))
        #expect(try !KeyIndex(disk: harness.disk).covers(from: 0, to: 301))
        harness.disk.delete { $0.hasPrefix("index/" + SegmentSet.name(100)) }
        #expect(try !KeyIndex(disk: harness.disk).covers(from: 0, to: 300))
    }
}
