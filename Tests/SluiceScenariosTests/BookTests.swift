import Testing

@testable import SluiceScenarios

/// The books that a run is judged by.
@Suite struct BookTests {
    @Test func theLedgerShowsALoss() {
        let ledger = EventLedger()
        for number in 0..<5_000 { ledger.acknowledge(number) }
        #expect(ledger.arrive(Array(0..<4_999)).allSatisfy { $0 })
        #expect(ledger.lost == 1)
        #expect(ledger.arrive([4_998, 4_999]) == [false, true])
        #expect(ledger.lost == 0)
        #expect(ledger.arrived == 5_000)
        #expect(ledger.arrive([-1, 70_000]) == [false, true])
        #expect(ledger.lost == 0)
    }

    @Test func quantilesAreWithinAnEighth() throws {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        for value in 1...10_000 { histogram.add(microseconds: Int64(value)) }
        let median = try #require(histogram.quantile(0.5))
        let high = try #require(histogram.quantile(0.99))
        #expect((5.0...5.7).contains(median))
        #expect((9.9...11.2).contains(high))
        histogram.add(microseconds: .max)
        histogram.add(microseconds: -5)
        #expect(histogram.count == 10_002)
    }

    /// However long commits take, as many messages a second result.
    @Test(arguments: [0.000_1, 0.000_4, 0.000_6, 0.005, 0.05]) func theTransactionsFitTheDisk(_ commit: Double) {
        let pacer = CommitPacer(target: 2_000, seconds: 0.001)
        var messages = 0
        var seconds = 0.0
        var measured = 0
        var start = 0.0
        for round in 0..<20_000 {
            let batch = pacer.nextBatch()
            for _ in 0..<pacer.nextSteps() {
                pacer.committed(seconds: commit)
                seconds += commit
            }
            messages += batch
            if round == 2_000 { (measured, start) = (messages, seconds) }
        }
        let rate = Double(messages - measured) / (seconds - start)
        #expect((1_900...2_100).contains(rate))
    }

    @Test func aBacklogHasAState() {
        #expect(PeakShavingSample.State(before: 0, after: 3, out: 500) == .level)
        #expect(PeakShavingSample.State(before: 1_000, after: 9_000, out: 2_000) == .growing)
        #expect(PeakShavingSample.State(before: 9_000, after: 7_500, out: 2_000) == .draining)
        #expect(PeakShavingSample.State(before: 9_000, after: 9_000, out: 0) == .stalled)
        #expect(PeakShavingSample.State(before: 9_000, after: 9_500, out: 0) == .stalled)
        #expect(PeakShavingSample.State(before: 90_000, after: 88_500, out: 2_000) == .draining)
        #expect(PeakShavingSample.State(before: 90_000, after: 90_050, out: 2_000) == .level)
    }
}
