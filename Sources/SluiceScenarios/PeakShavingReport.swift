/// A condition that a run has to meet.
public struct PeakShavingCheck: Sendable, Equatable {
    public var name: String
    public var value: Double
    /// As `<= 0.15`.
    public var expected: String
    public var isOK: Bool

    static func equal(_ name: String, _ value: Int, _ wanted: Int) -> PeakShavingCheck {
        PeakShavingCheck(name: name, value: Double(value), expected: "== \(wanted)", isOK: value == wanted)
    }
    /// A value that could not be measured (NaN) fails.
    static func atMost(_ name: String, _ value: Double, _ limit: Double) -> PeakShavingCheck {
        PeakShavingCheck(name: name, value: value, expected: "<= \(limit)", isOK: value <= limit)
    }
    static func atLeast(_ name: String, _ value: Double, _ limit: Double) -> PeakShavingCheck {
        PeakShavingCheck(name: name, value: value, expected: ">= \(limit)", isOK: value >= limit)
    }
}

/// What a whole run counted, from its own books and from the database file.
public struct PeakShavingTotals: Sendable, Equatable {
    /// Acknowledged to the producers.
    public var published = 0
    /// Messages that producers could not publish.
    public var refused = 0
    /// Messages the landing was done with, each counted once.
    public var consumed = 0
    /// Acknowledged messages that the landing was never done with.
    public var missing = 0
    public var counts = LandingCount()
    public var contents = OrderDatabase.Contents(landings: 0, twice: 0, stale: 0)
    /// Events that producers sent twice, or late, on purpose.
    public var sentTwice = 0
    public var sentLate = 0
    public var backlog = 0
    public var calm = LatencyHistogram()
    public var surge = LatencyHistogram()
    public init() {}

    /// Acknowledged messages that are neither in the database nor dropped for their version.
    public var lost: Int {
        let landed = contents.landings - contents.twice
        return max(missing, published - landed - counts.duplicates - counts.late, 0)
    }
}

/// The result of a run: what was counted, and whether it holds what peak shaving promises.
public struct PeakShavingReport: Sendable, Equatable {
    public var totals: PeakShavingTotals
    public var peakIn: Double
    public var peakOut: Double
    /// Standard deviation of the outflow by its mean, over the seconds that began and ended with a standing backlog;
    /// NaN with fewer than three of them.
    public var outVariation: Double
    public var peakBacklog: Int
    public var isDrained: Bool
    public var checks: [PeakShavingCheck]
    public var isOK: Bool { checks.allSatisfy(\.isOK) }

    public init(totals: PeakShavingTotals, samples: [PeakShavingSample]) {
        self.totals = totals
        peakIn = samples.map(\.inPerSecond).max() ?? 0
        peakOut = samples.map(\.outPerSecond).max() ?? 0
        peakBacklog = samples.map(\.backlog).max() ?? 0
        outVariation = Self.variation(Self.saturated(samples))
        isDrained = totals.backlog == 0
        let calm = totals.calm.quantile(0.99) ?? .nan
        let surge = totals.surge.quantile(0.99) ?? .nan
        checks = [
            .equal("lost", totals.lost, 0),
            .equal("refused", totals.refused, 0),
            .equal("written_in_database", totals.contents.landings, totals.counts.written),
            .equal("landed_twice", totals.contents.twice, 0),
            .equal("orders_not_at_newest_version", totals.contents.stale, 0),
            .equal("dropped", totals.counts.duplicates + totals.counts.late, totals.sentTwice + totals.sentLate),
            .equal("backlog_at_end", totals.backlog, 0),
            .atLeast("peak_in_by_peak_out", peakOut > 0 ? peakIn / peakOut : .nan, 5),
            .atMost("out_variation", outVariation, 0.15),
            .atMost("publish_p99_in_surge_by_before", surge / calm, 2),
        ]
    }

    /// Outflow of the seconds in which there was never too little to land: a second's worth before, and after.
    private static func saturated(_ samples: [PeakShavingSample]) -> [Double] {
        zip(samples, samples.dropFirst()).compactMap { before, sample in
            let enough = Int(max(sample.outPerSecond, 1))
            return before.backlog > enough && sample.backlog > enough ? sample.outPerSecond : nil
        }
    }

    private static func variation(_ values: [Double]) -> Double {
        guard values.count >= 3 else { return .nan }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
        return mean > 0 ? variance.squareRoot() / mean : .nan
    }
}
