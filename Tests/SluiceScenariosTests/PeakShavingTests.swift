import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Testing

@testable import SluiceScenarios

/// The scenario on a real broker and a real database.
@Suite(.serialized) struct PeakShavingTests {
    private static var options: PeakShavingOptions {
        var options = PeakShavingOptions(durability: .async, root: NSTemporaryDirectory())
        options.rhythm = OrderService.Rhythm(calm: 500, surge: 4_000, surgeSeconds: 1, firstSurge: 1, interval: 100)
        return options
    }

    @Test func aSmallFloodLandsWhole() async throws {
        let demo = try PeakShaving(Self.options)
        let root = demo.folderPath
        try await demo.start()
        let report = try await onThread {
            try demo.run(seconds: 3, shouldStop: { false }, onSample: { _ in })
        }
        let totals = try #require(report).totals
        #expect(totals.published > 4_000)
        #expect(totals.lost == 0)
        #expect(totals.refused == 0)
        #expect(totals.contents.landings == totals.counts.written)
        #expect(totals.contents.twice == 0)
        #expect(totals.counts.duplicates + totals.counts.late == totals.sentTwice + totals.sentLate)
        #expect(try #require(report).isDrained)
        demo.close()
        #expect(!FileManager.default.fileExists(atPath: root))
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

    private static func stored(_ event: OrderEvent) -> StoredMessage {
        StoredMessage(
            topic: "orders", queue: 0, queueOffset: 0, physicalOffset: 0, size: 0, flag: 0, systemFlag: 0,
            bornTimestamp: 0, bornHost: "", storeTimestamp: 0, storeHost: "", reconsumeTimes: 0,
            preparedTransactionOffset: 0, properties: [], body: event.body)
    }

    /// Runs blocking work away from the pool of Swift's tasks.
    private func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try work() }) }.start()
        }
    }
}
