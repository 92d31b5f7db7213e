import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Resolutions")
struct ResolutionTests {
    @Test("who comes late is told by whom, how and when, also after restarts")
    func late() throws {
        // 2026-11-24T12:00:00Z
        let harness = try BrokerHarness(now: 1_795_521_600_000)
        try harness.half("A")
        try harness.half("B")
        let stored = try harness.half("C")
        let done = try harness.resolve("A", .rollback, reason: "payment failed")
        #expect(done.resolution?.resolution == .rollback && done.text == "rolled back A: no consumer will see it")
        _ = try harness.resolve("B", .commit, isProven: true)
        try harness.end(stored, .commit, origin: .checkBack)
        for round in 0..<3 {
            let texts = ["A", "B", "C"].map { id in
                harness.refusal { _ = try harness.resolve(id, .commit) }.map { "\($0.code): \($0.message)" } ?? "done"
            }
            #expect(texts[0].contains("rolled back by operator anna@desk (claimed) at 2026-11-24T12:00:00Z"))
            #expect(texts[1].contains("committed by operator anna@desk (proven) at 2026-11-24T12:00:00Z"))
            #expect(texts[2].contains("committed by check back at 2026-11-24T12:00:00Z"))
            #expect(texts.allSatisfy { $0.hasPrefix("conflict: ") })
            #expect(harness.refusal { _ = try harness.recheck("A") }?.code == .conflict)
            if round == 0 {
                let late = harness.refusal { try harness.end(stored, .commit, id: "C") }
                #expect(late?.message.contains("check back") == true)
                try harness.crash(seed: 1)
            } else {
                try harness.restart()
            }
            harness.advance(5_000)
        }
        #expect(harness.refusal { _ = try harness.resolve("never", .commit) }?.code == .notFound)
        let op = try #require(try harness.pull(TopicName.op).messages.first)
        #expect(op.property(Broker.reasonProperty) == "payment failed")
        #expect(op.property(Broker.actorProperty) == "anna@desk (claimed)")
    }

