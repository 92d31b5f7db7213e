import Foundation
import SluiceAPI
import SluiceClient
import Testing

@testable import SluiceScenarios

/// Payments that four services agree on, on a real broker and real databases.
@Suite(.serialized) struct TransactionTests {
    @Test func allAgreeAfterEveryFault() async throws {
        let report = try await Self.run(
            faults: ["instance-gone", "logistics-gone", "coordinator-gone", "no-answer"], halves: 2)
        #expect(report.failed.isEmpty, "\(report.checks)")
        #expect(report.figures.contains(Figure("halves_left", 2)))
    }

    /// What an operator decides by hand reaches all four, or none.
    @Test func halvesAreResolvedByHand() async throws {
        let options = ScenarioOptions(seconds: 60, settings: ["leave-halves": "2"])
        try await onStage(options: options) { stage in
            let scenario = try TransactionScenario(stage)
            defer { scenario.close() }
            try scenario.start()
            #expect(try waits(seconds: 10) { try scenario.unresolved().left == 2 })
            let admin = stage.admin
            let left = try blocking { try await admin.halves(skip: 0, limit: 100).items }
                .filter {
                    try scenario.ledger.state(Int64(String(decoding: $0.bodyPeek, as: UTF8.self)) ?? 0) == .disputed
                }
            let orders = try scenario.ledger.orders(.disputed).sorted()
            for (half, resolution) in zip(left, [Resolution.commit, .rollback]) {
                _ = try blocking { try await admin.resolve(id: half.id, as: resolution, reason: "asked the bank") }
            }
            scenario.endLoad()
            #expect(waits(seconds: 20) { scenario.isSettled })
            #expect(try orders.map { try scenario.ledger.state($0) } == [.paid, .failed])
            // How long two-phase commit holds its locks takes more orders to say than come here.
            let failed = try scenario.report().failed.filter { !$0.hasPrefix("two_phase") }
            #expect(failed == [])
        }
    }

    @Test func aServiceThatDropsIsFoundOut() async throws {
        let report = try await Self.run { work, path, group in
            try Downstream(work, path: path, group: group, accepts: { work != .points || $0 % 5 != 0 })
        }
        #expect(report.failed.contains("paid_but_missing"))
        #expect(report.failed.contains("points"))
        #expect(!report.failed.contains("shipped"))
    }

    /// It says of orders that were never paid that they were.
    @Test func aProducerThatLiesIsFoundOut() async throws {
        let report = try await Self.run(lies: true)
        #expect(report.failed.contains("worked_for_unpaid"))
    }

    @Test func aServiceThatForgetsWhatItHasSeenIsFoundOut() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let careful = try Downstream(.logistics, path: folder.path + "/a.sqlite", group: "a")
        let careless = try Downstream(.points, path: folder.path + "/b.sqlite", group: "b", isIdempotent: false)
        for service in [careful, careless] { try service.apply([1, 2, 3]) }
        for service in [careful, careless] { try service.apply([3]) }
        #expect(careful.repeats == 1)
        var facts = TransactionFacts()
        facts.half = try Consistency.measure(
            paid: [1, 2, 3], [careful, careless].map { ($0.work, try $0.orders()) } + [(.cart, [1, 2, 3])])
        #expect(facts.half.doubled == 1)
        #expect(facts.report().failed.contains("worked_twice"))
        try careful.close()
        try careless.close()
    }

    /// What was decided is done in all four files after a restart, what was only prepared in none.
    @Test func twoPhaseCommitRecovers() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let first = try TwoPhaseCommit(folder: folder.path)
        for _ in 0..<3 { #expect(try first.pay() > 0) }
        #expect(throws: TwoPhaseCommit.CoordinatorDied.self) { try first.pay(diesAfterDecision: true) }
        #expect(try first.consistency().paid == 3)
        first.close()
        let promise = try DecisionLog(path: folder.path + "/payment.prepared")
        try promise.append(5)
        promise.close()
        let second = try TwoPhaseCommit(folder: folder.path)
        let after = try second.consistency()
        #expect(after.paid == 4 && after.isConsistent)
        #expect(try second.pay() > 0)
        #expect(try second.consistency().isConsistent)
        second.close()
    }

    private static func run(
        lies: Bool = false, faults: [String] = [], halves: Int = 0,
        makeService: @escaping @Sendable (Downstream.Work, String, String) throws -> Downstream = {
            try Downstream($0, path: $1, group: $2)
        }
    ) async throws -> ScenarioReport {
        let options = ScenarioOptions(seconds: 3, settings: ["leave-halves": String(halves)])
        return try await onStage(options: options) { stage in
            let scenario = try TransactionScenario(stage, lies: lies, makeService: makeService)
            defer { scenario.close() }
            let timed = faults.enumerated().map { TimedFault($1, seconds: 0.4 + 0.3 * Double($0)) }
            return try #require(
                try ScenarioRun(seconds: 3, faults: timed, settleSeconds: faults.isEmpty ? 4 : 12).run(scenario))
        }
    }
}
