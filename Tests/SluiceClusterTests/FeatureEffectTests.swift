import Foundation
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Testing

@testable import SluiceCluster

/// Every feature of the table, carried out on brokers of RocketMQ, or refused with the table's own sentence.
@Suite struct FeatureEffectTests {
    private static let now: Int64 = 10_000
    private static let context = ActionContext(actor: Actor(name: "ops", host: "", isProven: false))
    private static let half = [
        Property(PropertyName.producerGroup, "PG"), Property(PropertyName.realTopic, "orders"),
        Property(PropertyName.realQueue, "0"), Property(PropertyName.checkTimes, "2"),
    ]

    /// A broker with something for each feature, and its operator.
    private struct Stand {
        let brokers: FakeBrokers
        let cluster: ClusterOperator
        let audit = FileManager.default.temporaryDirectory.path + "/audit-\(UUID().uuidString).jsonl"

        init(_ kind: BrokerKind) {
            brokers = FakeBrokers(["broker-a"], kind: kind)
            cluster = ClusterOperator(brokers, auditFile: audit, now: { FeatureEffectTests.now })
            for number in 0..<4 { brokers.store("orders", id: "m\(number)", at: Int64(1_000 + number)) }
            brokers.store("%DLQ%G", id: "dead", properties: [Property(PropertyName.retryTopic, "orders")])
            brokers.store(TopicName.half, id: "half", properties: FeatureEffectTests.half)
            brokers.store(TopicName.setAside, id: "aside", at: 2_000, properties: FeatureEffectTests.half)
            let delayed = [Property(PropertyName.realTopic, "orders"), Property(PropertyName.realQueue, "0")]
            brokers.store(TopicName.schedule, queue: 4, id: "level", at: 9_500, properties: delayed)
            brokers.store(
                TopicName.timer, id: "exact", properties: delayed + [Property(PropertyName.timerDue, "99000")])
            brokers.change {
                $0.groups = ["G"]
                $0.committed = ["G": [QueueID("orders", 0): 1]]
            }
        }

        func act(_ action: OperatorAction) async throws -> ActionOutcome {
            switch await cluster.answer(.act(action, FeatureEffectTests.context)) {
            case .acted(let outcome): return outcome
            case .failed(let error): throw error
            default: throw APIError(.failed, "no outcome")
            }
        }
    }

