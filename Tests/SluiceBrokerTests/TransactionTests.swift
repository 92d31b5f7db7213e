import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Transactions")
struct TransactionTests {
    private func half(_ harness: BrokerHarness, _ id: String) throws -> BrokerHarness.Stored {
        let message = Message(
            topic: "t", body: Array(id.utf8), properties: [Property(PropertyName.uniqueKey, id)], queue: 1)
        return try harness.publish(message, transaction: "pg")
    }

    private func end(
        _ harness: BrokerHarness, _ stored: BrokerHarness.Stored, _ resolution: Resolution?, group: String = "pg"
    ) throws {
        try harness.ask(
            .endTransaction(
                EndTransaction(
                    producerGroup: group, physicalOffset: stored.physicalOffset, queueOffset: stored.queueOffset,
                    resolution: resolution, origin: .producer)))
    }

    private func refusal(_ body: () throws -> Void) -> APIError? {
        do {
            try body()
            return nil
        } catch {
            return error as? APIError
        }
    }

    @Test("a half is seen after its commit only; a rolled back one never", arguments: [false, true])
    func resolve(withCheckpoint: Bool) throws {
        let harness = try BrokerHarness()
        // The first half is the first record of the log.
        let first = try half(harness, "A")
        let second = try half(harness, "B")
        try harness.publish("t", "plain", queue: 1)
        #expect(try harness.texts("t", queue: 1) == ["plain"])
        if withCheckpoint { harness.checkpoint() }
        try harness.crash(seed: 1)
        #expect(try harness.halves().items.map(\.id) == ["A", "B"])
        try end(harness, first, nil)
        #expect(try harness.halves().total == 2)
        #expect(refusal { try end(harness, first, .commit, group: "others") }?.code == .refused)
        try end(harness, first, .commit)
        try end(harness, second, .rollback)
        for seed in 2..<5 {
            #expect(try harness.texts("t", queue: 1) == ["plain", "A"])
            #expect(try harness.halves().total == 0)
            #expect(refusal { try end(harness, first, .commit) }?.code == .conflict)
            #expect(refusal { try end(harness, second, .commit) }?.code == .conflict)
            if seed == 4 { harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" } }
            try harness.crash(seed: UInt64(seed))
        }
        let message = try #require(try harness.pull("t", queue: 1).messages.last)
        #expect(message.systemFlag & SystemFlag.transactionMask == SystemFlag.commit)
        #expect(message.preparedTransactionOffset == first.physicalOffset)
        // The op topic speaks RocketMQ: the half's queue offset as text.
        let ops = try harness.pull(TopicName.op).messages
        #expect(ops.map { String(decoding: $0.body, as: UTF8.self) } == ["0", "1"] && ops.allSatisfy { $0.tag == "d" })
    }

    @Test("a second resolution is a conflict that names who and when, also after a restart")
    func conflict() throws {
        let harness = try BrokerHarness()
        _ = try half(harness, "A")
        guard case .outcome(let outcome) = try harness.ask(.resolve(id: "A", .commit, reason: "by hand")) else {
            Issue.record("no outcome")
            return
        }
        #expect(outcome.visibleAt == QueueID("t", 1) && outcome.queueOffset == 0)
        for _ in 0..<2 {
            harness.advance(7_000)
            let error = refusal { try harness.ask(.resolve(id: "A", .rollback, reason: "")) }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("committed by operator") == true)
            try harness.kill()
        }
        let seconds = refusal { try harness.ask(.half(id: "A")) }?.message
        #expect(seconds?.contains("14 s ago") == true)
        #expect(refusal { try harness.ask(.resolve(id: "never", .commit, reason: "")) }?.code == .notFound)
    }

    @Test("a live producer is asked, paced and counted; at the limit the half is set aside until somebody resolves it")
    func checkBack() throws {
        var options = BrokerOptions()
        options.maxChecks = 3
        let harness = try BrokerHarness(options: options)
        let log = PushLog()
        try harness.ask(.register(Registration(client: "p1", address: "a", producerGroup: "pg", push: log.push)))
        let stored = try half(harness, "A")
        harness.advance(5_999)
        #expect(log.all.isEmpty)
        harness.advance(1)
        guard case .checkTransaction(let asked, let offset) = log.all.first else {
            Issue.record("the producer was not asked")
            return
        }
        #expect(asked.id == "A" && offset == stored.queueOffset && asked.physicalOffset == stored.physicalOffset)
        #expect(try harness.halves().items.first?.checks == 1)
        harness.advance(59_999)
        #expect(log.all.count == 1)
        try harness.crash(seed: 1)
        try harness.ask(.register(Registration(client: "p1", address: "a", producerGroup: "pg", push: log.push)))
        #expect(try harness.halves().items.first?.checks == 1)
        harness.advance(1)
        harness.advance(60_000)
        #expect(log.all.count == 3)
        harness.advance(60_000)
        harness.advance(600_000)
        #expect(log.all.count == 3)
        try harness.crash(seed: 2)
        let page = try harness.halves()
        #expect(page.setAside == 1 && page.items.first?.isSetAside == true && page.items.first?.checks == 3)
        try harness.ask(.resolve(id: "A", .commit, reason: ""))
        #expect(try harness.texts("t", queue: 1) == ["A"] && harness.halves().total == 0)
    }

    @Test("the time before the first check that a producer asks for survives a crash")
    func immunity() throws {
        let harness = try BrokerHarness()
        try harness.publish(
            Message(
                topic: "t", body: [1], properties: [Property(PropertyName.checkImmunity, "100")], queue: 0),
            transaction: "pg")
        let due = harness.now + 100_000
        #expect(try harness.halves().items.first?.nextCheck == due)
        try harness.crash(seed: 1)
        #expect(try harness.halves().items.first?.nextCheck == due)
    }
}
