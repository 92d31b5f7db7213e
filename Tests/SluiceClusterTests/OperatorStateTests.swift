import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization
import Testing

@testable import SluiceCluster

/// What an operator sees of the recorded two-broker state (Tests/Tapes/README.md).
@Suite struct OperatorStateTests {
    static let states: [(String, BrokerKind, Int64)] = [
        ("4.9.8", .rocketmq4, 1_795_348_642_272), ("5.0.0", .rocketmq5, 1_795_349_344_591),
    ]

    static func tapes(_ version: String) -> [String] {
        ["state-raw-overview", "state-raw-delay", "state-raw-trans-before"].map { "\(version)/\($0)" }
            + (version == "5.0.0" ? ["5.0.0/state-raw-timer", "5.0.0/state-raw-timer-messages"] : [])
    }

    private func operate(_ version: String, _ kind: BrokerKind, _ now: Int64) throws -> (ClusterOperator, TapeCalls) {
        let calls = try TapeCalls(Self.tapes(version), kind: kind)
        return (ClusterOperator(calls, now: { now }), calls)
    }

    @Test(arguments: states) func halvesAreThoseUnresolved(_ version: String, _ kind: BrokerKind, _ now: Int64)
        async throws
    {
        let (cluster, _) = try operate(version, kind, now)
        guard case .halves(let page) = await cluster.answer(.halves(skip: 0, limit: 100)) else {
            Issue.record("no page of halves")
            return
        }
        #expect(page.total == 5)
        #expect(page.items.count == 5)
        #expect(page.setAside == 0)
        #expect(page.note == nil)
        #expect(page.items.allSatisfy { $0.producerGroup == "PG_tx_gone" })
        #expect(page.items.allSatisfy { String(decoding: $0.bodyPeek, as: UTF8.self).hasPrefix("UNKNOW") })
        #expect(page.items.filter { $0.topic == "tx_orders" }.count == 4)
        let refund = try #require(page.items.first { $0.topic == "tx_refunds" })
        #expect(ClusterQueue.broker(refund.queue) == 1)
        #expect(page.items.map(\.storeTimestamp) == page.items.map(\.storeTimestamp).sorted())
        #expect(page.oldest == page.items.first?.storeTimestamp)
    }

    @Test(arguments: states) func delaysAreThoseOfTheLevels(
        _ version: String, _ kind: BrokerKind, _ now: Int64
    ) async throws {
        let (cluster, calls) = try operate(version, kind, now)
        guard case .delays(let page) = await cluster.answer(.delays(DelayQuery(limit: 100))) else {
            Issue.record("no page of delays")
            return
        }
        let byLevel = Dictionary(grouping: page.items, by: \.level).mapValues(\.count)
        #expect(byLevel[16] == 2)
        #expect(byLevel[17] == 1)
        #expect(byLevel[18] == 3)
        #expect(byLevel[0] ?? 0 == (version == "5.0.0" ? 3 : 0))
        #expect(page.total == page.items.count)
        #expect(page.note == nil, "\(calls.unanswered)")
        #expect(page.items.allSatisfy { $0.topic == "orders" })
        // Levels 16, 17 and 18 are half an hour, one hour and two.
        for (level, delay) in [16: 1_800_000, 17: 3_600_000, 18: 7_200_000] as [Int: Int64] {
            #expect(page.items.filter { $0.level == level }.allSatisfy { $0.due - $0.storeTimestamp == delay })
        }
        #expect(page.items.map(\.due) == page.items.map(\.due).sorted())
        #expect(Set(page.items.map { ClusterQueue.broker($0.queue) }) == [0, 1])
        let span = Int64(200_000_000)
        guard
            case .histogram(let histogram) = await cluster.answer(
                .delayHistogram(start: now, width: span, buckets: 1))
        else {
            Issue.record("no histogram")
            return
        }
        #expect(histogram.counts == [page.total])
    }

    @Test(arguments: states) func groupsHaveTheirLag(_ version: String, _ kind: BrokerKind, _ now: Int64) async throws {
        let (cluster, _) = try operate(version, kind, now)
        guard case .groups(let groups) = await cluster.answer(.groups) else {
            Issue.record("no groups")
            return
        }
        #expect(Set(groups.map(\.config.name)).isSuperset(of: ["GID_online", "GID_offline", "GID_bad"]))
        #expect(!groups.contains { $0.config.name.hasPrefix("CID_RMQ_SYS") || $0.config.name == "TOOLS_CONSUMER" })
        let bad = try #require(groups.first { $0.config.name == "GID_bad" })
        #expect(bad.deadLetters == 3)
        #expect(bad.lag == 0)
        let online = try #require(groups.first { $0.config.name == "GID_online" })
        #expect(online.topics == ["orders"])
        if version == "4.9.8" {
            let offline = try #require(groups.first { $0.config.name == "GID_offline" })
            #expect(offline.lag == 24)
            #expect(offline.committed == 6)
            #expect(online.lag == 26)
        }
    }

