import Foundation
import Testing

@testable import SluiceScenarios

/// Orders cancelled unless paid in time, on a real broker.
@Suite(.serialized) struct DelayTests {
    @Test func ordersAreCancelledUnlessTheyArePaid() async throws {
        let report = try await Self.run(settle: nil)
        #expect(report.failed.isEmpty, "\(report.checks)")
    }

    @Test func aConsumerThatDropsIsFoundOut() async throws {
        let report = try await Self.run { timeout, book in
            if timeout.order % 3 != 0 { try book.settle(timeout, at: wallMilliseconds()) }
        }
        #expect(report.failed.contains("lost"))
    }

    @Test func aConsumerThatDoesNotLookIsFoundOut() async throws {
        let report = try await Self.run { timeout, book in try book.cancelUnchecked(timeout, at: wallMilliseconds()) }
        #expect(report.failed.contains("cancelled_twice"))
    }

    /// What no real broker here does: early, twice, after it was taken back.
    @Test func aBrokerThatLiesIsFoundOut() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let book = try UnpaidOrderBook(path: folder.path + "/orders.sqlite")
        for id in Int64(1)...5 {
            try book.place(id, due: 1_000, isExact: true)
            try book.placed(id, message: "m\(id)")
        }
        #expect(try book.close(3, as: "paid", at: 400))
        try book.revoked(3, at: 410)
        #expect(try book.close(4, as: "paid", at: 500))
        try book.settle(OrderTimeout(order: 1, attempt: 1, place: "0:1"), at: 999)
        try book.settle(OrderTimeout(order: 2, attempt: 1, place: "0:2"), at: 1_001)
        try book.settle(OrderTimeout(order: 2, attempt: 1, place: "0:2"), at: 1_002)
        try book.settle(OrderTimeout(order: 2, attempt: 1, place: "0:3"), at: 1_003)
        try book.settle(OrderTimeout(order: 3, attempt: 1, place: "0:4"), at: 1_004)
        try book.cancelUnchecked(OrderTimeout(order: 4, attempt: 1, place: "0:5"), at: 1_900)
        let totals = try book.totals(at: 2_000)
        #expect(totals.early == 1)
        #expect(totals.deliveredTwice == 1)
        #expect(totals.revokedArrived == 1)
        #expect(totals.paidCancelled == 1)
        #expect(totals.lost == 1)
        let failed = DelayScenario.report(totals, outage: nil, canRevoke: true, mayRefuse: false).failed
        #expect(
            failed == [
                "lost", "early", "delivered_twice", "paid_but_cancelled", "late_p99_ms", "came_after_withdrawal",
            ])
        try book.close()
    }

    /// An order with more time ignores the message of its first deadline.
    @Test func anOlderAttemptDoesNotCount() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let book = try UnpaidOrderBook(path: folder.path + "/orders.sqlite")
        try book.place(1, due: 1_000, isExact: false)
        try book.placed(1, message: "first")
        try book.extend(1, due: 3_000, message: "second", at: 900)
        try book.settle(OrderTimeout(order: 1, attempt: 1, place: "0:1"), at: 1_000)
        #expect(try book.order(1)?.attempt == 2)
        #expect(try book.totals(at: 1_500).early == 0)
        try book.settle(OrderTimeout(order: 1, attempt: 2, place: "0:2"), at: 3_001)
        #expect(try book.totals(at: 4_000).cancelled == 1)
        try book.close()
    }

    @Test func aBrokerKilledOverTheMomentSettlesAll() async throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let executable = try #require(ScenarioTesting.executable)
        let outage = try await onThread {
            try BrokerOutage(orders: 50, window: 2_500).run(
                executable: executable, folder: folder.path, onStep: { _ in })
        }
        #expect(outage.overdue > 0)
        #expect(outage.totals.cancelled == outage.totals.placed)
        #expect(outage.overdue == outage.totals.placed)
        #expect(outage.totals.lost == 0)
        #expect(outage.totals.early == 0)
        #expect(outage.totals.deliveredTwice == 0)
        #expect(outage.totals.cancelledTwice == 0)
        #expect(outage.settleSeconds < 10)
    }

    private static func run(
        settle: (@Sendable (OrderTimeout, UnpaidOrderBook) throws -> Void)?
    ) async throws -> ScenarioReport {
        try await onStage(options: ScenarioOptions(seconds: 3)) { stage in
            let scenario = try DelayScenario(stage, settle: settle)
            defer { scenario.close() }
            return try #require(try ScenarioRun(seconds: 3, settleSeconds: 3).run(scenario))
        }
    }
}
