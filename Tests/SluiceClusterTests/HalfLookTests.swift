import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceCluster

/// Halves that a stock broker gave up, and what became of them.
@Suite struct HalfLookTests {
    private static let properties = [
        Property(PropertyName.producerGroup, "PG"), Property(PropertyName.realTopic, "orders"),
        Property(PropertyName.realQueue, "0"),
    ]

    private static func look(_ brokers: FakeBrokers) async throws -> HalfLook {
        let node = try #require(try await brokers.brokers(refresh: false).first)
        return HalfLook(StockBroker(calls: brokers, node: node))
    }

    private static func pass(_ brokers: FakeBrokers, to offset: Int64) {
        brokers.change { $0.committed["CID_RMQ_SYS_TRANS"] = [QueueID(TopicName.half, 0): offset] }
    }

    /// RocketMQ leaves its record of a half that it gave up where it is, also when the half was put back and ended.
    @Test func aSetAsideHalfThatWasResolvedIsNotOfferedAgain() async throws {
        let brokers = FakeBrokers(["broker-a"])
        brokers.store(TopicName.half, id: "gone", at: 1_000, properties: Self.properties)
        brokers.store(TopicName.half, id: "kept", at: 1_000, properties: Self.properties)
        // Both are given up: their group has passed them.
        for id in ["gone", "kept"] {
            brokers.store(TopicName.setAside, id: id, at: 2_000, properties: Self.properties)
        }
        Self.pass(brokers, to: 2)
        let look = try await Self.look(brokers)
        let both = try await look.unresolved(now: 10_000).halves
        #expect(both.map(\.id) == ["gone", "kept"] && both.allSatisfy(\.isSetAside))
        // One is put back: it is unresolved as any other.
        brokers.store(TopicName.half, id: "gone", at: 3_000, properties: Self.properties)
        let back = try await look.unresolved(now: 20_000).halves
        #expect(back.map(\.id) == ["gone", "kept"] && back.map(\.isSetAside) == [false, true])
        // It is ended, and later the broker's group passes it: only the record of its giving up is left.
        brokers.store(TopicName.op, id: "op", at: 4_000, body: "2")
        #expect(try await look.unresolved(now: 30_000).halves.map(\.id) == ["kept"])
        Self.pass(brokers, to: 3)
        #expect(try await look.unresolved(now: 40_000).halves.map(\.id) == ["kept"])
        // A console that begins now has seen none of it.
        #expect(try await Self.look(brokers).unresolved(now: 50_000).halves.map(\.id) == ["kept"])
    }

    /// One that was put back and given up once more is there again.
    @Test func aHalfThatIsGivenUpTwiceIsListedOnce() async throws {
        let brokers = FakeBrokers(["broker-a"])
        brokers.store(TopicName.half, id: "h", at: 1_000, properties: Self.properties)
        brokers.store(TopicName.setAside, id: "h", at: 2_000, properties: Self.properties)
        brokers.store(TopicName.half, id: "h", at: 3_000, properties: Self.properties)
        brokers.store(TopicName.setAside, id: "h", at: 4_000, properties: Self.properties)
        Self.pass(brokers, to: 2)
        let halves = try await Self.look(brokers).unresolved(now: 10_000).halves
        #expect(halves.map(\.id) == ["h"] && halves.first?.isSetAside == true)
    }
}
