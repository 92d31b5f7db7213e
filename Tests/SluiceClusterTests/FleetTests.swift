import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization
import Testing

@testable import SluiceCluster

/// A time that a test moves.
final class FakeTime: Sendable {
    private let value: Mutex<Int64>
    init(_ start: Int64 = 1_000_000) { value = Mutex(start) }
    var now: Int64 { value.withLock { $0 } }
    func pass(_ milliseconds: Int64) { value.withLock { $0 += milliseconds } }
}

/// Several stock brokers: what of a figure is known where one of them is silent, and whose dead letters are whose.
@Suite struct FleetTests {
    private static let context = ActionContext(actor: Actor(name: "ops", host: "", isProven: false))

    /// Two brokers with a topic, a group with a lag and dead letters on each.
    private static func brokers() -> FakeBrokers {
        let brokers = FakeBrokers()
        for name in ["broker-a", "broker-b"] {
            for number in 0..<3 {
                brokers.store("orders", id: "\(name) \(number)", on: name)
                brokers.store("%DLQ%G", id: "dead \(name) \(number)", on: name)
            }
            brokers.change(name) {
                $0.groups = ["G"]
                $0.committed = ["G": [QueueID("orders", 0): 1]]
                $0.published = 100
            }
        }
        return brokers
    }

    @Test func aTotalWithoutASilentBrokerSaysSo() async throws {
        let (brokers, time) = (Self.brokers(), FakeTime())
        let cluster = ClusterOperator(brokers, now: { time.now })
        let whole = try await Figures(cluster)
        #expect(whole.topic.depth == 6 && whole.topic.coverage?.isPartial == false)
        #expect(whole.group.lag == 4 && whole.group.deadLetters == 6)
        #expect(whole.coverages.allSatisfy { $0 == Coverage(counted: ["broker-a", "broker-b"], without: []) })
        brokers.change("broker-b") { $0.isSilent = true }
        time.pass(60_000)
        // One that was asked before and one that begins now do not take the part for the whole.
        for cluster in [cluster, ClusterOperator(brokers, now: { time.now })] {
            let part = try await Figures(cluster)
            #expect(part.coverages.allSatisfy { $0 == Coverage(counted: ["broker-a"], without: ["broker-b"]) })
        }
        brokers.change("broker-b") { $0.isSilent = false }
        time.pass(60_000)
        _ = try await Figures(cluster)
        let again = try await Figures(cluster)
        #expect(again.coverages.allSatisfy { $0?.isPartial == false })
    }

    /// What the header, the lists and the pages of an operator say.
    private struct Figures {
        var status: BrokerStatus
        var topic: TopicSummary
        var group: GroupSummary
        var delays: DelayPage
        var halves: HalfPage
        var coverages: [Coverage?] {
            [status.coverage, topic.coverage, group.coverage, delays.coverage, halves.coverage]
        }

        init(_ cluster: ClusterOperator) async throws {
            status = try await cluster.brokerStatus()
            topic = try #require(try await cluster.topicSummaries().first { $0.config.name == "orders" })
            group = try #require(try await cluster.groupSummaries().first { $0.config.name == "G" })
            delays = try await cluster.delayPage(DelayQuery())
            halves = try await cluster.halfPage(skip: 0, limit: 10)
        }
    }

