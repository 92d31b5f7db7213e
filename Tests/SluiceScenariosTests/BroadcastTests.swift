import SluiceAPI
import Testing

@testable import SluiceScenarios

extension Played {
    /// Push servers with real connections, and caches that hear every change.
    @Suite struct BroadcastTests {
        private static func play(
            faults: [TimedFault] = [], settle: Double = 20,
            dropsOffer: @escaping @Sendable (Int, RideOffer) -> Bool = { _, _ in false },
            dropsChange: @escaping @Sendable (String, PriceChange) -> Bool = { _, _ in false }
        ) async throws -> ScenarioReport {
            let report = try await onStage { stage in
                let scenario = try Broadcast(stage, dropsOffer: dropsOffer, dropsChange: dropsChange)
                defer { scenario.close() }
                return try ScenarioRun(seconds: 2, faults: faults, settleSeconds: settle).run(scenario)
            }
            return try #require(report)
        }

        @Test func everyNodeGetsEveryMessage() async throws {
            let report = try await Self.play(faults: [
                TimedFault("crash", seconds: 0.4), TimedFault("drop", seconds: 0.6),
            ])
            #expect(report.failed.isEmpty)
            #expect(report.checks.contains { $0.name == "slowest_catch_up_s" })
        }

        @Test func aServerThatLosesOffersIsFoundOut() async throws {
            let report = try await Self.play(
                settle: 1, dropsOffer: { server, offer in server == 1 && offer.number % 5 == 1 })
            #expect(report.failed.contains("offers_unseen_by_a_server"))
            #expect(report.failed.contains("offers_not_on_a_phone"))
        }

        @Test func aCacheThatDropsAChangeIsFoundOut() async throws {
            let report = try await Self.play(
                settle: 1, dropsChange: { node, change in node == "node-2" && change.city == 13 })
            #expect(report.failed == ["caches_unlike_the_database"])
        }
    }
}
