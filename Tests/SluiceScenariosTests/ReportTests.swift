import Testing

@testable import SluiceScenarios

/// A report that says all is well only when it is.
@Suite struct ReportTests {
    private static func sample(_ second: Int, _ inflow: Double, _ outflow: Double, _ backlog: Int) -> PeakShavingSample
    {
        PeakShavingSample(
            seconds: Double(second), time: 0, inPerSecond: inflow, outPerSecond: outflow, backlog: backlog,
            state: .level, publishP99: nil, databaseP99: nil, messagesPerCommit: 1, surgeSecondsLeft: nil,
            secondsToSurge: 0, landed: 0, dropped: LandingCount())
    }
    /// 500/s, a surge of 12,000/s, and a drain at 2,000/s.
    private static let samples =
        [sample(1, 500, 500, 0), sample(2, 500, 500, 0)]
        + (0..<5).map { sample(3 + $0, 12_000, 2_000, 10_000 * ($0 + 1)) }
        + (0..<25).map { sample(8 + $0, 0, 2_000, 50_000 - 2_000 * ($0 + 1)) }

    private static func totals() -> PeakShavingTotals {
        var totals = PeakShavingTotals()
        totals.published = 61_000
        totals.consumed = 61_000
        totals.counts.written = 60_900
        totals.counts.duplicates = 60
        totals.counts.late = 40
        totals.contents = OrderDatabase.Contents(landings: 60_900, twice: 0, stale: 0)
        totals.sentTwice = 60
        totals.sentLate = 40
        (totals.calmSeconds, totals.surgeSeconds) = (7, 10)
        for _ in 0..<1_000 {
            totals.calm.add(microseconds: 1_000)
            totals.surge.add(microseconds: 1_700)
        }
        return totals
    }

    private static func failed(
        _ samples: [PeakShavingSample] = Self.samples, _ change: (inout PeakShavingTotals) -> Void = { _ in }
    ) -> [String] {
        var totals = totals()
        change(&totals)
        return PeakShavingReport(totals: totals, samples: samples).checks.filter { !$0.isOK }.map(\.name)
    }

    @Test func aGoodRunPasses() {
        #expect(Self.failed().isEmpty)
        let report = PeakShavingReport(totals: Self.totals(), samples: Self.samples)
        #expect(report.isOK && report.isDrained)
        #expect(report.peakIn == 12_000 && report.peakOut == 2_000 && report.peakBacklog == 50_000)
        #expect(report.outVariation == 0)
        #expect(report.totals.lost == 0)
    }

    @Test func aDroppedMessageIsNoticed() {
        // Done with, as the consumer says, yet not in the database.
        #expect(Self.failed { $0.contents.landings -= 1 } == ["lost", "written_in_database"])
        // Never arrived.
        #expect(Self.failed { $0.missing = 1 } == ["lost", "backlog_at_end"])
        // Dropped although it was new.
        #expect(
            Self.failed {
                $0.contents.landings -= 1
                $0.counts.written -= 1
                $0.counts.late += 1
            } == ["dropped"])
    }

    @Test func aMessageLandedTwiceIsNoticed() {
        let names = Self.failed {
            $0.contents.landings += 1
            $0.contents.twice += 1
        }
        #expect(names == ["written_in_database", "landed_twice"])
        #expect(Self.failed { $0.contents.stale = 1 } == ["orders_not_at_newest_version"])
    }

    /// A check that cannot be judged says so, and does not fail.
    @Test func aShortRunIsNotJudgedByItsLatency() throws {
        for path in [\PeakShavingTotals.calmSeconds, \.surgeSeconds] {
            var totals = Self.totals()
            totals[keyPath: path] = 4.9
            for _ in 0..<50 { totals.surge.add(microseconds: 9_000) }
            let report = PeakShavingReport(totals: totals, samples: Self.samples)
            let check = try #require(report.checks.first { $0.name == "publish_p99_in_surge_by_before" })
            #expect(check.isOK && check.skipped?.hasPrefix("too short to judge") == true && check.value > 2)
            #expect(check.expected == "<= 2.0")
        }
    }

    @Test func theShapeIsJudged() {
        #expect(Self.failed { $0.missing = 5 } == ["lost", "backlog_at_end"])
        #expect(Self.failed { $0.refused = 1 } == ["refused"])
        #expect(
            Self.failed { for _ in 0..<50 { $0.surge.add(microseconds: 9_000) } } == ["publish_p99_in_surge_by_before"])
        #expect(Self.failed { $0.calm = LatencyHistogram() } == ["publish_p99_in_surge_by_before"])
        #expect(
            Self.failed(Self.samples.map { $0.inPerSecond > 600 ? Self.sample(0, 9_000, 2_000, $0.backlog) : $0 })
                == ["peak_in_by_peak_out"])
        let uneven = Self.samples.enumerated().map { index, sample in
            Self.sample(index, sample.inPerSecond, index % 2 == 0 ? 2_000 : 1_300, sample.backlog)
        }
        #expect(Self.failed(uneven) == ["out_variation"])
        #expect(Self.failed(Array(Self.samples.prefix(2))) == ["peak_in_by_peak_out", "out_variation"])
    }
}
