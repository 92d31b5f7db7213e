import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Lost power and killed processes")
struct CrashTests {
    /// Publishes, checkpoints and crashes by a seed; whatever was acknowledged has to be there, once and in order.
    private func live(seed: UInt64, durable: Bool, _ end: (BrokerHarness, UInt64) throws -> Void) throws {
        var random = SeededGenerator(seed: seed)
        let harness = try BrokerHarness(durable: durable, segmentBytes: 32_768)
        var acknowledged: [[String]] = [[], [], []]
        var number = 0
        for life in 0..<4 {
            var waiting: [(BrokerHarness.Sending, [(queue: Int, text: String)])] = []
            for _ in 0..<Int.random(in: 1...25, using: &random) {
                var batch: [(queue: Int, text: String)] = []
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let size = Int.random(in: 0...3_000, using: &random)
                    batch.append(
                        (Int.random(in: 0..<3, using: &random), "\(number)-" + String(repeating: "x", count: size)))
                    number += 1
                }
                let messages = batch.map { Message(topic: "t", body: Array($0.text.utf8), queue: $0.queue) }
                waiting.append((harness.send(messages), batch))
                if Int.random(in: 0..<3, using: &random) > 0 { harness.settle() }
                if Int.random(in: 0..<12, using: &random) == 0 {
                    harness.settle()
                    harness.checkpoint()
                }
            }
            if let job = harness.broker.store.takeWrite() {
                // The last batch stops somewhere in the middle.
                harness.disk.stop(after: Int.random(in: 0...2, using: &random))
                job.run()
                harness.broker.store.finish(job)
                harness.broker.confirmed()
            }
            for (sending, batch) in waiting where sending.isAnswered && sending.batch.errors.isEmpty {
                for (queue, text) in batch { acknowledged[queue].append(text) }
            }
            try end(harness, seed &* 10 &+ UInt64(life))
            for queue in 0..<3 {
                let there = (try? harness.texts("t", queue: queue)) ?? []
                if !Self.holds(there, acknowledged[queue]) {
                    let numbers = [acknowledged[queue], there].map { $0.map { $0.prefix { $0 != "-" } } }
                    Issue.record("seed \(seed), life \(life), queue \(queue): \(numbers[0]) became \(numbers[1])")
                }
                #expect(Set(there).count == there.count, "seed \(seed): a message twice")
                // What was not acknowledged may have survived.
                acknowledged[queue] = there
            }
        }
    }

    private static func holds(_ all: [String], _ wanted: [String]) -> Bool {
        var rest = wanted[...]
        for text in all where text == rest.first { rest.removeFirst() }
        return rest.isEmpty
    }

    @Test("in sync mode a lost machine loses nothing acknowledged", arguments: CommitSeed.with(0..<60))
    func durable(seed: UInt64) throws {
        try live(seed: seed, durable: true) { try $0.crash(seed: $1) }
    }

    @Test(
        "a killed process loses nothing acknowledged, in either mode", arguments: CommitSeed.with(0..<10),
        [true, false])
    func killed(seed: UInt64, durable: Bool) throws {
        try live(seed: seed, durable: durable) { harness, _ in try harness.kill() }
    }

    @Test("a torn tail is cut off and said")
    func tornTail() throws {
        let harness = try BrokerHarness()
        for k in 0..<5 { try harness.publish("t", "kept \(k)") }
        let end = Int(harness.broker.store.confirmed)
        let file = try harness.disk.open("commitlog/" + SegmentSet.name(0), create: false)
        try file.write(Array(harness.disk.contents("commitlog/" + SegmentSet.name(0))?[0..<40] ?? []), at: Int64(end))
        try harness.kill()
        #expect(harness.broker.recovery.cutBytes > 0 && harness.broker.recovery.text.contains("torn"))
        #expect(harness.broker.store.confirmed == Int64(end))
        #expect(harness.disk.contents("commitlog/" + SegmentSet.name(0))?[end...].allSatisfy { $0 == 0 } == true)
        #expect(try harness.texts("t") == (0..<5).map { "kept \($0)" })
        try harness.publish("t", "next")
        try harness.kill()
        #expect(try harness.texts("t").count == 6)
    }

    @Test("the power may go at every single call of a folder's first minutes")
    func everyCall() throws {
        func scenario(_ disk: SimulatedDisk) -> [String] {
            var acknowledged: [String] = []
            guard let harness = try? BrokerHarness(disk, segmentBytes: 32_768) else { return [] }
            for k in 0..<12 {
                let text = "m\(k)" + String(repeating: "y", count: k * 600)
                if (try? harness.publish("t", text)) != nil { acknowledged.append(text) }
                if k == 5 || k == 9 { harness.checkpoint() }
            }
            harness.close()
            return acknowledged
        }
        let whole = SimulatedDisk()
        #expect(scenario(whole).count == 12)
        for calls in stride(from: 0, to: whole.changes, by: 7) {
            let disk = SimulatedDisk()
            disk.stop(after: calls)
            let acknowledged = scenario(disk)
            disk.crash(seed: UInt64(calls))
            let harness = try BrokerHarness(disk, segmentBytes: 32_768)
            let there = (try? harness.texts("t")) ?? []
            #expect(Self.holds(there, acknowledged), "stopped after \(calls) calls")
            try harness.publish("t", "alive")
            #expect(try harness.texts("t").last == "alive")
        }
    }

    @Test("sums that did not reach the disk cost nothing")
    func tornSums() throws {
        for sector in 0..<4 {
            let harness = try BrokerHarness()
            for k in 0..<220 { try harness.publish("t", "m\(k)") }
            let path = "sums/" + SegmentSet.name(0)
            var sums = try #require(harness.disk.contents(path))
            let torn = (sector * 512)..<min(sums.count, (sector + 1) * 512)
            sums.replaceSubrange(torn, with: repeatElement(0, count: torn.count))
            harness.disk.setContents(path, sums)
            try harness.kill()
            #expect(harness.broker.recovery.damaged.isEmpty)
            #expect(try harness.texts("t") == (0..<220).map { "m\($0)" }, "sector \(sector)")
            #expect(harness.disk.contents(path)?.prefix(220 * 8).contains(repeatElement(0, count: 8)) == false)
        }
    }
}