    @Test func deadLettersOfAnotherBrokerCanBeChosen() async throws {
        let brokers = Self.brokers()
        let cluster = ClusterOperator(brokers, now: { 1_000_000 })
        let queues = try await cluster.topicStatus("%DLQ%G").queues
        #expect(queues.map(\.queue) == [0, 1 << 16] && queues.allSatisfy { $0.depth == 3 })
        let all = try await cluster.resendDeadLetters(DeadLetterSelection(group: "G", offsets: nil), dryRun: true)
        #expect(all.count == 6)
        // Offsets alone could be those of either.
        await #expect(throws: APIError.self) {
            try await cluster.resendDeadLetters(DeadLetterSelection(group: "G", offsets: [1]), dryRun: true)
        }
        let chosen = DeadLetterSelection(group: "G", offsets: [0, 2], queue: 1 << 16)
        #expect(try await cluster.resendDeadLetters(chosen, dryRun: false).count == 2)
        #expect(brokers.asked(RequestCode.sendMessageV2, of: "broker-b").count == 2)
        #expect(brokers.asked(RequestCode.sendMessageV2, of: "broker-a").isEmpty)
        // Those of a broker that answers can be had while another one is silent.
        brokers.change("broker-a") { $0.isSilent = true }
        #expect(try await cluster.resendDeadLetters(chosen, dryRun: true).count == 2)
        let missing = DeadLetterSelection(group: "G", offsets: [7], queue: 1 << 16)
        await #expect(throws: APIError.self) { try await cluster.resendDeadLetters(missing, dryRun: true) }
    }

    // MARK: Flow

    @Test func ratesHaveNoPeaks() async throws {
        let (brokers, time) = (Self.brokers(), FakeTime())
        let cluster = ClusterOperator(brokers, now: { time.now })
        func sample() async throws -> FlowSample {
            time.pass(1_000)
            return try #require(try await cluster.flowSamples(since: 0).last)
        }
        let first = try await sample()
        #expect(first.published == 200 && first.consumed == 2 && first.backlog == 4)
        brokers.change {
            $0.published += 10
            $0.committed["G"] = [QueueID("orders", 0): 3]
        }
        let second = try await sample()
        #expect(second.published == 210 && second.consumed == 4)
        // A group is set back, another begins far along, and both brokers go on.
        brokers.change {
            $0.committed = ["G": [QueueID("orders", 0): 0], "new": [QueueID("orders", 0): 1_000_000]]
        }
        brokers.change("broker-b") { $0.committed["G"] = [QueueID("orders", 0): 2] }
        let third = try await sample()
        #expect(third.consumed == 5, "only what broker-b's group did")
        // A broker is away, does much meanwhile, and comes back.
        brokers.change("broker-b") { $0.isSilent = true }
        let fourth = try await sample()
        brokers.change("broker-b") {
            $0.published += 1_000_000
            $0.isSilent = false
        }
        let fifth = try await sample()
        brokers.change("broker-b") { $0.published += 7 }
        let sixth = try await sample()
        #expect([fourth, fifth].allSatisfy { $0.published == 210 && $0.consumed == 5 })
        #expect(sixth.published == 217)
        // It is started again, and counts from 0.
        brokers.change("broker-b") { $0.published = 3 }
        #expect(try await sample().published == 217)
    }

    // MARK: Scale

    /// One tick of what the overview asks.
    private func tick(_ cluster: ClusterOperator) async throws {
        _ = try await cluster.brokerStatus()
        _ = try await cluster.flowSamples(since: 0)
        _ = try await cluster.topicSummaries()
        _ = try await cluster.groupSummaries()
    }

    /// Of five thousand topics those on the screen are asked for each second, and the others take turns.
    @Test func manyTopicsAreAskedForInTurns() async throws {
        let (brokers, time) = (FakeBrokers(["broker-a"]), FakeTime())
        let topics = (0..<2_000).map { "topic-\($0)" }
        brokers.change {
            $0.topics = Set(topics)
            for name in topics { $0.ends[QueueID(name, 0)] = 1 }
            $0.groups = Set((0..<500).map { "group-\($0)" })
        }
        let cluster = ClusterOperator(brokers, now: { time.now })
        let shown: Set<String> = ["topic-7", "topic-1234", "group-3"]
        cluster.watch(shown)
        try await tick(cluster)
        // A first round may go on behind who asked.
        try await eventually("all were counted once") {
            time.pass(1)
            let topics = try await cluster.topicSummaries()
            let groups = try await cluster.groupSummaries()
            return topics.allSatisfy { $0.depth == 1 } && groups.allSatisfy { $0.clients == 0 }
        }
        brokers.forgetRequests()
        for _ in 0..<10 {
            time.pass(1_000)
            try await tick(cluster)
        }
        for code in [
            RequestCode.getAllTopicConfig, RequestCode.getAllConsumerOffset, RequestCode.getBrokerConsumeStats,
            RequestCode.getBrokerRuntimeInfo, RequestCode.getAllSubscriptionGroupConfig,
        ] {
            #expect(brokers.asked(code).count <= 10, "\(code) at most once a tick")
        }
        let stats = brokers.asked(RequestCode.getTopicStats).filter { $0.hasPrefix("topic-") }
        for name in ["topic-7", "topic-1234"] {
            #expect(stats.count { $0 == name } == 10, "what is on the screen is asked for each time")
        }
        let rest = stats.filter { !shown.contains($0) }
        #expect(rest.count > 100 && rest.count < 600, "\(rest.count) of the others in ten seconds")
        #expect(Set(rest).count == rest.count, "each in its turn")
        let members = brokers.asked(RequestCode.getConsumerConnections)
        #expect(members.count { $0 == "group-3" } == 10)
        #expect(members.count < 600)
    }
}