    @Test(arguments: [BrokerKind.rocketmq4, .rocketmq5], Feature.allCases)
    func aFeatureIsWhatTheTableSays(_ kind: BrokerKind, _ feature: Feature) async throws {
        let stand = Stand(kind)
        defer { try? FileManager.default.removeItem(atPath: stand.audit) }
        if case .unavailable(let why) = FeatureTable.availability(of: feature, at: .init(kind)) {
            let error = await #expect(throws: APIError.self) { try await Self.carryOut(feature, stand, kind) }
            #expect(error?.code == (feature == .exactDelays ? .refused : .unavailable))
            if feature != .exactDelays { #expect(error?.message == why) }
        } else {
            try await Self.carryOut(feature, stand, kind)
        }
    }

    /// Does it and looks at what came of it.
    private static func carryOut(_ feature: Feature, _ stand: Stand, _ kind: BrokerKind) async throws {
        let (cluster, brokers) = (stand.cluster, stand.brokers)
        func held(_ topic: String) -> [String] {
            brokers.change { ($0.queues[QueueID(topic, 0)] ?? []).map(\.id) }
        }
        switch feature {
        case .figures:
            let topics = try await cluster.topicSummaries()
            #expect(topics.first { $0.config.name == "orders" }?.depth == 4)
            #expect(try await cluster.groupSummaries().first?.lag == 3)
        case .browsing:
            let fetch = try await cluster.read(.queue(QueueID("orders", 0), from: 1, limit: 2))
            #expect(fetch.messages().map(\.id) == ["m1", "m2"])
            let found = try await cluster.read(.key(topic: "orders", key: "m3", limit: 5))
            #expect(found.messages().map(\.id) == ["m3"])
        case .delayLevels:
            let delays = try await cluster.delayPage(DelayQuery()).items
            let level = try #require(delays.first { $0.id == "level" })
            #expect(level.level == 5 && level.due == 9_500 + 60_000 && level.topic == "orders")
        case .exactDelays:
            try DelayChoice.check(.after(milliseconds: 7_000), on: kind, now: now)
            let delays = try await cluster.delayPage(DelayQuery()).items
            #expect(delays.first { $0.id == "exact" }?.due == 99_000)
        case .delayCancel:
            #expect(try await stand.act(.cancelDelay(id: "exact", topic: nil)).due == 99_000)
            #expect(brokers.change { $0.recalled.count } == 1)
        case .delayNow: _ = try await stand.act(.deliverNow(id: "exact", topic: nil))
        case .delayReschedule: _ = try await stand.act(.reschedule(id: "exact", topic: nil, due: 98_000))
        case .halves: #expect(Set(try await cluster.halfPage(skip: 0, limit: 9).items.map(\.id)) == ["half", "aside"])
        case .halfChecks:
            let items = try await cluster.halfPage(skip: 0, limit: 9).items
            let open = try #require(items.first { $0.id == "half" })
            #expect(open.checks == 2 && open.maxChecks == 15 && open.nextCheck == 1_000 + 60_000)
            #expect(items.first { $0.id == "aside" }?.isSetAside == true)
        case .resolve:
            let outcome = try await stand.act(.resolve(id: "half", .commit))
            #expect(outcome.resolution?.visibleAt == QueueID("orders", 0) && outcome.resolution?.queueOffset == 4)
            #expect(held("orders").last == "half")
            #expect(try await cluster.halfPage(skip: 0, limit: 9).items.map(\.id) == ["aside"])
        case .recheck:
            _ = try await stand.act(.recheck(id: "aside"))
            #expect(held(TopicName.half) == ["half", "aside"])
        case .reset:
            let request = ResetRequest(group: "G", topic: "orders", target: .last, dryRun: false)
            #expect(try await stand.act(.reset(request)).steps.map(\.to) == [4])
            #expect(brokers.change { $0.committed["G"]?[QueueID("orders", 0)] } == 4)
        case .republish:
            let first = try #require(
                try await cluster.read(.queue(QueueID("orders", 0), from: 0, limit: 1)).messages().first)
            #expect(try await stand.act(.republish([first.physicalOffset], to: nil)).stored.count == 1)
            #expect(held("orders").count == 5)
        case .pacedReplay: _ = try await stand.act(.replay(ReplayPlan(topic: "orders", from: 0, to: 1)))
        case .deadLetters:
            _ = try await stand.act(.resendDeadLetters(DeadLetterSelection(group: "G", offsets: nil)))
            #expect(held("%RETRY%G") == ["dead"])
        case .pause:
            _ = try await stand.act(.gate(group: "G", .paused))
            #expect(brokers.change { $0.paused } == ["G"])
        case .gateLimit: _ = try await stand.act(.gate(group: "G", .limited(perSecond: 5)))
        case .publishLimit: _ = try await stand.act(.limitPublishing(topic: "orders", perSecond: 5))
        case .editTopics:
            _ = try await stand.act(.updateTopic(TopicConfig(name: "invoices"), mustBeNew: true))
            #expect(brokers.change { $0.topics.contains("invoices") })
        case .editGroups:
            _ = try await stand.act(.updateGroup(GroupConfig(name: "H")))
            #expect(brokers.change { $0.groups.contains("H") })
        case .clients:
            #expect(try await cluster.connectedClients().isEmpty)
            #expect(brokers.asked(RequestCode.getConsumerConnections).contains("G"))
        case .audit:
            _ = try await stand.act(.updateGroup(GroupConfig(name: "H")))
            guard case .audit(let entries, let total) = try await cluster.told(.audit(from: 1, limit: 9)) else {
                throw APIError(.failed, "no audit")
            }
            let last = try #require(entries.last)
            #expect(total == 2 && last.outcome?.hasPrefix("done: ") == true)
        }
    }
}
