import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization
import Testing

@testable import SluiceScenarios

extension Played {
    /// The scenario on a real broker and a real database.
    @Suite struct PeakShavingTests {
        private static var options: PeakShavingOptions {
            var options = PeakShavingOptions()
            options.rhythm = OrderService.Rhythm(calm: 500, surge: 4_000, surgeSeconds: 1, firstSurge: 1, interval: 100)
            return options
        }

        @Test func aSmallFloodLandsWhole() async throws {
            let report = try await onStage { stage in
                let demo = try PeakShaving(stage, Self.options)
                defer { demo.close() }
                return try ScenarioRun(seconds: 3).run(demo)
            }
            let failed = Set(try #require(report).failed)
            // The shape of so short a run is not judged.
            #expect(
                failed.subtracting(["out_variation", "publish_p99_in_surge_by_before", "peak_in_by_peak_out"]).isEmpty)
            let published = try #require(report).figures.first { $0.name == "published" }
            guard case .count(let number?)? = published?.value else { throw APIError(.failed, "no count of messages") }
            #expect(number > 4_000)
        }

        /// Forgets, or lands twice, one event in a hundred, and says that all went well.
        private struct FaultyStore: OrderStore {
            let database: OrderDatabase
            let landsTwice: Bool

            func land(_ events: [OrderEvent]) throws -> [VersionVerdict] {
                let verdicts = try database.land(landsTwice ? events : events.filter { $0.number % 100 != 7 })
                guard landsTwice else { return events.map { _ in .land } }
                for event in events where event.number % 100 == 7 { try database.landUnchecked(event) }
                return verdicts
            }
            func note(step: String, message: Int) throws { try database.note(step: step, message: message) }
        }

        @Test(arguments: [false, true]) func aFaultyLandingIsFoundOut(landsTwice: Bool) throws {
            let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
            defer { folder.remove() }
            let database = try OrderDatabase(path: folder.path + "/orders.sqlite")
            let ledger = EventLedger()
            let landing = LandingService(
                store: FaultyStore(database: database, landsTwice: landsTwice), ledger: ledger,
                pacer: CommitPacer(target: 2_000, seconds: 0.01))
            for number in 0..<1_000 {
                let event = OrderEvent(number: number, order: Int64(number), version: 1, cents: 1)
                ledger.acknowledge(number)
                #expect(landing.land([Self.stored(event)]) == .success)
            }
            var totals = PeakShavingTotals()
            totals.published = ledger.acknowledged
            totals.counts = landing.counts
            totals.contents = try database.contents()
            let failed = PeakShavingReport(totals: totals, samples: []).checks.filter { !$0.isOK }.map(\.name)
            #expect(failed.contains(landsTwice ? "landed_twice" : "lost"))
            #expect(totals.lost == (landsTwice ? 0 : 10))
            try database.close()
        }

        /// While somebody holds the database's lock nothing lands, nothing is lost, and publishing goes on.
        @Test func aStalledDatabaseKeepsTheRest() async throws {
            let report = try await onStage { stage in
                let demo = try PeakShaving(stage, Self.options)
                defer { demo.close() }
                try demo.start()
                try waitUntil { demo.ledger.arrived > 100 }
                demo.press("d")
                try waitUntil { demo.stall.isHeld }
                demo.press(">")
                let published = demo.ledger.acknowledged
                try waitUntil { demo.ledger.acknowledged > published + 500 && demo.landing.consumerCount == 2 }
                #expect(demo.backlog > 100)
                #expect(demo.moment().lookAt.contains("locked"))
                demo.press("d")
                demo.press("<")
                demo.press("g")
                try waitUntil { demo.controls.withLock { $0.gate } != .open }
                demo.endLoad()
                try waitUntil { demo.isSettled }
                return try demo.report()
            }
            #expect(Set(report.failed).isDisjoint(with: ["lost", "refused", "written_in_database", "landed_twice"]))
        }

        private static func stored(_ event: OrderEvent) -> StoredMessage {
            StoredMessage(
                topic: "orders", queue: 0, queueOffset: 0, physicalOffset: 0, size: 0, flag: 0, systemFlag: 0,
                bornTimestamp: 0, bornHost: "", storeTimestamp: 0, storeHost: "", reconsumeTimes: 0,
                preparedTransactionOffset: 0, properties: [], body: event.body)
        }
    }
}
