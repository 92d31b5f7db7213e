import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Copies of halves")
struct HalfCopyTests {
    private func old(_ maxChecks: Int32 = 2, durable: Bool = true) throws -> (BrokerHarness, BrokerHarness.Stored) {
        var options = BrokerOptions()
        options.maxChecks = maxChecks
        let harness = try BrokerHarness(durable: durable, options: options)
        try harness.half("aside")
        for _ in 0..<4 { harness.advance(61_000) }
        let nameless = try harness.half(nil, immunity: 3_600)
        try harness.half("young", immunity: 1_800)
        return (harness, nameless)
    }

    private func keeps(_ before: HalfPage, _ after: HalfPage) {
        #expect(before.items.map(\.id) == after.items.map(\.id) && before.oldest == after.oldest)
        #expect(before.items.map(\.checks) == after.items.map(\.checks) && before.setAside == after.setAside)
        #expect(before.items.map(\.nextCheck) == after.items.map(\.nextCheck))
        #expect(before.items.map(\.storeTimestamp) == after.items.map(\.storeTimestamp))
    }

    @Test("a copy keeps id, age, checks and next check, whatever happens to the machine", arguments: 0..<6)
    func copies(round: Int) throws {
        let (harness, nameless) = try old()
        let before = try harness.halves()
        let end = harness.broker.store.confirmed
        if round % 2 == 1 { harness.checkpoint() }
        harness.advance(1_000)
        #expect(harness.broker.copyOwedHalves(before: end, limit: 2) == 2)
        harness.settle()
        #expect(harness.broker.copyOwedHalves(before: end, limit: 100) == 1)
        harness.settle()
        #expect(harness.broker.copyOwedHalves(before: end, limit: 100) == 0)
        harness.run()
        #expect(harness.broker.halves.oldest?.physicalOffset ?? 0 >= end)
        // And copies of copies.
        if round == 2 {
            #expect(harness.broker.copyOwedHalves(before: harness.broker.store.confirmed, limit: 100) == 3)
            harness.settle()
        }
        for seed in 0..<3 {
            keeps(before, try harness.halves())
            if round >= 4 { harness.disk.delete { $0 == "checkpoint" || $0.hasPrefix("queues/") } }
            if seed == 1 { try harness.kill() } else { try harness.crash(seed: UInt64(seed)) }
        }
        keeps(before, try harness.halves())
        // The producer knows the old place only.
        try harness.end(nameless, .commit)
        _ = try harness.resolve("aside", .commit)
        try harness.crash(seed: 9)
        let messages = try harness.pull("t", queue: 1).messages
        #expect(messages.map { String(decoding: $0.body, as: UTF8.self) } == ["without id", "aside"])
        #expect(messages.allSatisfy { $0.property(PropertyName.identity) == nil })
        #expect(messages.allSatisfy { $0.property(PropertyName.halfState) == nil })
        #expect(try harness.halves().items.map(\.id) == ["young"])
    }

    @Test("the record copied from is owed until the copy cannot be lost", arguments: [true, false])
    func owed(durable: Bool) throws {
        let (harness, _) = try old(durable: durable)
        let place = try #require(harness.broker.halves.oldest?.physicalOffset)
        #expect(harness.broker.copyOwedHalves(before: .max, limit: 10) == 3)
        #expect(harness.broker.halves.oldest?.physicalOffset == place)
        harness.settle()
        harness.run()
        if !durable {
            #expect(harness.broker.halves.oldest?.physicalOffset == place)
            harness.checkpoint()
            harness.run()
        }
        #expect(harness.broker.halves.oldest?.physicalOffset ?? 0 > place)
    }

