import SluiceAPI
import SluiceBroker
import SluiceMessage
import Testing

@testable import SluiceCluster

/// The table of features says what the code does.
@Suite struct FeatureTableTests {
    private static let context = ActionContext(actor: Actor(name: "ops", host: "", isProven: false))

    /// An action that needs each feature that a stock broker lacks somewhere.
    private static let actions: [Feature: OperatorAction] = [
        .delayCancel: .cancelDelay(id: "x", topic: nil), .delayNow: .deliverNow(id: "x", topic: nil),
        .delayReschedule: .reschedule(id: "x", topic: nil, due: 1),
        .pacedReplay: .replay(ReplayPlan(topic: "orders", from: 0, to: 1)),
        .gateLimit: .gate(group: "GID_online", .limited(perSecond: 5)),
        .publishLimit: .limitPublishing(topic: "orders", perSecond: 5),
    ]

    @Test(arguments: [("4.9.8", BrokerKind.rocketmq4), ("5.0.0", .rocketmq5)])
    func whatIsUnavailableIsRefusedWithItsSentence(_ version: String, _ kind: BrokerKind) async throws {
        let calls = try TapeCalls(OperatorStateTests.tapes(version), kind: kind)
        let cluster = ClusterOperator(calls, now: { 1_795_349_344_591 })
        guard case .told(.features(let features)) = await cluster.answer(.question(.features)) else {
            Issue.record("no features")
            return
        }
        #expect(Set(features.keys) == Set(Feature.allCases))
        for (feature, availability) in features {
            guard case .unavailable(let why) = availability else { continue }
            if feature == .exactDelays {
                #expect(throws: APIError.self) { try DelayChoice.check(.after(milliseconds: 7_000), on: kind, now: 0) }
                continue
            }
            let action = try #require(Self.actions[feature], "\(feature) is refused by no action")
            guard case .failed(let error) = await cluster.answer(.act(action, Self.context)) else {
                Issue.record("\(feature) was not refused")
                continue
            }
            #expect(error.code == .unavailable)
            #expect(error.message == why)
        }
    }

    @Test func ourOwnBrokersCanAll() {
        for feature in Feature.allCases {
            #expect(FeatureTable.availability(of: feature, at: .embedded) == .works)
            #expect(FeatureTable.availability(of: feature, at: .served) == .works)
        }
    }

    @Test func aClusterCanWhatItsLeastBrokerCan() {
        let mixed = FeatureTable.features(of: [.rocketmq5, .rocketmq4, .sluice])
        #expect(mixed[.exactDelays] == FeatureTable.availability(of: .exactDelays, at: .stock4))
        #expect(mixed[.browsing] == .works)
    }

    @Test func nearestLevelsAreNamed() throws {
        #expect(DelayChoice.nearestLevels(to: 7_000).map(\.level) == [2, 3])
        #expect(DelayChoice.nearestLevels(to: 500).map(\.level) == [1])
        #expect(DelayChoice.nearestLevels(to: 10_800_000).map(\.level) == [18])
        #expect(DelayChoice.nearestLevels(to: 3_600_000).map(\.level) == [17])
        try DelayChoice.check(.level(3), on: .rocketmq4, now: 0)
        try DelayChoice.check(.after(milliseconds: 7_000), on: .rocketmq5, now: 0)
        try DelayChoice.check(nil, on: .rocketmq4, now: 0)
        let error = #expect(throws: APIError.self) {
            try DelayChoice.check(.at(1_000_000 + 5_400_000), on: .rocketmq4, now: 1_000_000)
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("level 17 (1h)") == true && error?.message.contains("level 18 (2h)") == true)
    }
}
