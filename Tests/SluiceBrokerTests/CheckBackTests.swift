import SluiceAPI
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceBroker

@Suite("Check-backs")
struct CheckBackTests {
    @Test("a group is asked at its pace, in order; a flood of one does not delay another; the queues are visible")
    func pacing() throws {
        var options = BrokerOptions()
        options.checksPerSecond = 10
        options.checksPerTurn = 4
        let harness = try BrokerHarness(options: options)
        let flooded = try harness.producer("p1", group: "flood")
        let calm = try harness.producer("p2", group: "calm")
        for number in 0..<35 { try harness.half("f\(number)", group: "flood") }
        try harness.half("c", group: "calm")
        harness.advance(6_000)
        harness.run()
        #expect(calm.asked == ["c"])
        #expect(flooded.asked == ["f0"])
        let queues = harness.broker.checkQueues()
        #expect(queues.map(\.group) == ["calm", "flood"] && queues[1].waiting == 34 && queues[1].unresolved == 35)
        #expect(queues[1].perSecond == 10 && queues[1].producersOnline == 1 && queues[0].waiting == 0)
        let begun = harness.now
        var times = [begun]
        while flooded.asked.count < 35, harness.now < begun + 10_000 {
            // As the owner does: to sleep until the broker says.
            let next = harness.broker.nextDeadline()
            #expect(next > harness.now)
            harness.advance(next - harness.now)
            while times.count < flooded.asked.count { times.append(harness.now) }
        }
        #expect(flooded.asked == (0..<35).map { "f\($0)" })
        #expect(harness.now - begun < 3_700)
        for (at, time) in times.enumerated() where at + 10 < times.count { #expect(times[at + 10] - time >= 1_000) }
    }

    @Test("producers of a group take turns; one that left is asked no more")
    func turns() throws {
        let harness = try BrokerHarness()
        let one = try harness.producer("p1")
        let two = try harness.producer("p2")
        for number in 0..<4 { try harness.half("h\(number)") }
        harness.advance(6_000)
        harness.advance(100)
        #expect(one.asked.count == 2 && two.asked.count == 2)
        try harness.ask(.unregister(client: "p1", consumerGroup: nil, producerGroup: nil))
        harness.advance(60_000)
        harness.advance(100)
        #expect(one.asked.count == 2 && two.asked.count == 6)
    }

    @Test("a half that was set aside can be asked about again, committed and rolled back, also after restarts")
    func setAside() throws {
        var options = BrokerOptions()
        options.maxChecks = 2
        let harness = try BrokerHarness(options: options)
        for id in ["A", "B", "C"] { try harness.half(id) }
        for _ in 0..<4 { harness.advance(61_000) }
        for round in 0..<3 {
            let page = try harness.halves()
            #expect(page.setAside == 3 && page.items.allSatisfy { $0.isSetAside && $0.checks == 2 })
            switch round {
            case 0: try harness.crash(seed: 7)
            case 1: try harness.restart()
            default: try harness.kill()
            }
        }
        let log = try harness.producer("p")
        harness.advance(600_000)
        #expect(log.asked.isEmpty)
        let tried = try harness.recheck("B", dryRun: true)
        #expect(tried.text.hasPrefix("would ask the one producer of group pg"))
        harness.run()
        #expect(log.asked.isEmpty && harness.broker.halves.setAside == 3)
        let asked = try harness.recheck("B")
        #expect(asked.before.contains("set aside") && !asked.after.contains("set aside"))
        harness.run()
        #expect(log.asked == ["B"])
        try harness.crash(seed: 8)
        let half = try #require(try harness.halves().items.first { $0.id == "B" })
        #expect(half.checks == 1 && !half.isSetAside && half.producersOnline == 0)
        _ = try harness.resolve("A", .commit)
        _ = try harness.resolve("C", .rollback)
        try harness.restart()
        #expect(try harness.texts("t", queue: 1) == ["A"])
        #expect(try harness.halves().items.map(\.id) == ["B"] && harness.halves().setAside == 0)
    }

    @Test("a half that is not written yet is neither asked about nor taken for damaged")
    func unwritten() throws {
        let harness = try BrokerHarness()
        let log = try harness.producer("p")
        try harness.half("first")
        let message = Message(
            topic: "t", body: [1],
            properties: [Property(PropertyName.uniqueKey, "A"), Property(PropertyName.checkImmunity, "0")], queue: 0)
        _ = harness.send([message], transaction: "pg")
        harness.turn()
        #expect(log.asked.isEmpty && harness.broker.damagedRecords == 0)
        #expect(harness.broker.nextDeadline() > harness.now)
        harness.settle()
        harness.advance(20)
        #expect(log.asked == ["A"])
    }

    @Test("notes of a place that was given away again say nothing of the half that is there now")
    func staleNotes() throws {
        let harness = try BrokerHarness(durable: false)
        try harness.half("A")
        harness.advance(61_000)
        #expect(try harness.halves().items.first?.checks == 1)
        let journal = try #require(harness.disk.contents("checks.journal"))
        // The machine lost the log, but not the journal.
        let other = try BrokerHarness(durable: false, now: harness.now)
        try other.half("B")
        other.disk.setContents("checks.journal", journal)
        try other.kill()
        #expect(try other.halves().items.first?.checks == 0)
    }

    @Test("the journal of checks is made short when most of it is outdated, and a crash on the way loses nothing")
    func snapshot() throws {
        var options = BrokerOptions()
        options.journalBytes = 2_000
        options.checkInterval = 1_000
        options.maxChecks = 1_000
        for calls in 0..<14 {
            let harness = try BrokerHarness(options: options)
            for number in 0..<5 { try harness.half("h\(number)") }
            harness.advance(6_000)
            var largest = 0
            var expected: Set<Int> = []
            for round in 0..<30 {
                let before = harness.disk.contents("checks.journal")?.count ?? 0
                if round == 25 { harness.disk.stop(after: calls) }
                expected = Set(try harness.halves().items.map(\.checks))
                harness.advance(1_000)
                if round == 25 { break }
                largest = max(largest, harness.disk.contents("checks.journal")?.count ?? 0)
                if before > 2_000 { #expect(harness.disk.contents("checks.journal")?.count ?? 0 < before) }
            }
            #expect(largest < 3_000)
            try harness.crash(seed: UInt64(calls))
            let checks = Set(try harness.halves().items.map(\.checks))
            let after = Set(expected.map { $0 + 1 })
            #expect(checks.isSubset(of: expected.union(after)) && !checks.isEmpty)
            #expect(try harness.halves().total == 5)
        }
    }
}