    @Test("a segment of old halves can be let go, and the halves are still resolved by id")
    func retention() throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 10)
        for number in 0..<20 { try harness.half("h\(number)") }
        let nameless = try harness.half(nil)
        while harness.broker.store.tail < 40 << 10 { try harness.publish("t", String(repeating: "x", count: 500)) }
        let id = try #require(try harness.halves().items.last?.id)
        #expect(harness.broker.copyOwedHalves(before: 16 << 10, limit: 100) == 21)
        harness.settle()
        harness.checkpoint()
        harness.run()
        harness.advance(80 * 3_600_000)
        #expect(harness.broker.store.minOffset >= 16 << 10)
        for seed in 1..<3 {
            #expect(try harness.halves().items.map(\.id) == (0..<20).map { "h\($0)" } + [id])
            if seed == 2 { harness.disk.delete { $0 == "checkpoint" } }
            try harness.crash(seed: UInt64(seed))
        }
        _ = try harness.resolve("h7", .rollback)
        _ = try harness.resolve(id, .commit)
        #expect(harness.refusal { try harness.end(nameless, .commit) }?.code == .conflict)
        #expect(try harness.halves().total == 19)
    }

    @Test("an end by an old place finds the copy of that half only, not another with its unique key")
    func oldPlaces() throws {
        let harness = try BrokerHarness()
        let first = try harness.half("A", body: "first")
        let between = try harness.half("A", body: "second")
        #expect(harness.broker.copyOwedHalves(before: between.physicalOffset, limit: 10) == 1)
        harness.settle()
        try harness.half("A", body: "third")
        try harness.end(first, .commit, id: "A")
        #expect(try harness.texts("t", queue: 1) == ["first"])
        #expect(harness.refusal { try harness.end(first, .commit, id: "A") }?.code == .conflict)
        try harness.end(between, .commit, id: "A")
        #expect(try harness.texts("t", queue: 1) == ["first", "second"] && harness.halves().total == 1)
    }

    @Test("put again at a check as 4.9 does, a half is one, also of two with one key, and after a crash")
    func putAgain() throws {
        var options = BrokerOptions()
        options.reputsHalves = true
        let harness = try BrokerHarness(options: options)
        let log = try harness.producer("p")
        let first = try harness.half("A", body: "first")
        try harness.half("A", body: "second")
        for round in 1..<4 {
            harness.advance(round == 1 ? 6_000 : 60_000)
            harness.advance(200)
            #expect(log.asked.count == round * 2)
            if round == 2 { harness.checkpoint() }
        }
        for seed in 0..<3 {
            let page = try harness.halves()
            #expect(page.total == 2 && page.items.allSatisfy { $0.checks == 3 })
            #expect(try harness.pull(TopicName.half).messages.count == 8)
            if seed == 1 { harness.disk.delete { $0 == "checkpoint" || $0 == "checks.journal" } }
            try harness.crash(seed: UInt64(seed))
        }
        try harness.end(first, .commit)
        guard case .checkTransaction(let half, let queueOffset) = log.all.last else { return }
        try harness.ask(
            .endTransaction(
                EndTransaction(
                    producerGroup: "pg", physicalOffset: half.physicalOffset, queueOffset: queueOffset,
                    resolution: .commit, origin: .checkBack)))
        #expect(try harness.texts("t", queue: 1) == ["first", "second"] && harness.halves().total == 0)
    }

    @Test("a producer is asked about a copy only when it can be read, so that a quick answer ends it")
    func askedWhenReadable() throws {
        var options = BrokerOptions()
        options.reputsHalves = true
        let harness = try BrokerHarness(options: options)
        nonisolated(unsafe) let broker = harness.broker
        nonisolated(unsafe) var readable: [Bool] = []
        let push: @Sendable (ServerPush) -> Void = { push in
            guard case .checkTransaction(let half, _) = push else { return }
            readable.append(half.physicalOffset < broker.store.confirmed)
        }
        try harness.ask(.register(Registration(client: "p", address: "a", producerGroup: "pg", push: push)))
        for name in ["A", "B", "C"] { try harness.half(name, body: name) }
        harness.advance(6_000)
        harness.advance(200)
        #expect(readable == [true, true, true])
    }
}
