import SluiceAPI
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceBroker

@Suite("The journal of topics and groups")
struct MetaJournalTests {
    private func harness(_ limit: Int64) throws -> BrokerHarness {
        var options = BrokerOptions()
        options.journalBytes = limit
        return try BrokerHarness(options: options)
    }

    @Test("it is made short when most of it is outdated, and forgets neither topics nor groups nor deletions")
    func snapshot() throws {
        let harness = try harness(1_000)
        try harness.publish("gone", "old")
        try harness.publish("kept", "text")
        try harness.ask(.deleteTopic("gone"))
        try harness.ask(.updateGroup(GroupConfig(name: "g", retryMaxTimes: 3)))
        try harness.ask(.updateGroup(GroupConfig(name: "short")))
        try harness.ask(.deleteGroup("short"))
        var largest = 0
        for queues in 1..<200 {
            let config = TopicConfig(name: "kept", readQueues: queues % 9 + 1, writeQueues: queues % 9 + 1)
            try harness.ask(.updateTopic(config, mustBeNew: false))
            largest = max(largest, harness.disk.contents("topics.journal")?.count ?? 0)
        }
        #expect(largest < 2_000)
        for seed in 0..<3 {
            // Everything derived is made again from the log, which still holds the deleted topic's record.
            harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" }
            try harness.crash(seed: UInt64(seed))
            #expect(harness.broker.topics["gone"] == nil)
            #expect(harness.broker.topics["kept"]?.config.readQueues == 199 % 9 + 1)
            #expect(harness.broker.groups["g"]?.config.retryMaxTimes == 3 && harness.broker.groups["short"] == nil)
        }
        try harness.publish("gone", "new")
        harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" }
        try harness.crash(seed: 5)
        #expect(try harness.texts("gone") == ["new"])
    }

    @Test("a crash while it is rewritten leaves the old or the new one", arguments: 0..<12)
    func crash(calls: Int) throws {
        let harness = try harness(400)
        try harness.publish("t", "text")
        var last = 0
        for round in 1..<80 {
            if round == 40 { harness.disk.stop(after: calls) }
            let config = TopicConfig(name: "t", readQueues: round, writeQueues: round)
            do {
                try harness.ask(.updateTopic(config, mustBeNew: false))
                last = round
            } catch { break }
        }
        try harness.crash(seed: UInt64(calls))
        let queues = try #require(harness.broker.topics["t"]?.config.readQueues)
        #expect(queues == last || queues == last + 1)
        #expect(try harness.texts("t") == ["text"])
    }
}