    @Test("a trial says what would become visible where and for whom, and changes nothing")
    func trial() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "plain", queue: 1)
        try harness.commit("readers", "t", queue: 1, 0)
        try harness.half("A")
        let tail = harness.broker.store.tail
        let commit = try harness.resolve("A", .commit, dryRun: true)
        #expect(commit.text == "would commit A: visible in t, queue 1, offset 1, read by readers (no client)")
        #expect(commit.resolution?.visibleAt == QueueID("t", 1) && commit.resolution?.queueOffset == 1)
        #expect(commit.resolution?.receivers.map(\.group) == ["readers"] && commit.before == commit.after)
        #expect(try harness.resolve("A", .rollback, dryRun: true).text == "would roll back A: no consumer would see it")
        #expect(try harness.recheck("A", dryRun: true).text.contains("no producer of group pg is online"))
        #expect(harness.broker.store.tail == tail && harness.broker.halves.count == 1)
        #expect(!harness.broker.store.hasUnwritten)
        let done = try harness.resolve("A", .commit)
        #expect(done.resolution?.queueOffset == 1 && done.after == "committed")
    }

    @Test("two halves with one unique key: the newest is resolved first, then the other", arguments: [false, true])
    func twins(withRestart: Bool) throws {
        let harness = try BrokerHarness()
        let first = try harness.half("A", body: "first")
        try harness.half("A", body: "second")
        try harness.half("A", body: "third")
        if withRestart { try harness.restart() }
        _ = try harness.resolve("A", .commit)
        if withRestart { try harness.crash(seed: 3) }
        #expect(try harness.halves().total == 2)
        try harness.end(first, .commit, id: "A")
        _ = try harness.resolve("A", .commit)
        #expect(try harness.texts("t", queue: 1) == ["third", "first", "second"])
        #expect(harness.refusal { _ = try harness.resolve("A", .commit) }?.code == .conflict)
    }

    @Test("an id whose hash is another's resolves nothing of it")
    func sameHash() throws {
        let harness = try BrokerHarness()
        try harness.half("A")
        let entry = try #require(harness.broker.halves.entry(id: "A"))
        var other = entry
        other.key = 1_000
        other.queueOffset = 1_000
        harness.broker.halves.remove(entry.key)
        var forged = HalfIndex.Entry(
            queueOffset: entry.queueOffset, physicalOffset: entry.physicalOffset, storeTimestamp: 0,
            idHash: HalfIndex.hash("B"), checks: 0, nextCheck: .max)
        forged.group = entry.group
        harness.broker.halves.add(forged, group: "pg")
        #expect(harness.refusal { _ = try harness.resolve("B", .commit) }?.code == .notFound)
        #expect(harness.broker.halves.count == 1)
    }

    @Test("what only the broker may say of a half is not taken from a producer")
    func forged() throws {
        let harness = try BrokerHarness()
        let names = [PropertyName.identity, PropertyName.halfState, PropertyName.checkTimes]
        try harness.half("A")
        try harness.publish(
            Message(
                topic: "t", body: [1],
                properties: names.map { Property($0, "1 1 1 1 1") } + [Property(PropertyName.uniqueKey, "A")], queue: 0),
            transaction: "pg")
        let half = try #require(try harness.pull(TopicName.half).messages.last)
        #expect(names.allSatisfy { half.property($0) == nil })
        try harness.crash(seed: 1)
        #expect(try harness.halves().total == 2)
    }

    @Test(
        "whatever point the machine stops at, each half ends once and none is lost", arguments: CommitSeed.with(0..<40))
    func crashes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var options = BrokerOptions()
        options.maxChecks = 3
        options.journalBytes = 1_500
        options.reputsHalves = seed % 5 == 4
        let harness = try BrokerHarness(segmentBytes: 16 << 10, options: options)
        var open: [String: BrokerHarness.Stored] = [:]
        var ended: [String: Resolution] = [:]
        var unsure: [String: Resolution] = [:]
        for step in 0..<120 {
            if step % 30 == 29 {
                harness.disk.stop(after: Int.random(in: 0..<40, using: &random))
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                let id = "h\(step)"
                if let stored = try? harness.half(id, immunity: Int.random(in: 0...20, using: &random)) {
                    open[id] = stored
                }
            case 4, 5:
                guard let (id, stored) = open.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
                    break
                }
                let resolution: Resolution = Bool.random(using: &random) ? .commit : .rollback
                unsure[id] = resolution
                do {
                    if Bool.random(using: &random) {
                        _ = try harness.resolve(id, resolution)
                    } else {
                        try harness.end(stored, resolution, id: id)
                    }
                    ended[id] = resolution
                    open[id] = nil
                    unsure[id] = nil
                } catch { open[id] = nil }
            case 6: harness.advance(Int64.random(in: 0...30_000, using: &random))
            case 7:
                let before = harness.broker.store.confirmed
                _ = harness.broker.copyOwedHalves(before: .random(in: 0...max(1, before), using: &random), limit: 3)
                harness.settle()
            case 8: harness.checkpoint()
            default: if let id = open.keys.sorted().randomElement(using: &random) { _ = try? harness.recheck(id) }
            }
            if step % 30 == 29 || harness.broker.store.broken != nil {
                if step % 4 == 1 { harness.disk.delete { $0 == "checkpoint" } }
                try harness.crash(seed: random.next())
                // What was not answered may have happened or not.
                let left = Set(try harness.halves().items.map(\.id))
                for (id, resolution) in unsure where !left.contains(id) { ended[id] = resolution }
                unsure = [:]
                open = open.filter { left.contains($0.key) }
            }
        }
        try harness.crash(seed: random.next())
        let visible = try harness.texts("t", queue: 1)
        #expect(visible.count == Set(visible).count)
        #expect(ended.allSatisfy { visible.contains($0.key) == ($0.value == .commit) })
        let left = try harness.halves()
        #expect(Set(open.keys).isSubset(of: left.items.map(\.id)))
        #expect(left.items.allSatisfy { ended[$0.id] == nil && !visible.contains($0.id) })
        let ops = try harness.pull(TopicName.op).messages.flatMap(\.keys)
        #expect(ops.count == Set(ops).count)
    }
}