    @Test(arguments: states) func topicsAreCounted(_ version: String, _ kind: BrokerKind, _ now: Int64) async throws {
        let (cluster, _) = try operate(version, kind, now)
        guard case .topics(let topics) = await cluster.answer(.topics) else {
            Issue.record("no topics")
            return
        }
        let orders = try #require(topics.first { $0.config.name == "orders" })
        #expect(orders.config.readQueues == 4)
        #expect(orders.kind == .normal)
        #expect(orders.depth == 30)
        #expect(orders.published == orders.depth)
        #expect(topics.first { $0.config.name == "SCHEDULE_TOPIC_XXXX" }?.kind == .system)
        #expect(topics.first { $0.config.name == "broker-a" }?.kind == .system)
        #expect(topics.first { $0.config.name == "%DLQ%GID_bad" }?.kind == .deadLetter)
        // No tape counts this one, and unknown is not nothing.
        #expect(topics.first { $0.config.name == "jobs" }?.depth == -1)
    }

    @Test(arguments: states) func brokersSayWhoTheyAre(_ version: String, _ kind: BrokerKind, _ now: Int64) async throws
    {
        let (cluster, _) = try operate(version, kind, now)
        guard case .told(.brokers(let nodes)) = await cluster.answer(.question(.brokers)) else {
            Issue.record("no brokers")
            return
        }
        #expect(nodes.map(\.name) == ["broker-a", "broker-b"])
        #expect(nodes[0].version == version)
        #expect(nodes[0].failure == nil)
        #expect(nodes[0].diskUsed.map { $0 > 0 && $0 < 1 } == true)
        guard case .broker(let status) = await cluster.answer(.broker) else {
            Issue.record("no status")
            return
        }
        #expect(status.cluster == "DefaultCluster")
        #expect(status.unresolvedHalves == 5)
        #expect(status.pendingDelays >= 6)
        #expect(status.published > 0)
        #expect(status.diskTotalBytes > status.diskFreeBytes)
        // No RocketMQ counts these.
        #expect(status.damagedRecords == -1)
    }

    @Test(arguments: states) func clientsAreNamed(_ version: String, _ kind: BrokerKind, _ now: Int64) async throws {
        let (cluster, _) = try operate(version, kind, now)
        guard case .told(.clients(let clients)) = await cluster.answer(.question(.clients)) else {
            Issue.record("no clients")
            return
        }
        let consumer = try #require(clients.first { $0.role == .consumer && $0.group == "GID_online" })
        #expect(consumer.client.id == "192.0.2.2@consumer-live")
        #expect(consumer.subscriptions["orders"] != nil)
        let producer = try #require(clients.first { $0.role == .producer && $0.group == "PG_live" })
        #expect(producer.client.id == "192.0.2.2@producer-1")
        #expect(!producer.client.address.hasPrefix("/"))
    }

    @Test func aSilentClusterIsAnErrorAndASilentBrokerIsNamed() async throws {
        let (cluster, calls) = try operate("4.9.8", .rocketmq4, 1_795_348_642_272)
        calls.silence("broker-b")
        guard case .halves(let page) = await cluster.answer(.halves(skip: 0, limit: 100)) else {
            Issue.record("no page of halves")
            return
        }
        #expect(page.total == 4)
        #expect(page.note?.contains("broker-b") == true)
        guard case .told(.brokers(let nodes)) = await cluster.answer(.question(.brokers)) else {
            Issue.record("no brokers")
            return
        }
        #expect(nodes[1].failure?.contains("does not answer") == true)
        calls.silence("broker-a")
        guard case .failed(let error) = await cluster.answer(.delays(DelayQuery())) else {
            Issue.record("delays of nobody")
            return
        }
        #expect(error.code == .unreachable)
    }

    @Test func flowCountsWhatBrokersCount() async throws {
        let calls = try TapeCalls(Self.tapes("4.9.8"), kind: .rocketmq4)
        let time = Mutex<Int64>(1_795_348_642_000)
        let cluster = ClusterOperator(calls, now: { time.withLock { $0 } })
        _ = await cluster.answer(.flow(since: 0))
        time.withLock { $0 += 5_000 }
        guard case .flow(let samples) = await cluster.answer(.flow(since: 0)) else {
            Issue.record("no samples")
            return
        }
        #expect(samples.map(\.time) == [1_795_348_642_000, 1_795_348_647_000])
        #expect(samples.allSatisfy { $0.published == 67 })
        // GID_bad has 3 of jobs, GID_offline 6 of orders, GID_online 4; the lag is that of the latter two.
        #expect(samples.allSatisfy { $0.consumed == 13 && $0.backlog == 50 })
    }
}
