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
    /// Orders of the order service's cache that the database has at another version.
    public var unlikeCache = 0
    public var calm = LatencyHistogram()
    public var surge = LatencyHistogram()
    /// Seconds of each that were measured.
    public var calmSeconds = 0.0
    public var surgeSeconds = 0.0
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
    /// Time to commit of the same surge without the queue; nil where it was not run.
    public var straight: LatencyHistogram?
    public var straightInTime = 0
    public var checks: [ScenarioCheck]
    public var isOK: Bool { checks.allSatisfy(\.isOK) }
    /// Seconds of calm and of surge without which their 99th percentiles say more about single hiccups of the disk.
    static let leastSeconds = 5.0

    init(totals: PeakShavingTotals, samples: [PeakShavingSample], straight: StraightSurge.Result? = nil) {
        self.straight = straight?.latency
        straightInTime = straight?.percentInTime ?? 0
        self.totals = totals
        peakIn = samples.map(\.inPerSecond).max() ?? 0
        peakOut = samples.map(\.outPerSecond).max() ?? 0
        peakBacklog = samples.map(\.backlog).max() ?? 0
        outVariation = Self.variation(Self.saturated(samples))
        isDrained = totals.missing == 0
        let calm = totals.calm.quantile(0.99) ?? .nan
        let surge = totals.surge.quantile(0.99) ?? .nan
        checks = [
            .equal("lost", totals.lost, 0),
            .equal("refused", totals.refused, 0),
            .equal("written_in_database", totals.contents.landings, totals.counts.written),
            .equal("landed_twice", totals.contents.twice, 0),
            .equal("orders_not_at_newest_version", totals.contents.stale, 0),
            .equal("orders_unlike_the_cache", totals.unlikeCache, 0),
            .equal("dropped", totals.counts.duplicates + totals.counts.late, totals.sentTwice + totals.sentLate),
            .equal("backlog_at_end", totals.missing, 0),
            .atLeast("peak_in_by_peak_out", peakOut > 0 ? peakIn / peakOut : .nan, 5),
            .atMost("out_variation", outVariation, 0.15),
            Self.publishCheck(surge / calm, totals),
        ]
        if let straight {
            checks.append(
                .atLeast("p99_without_queue_by_with", (straight.latency.quantile(0.99) ?? .nan) / surge, 10))
        }
    }

    /// Compares publishing in the surge with publishing before it, where both lasted long enough.
    private static func publishCheck(_ ratio: Double, _ totals: PeakShavingTotals) -> ScenarioCheck {
        let check = ScenarioCheck.atMost("publish_p99_in_surge_by_before", ratio, 2)
        guard min(totals.calmSeconds, totals.surgeSeconds) < leastSeconds else { return check }
        return check.skipped(
            "too short to judge: \(Int(totals.calmSeconds)) s before the surge and \(Int(totals.surgeSeconds)) s in it, "
                + "\(Int(leastSeconds)) of each are needed")
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

extension PeakShavingReport {
    /// As every scenario reports.
    var general: ScenarioReport {
        ScenarioReport(figures: figures, checks: checks, sentences: sentences)
    }

    private var figures: [Figure] {
        [
            Figure("published", totals.published), Figure("consumed", totals.consumed),
            Figure("written", totals.contents.landings), Figure("lost", totals.lost),
            Figure("duplicates_dropped", totals.counts.duplicates),
            Figure("out_of_order_dropped", totals.counts.late), Figure("peak_in_per_s", peakIn),
            Figure("peak_out_per_s", peakOut), Figure("out_variation", outVariation, places: 4),
            Figure("peak_backlog", peakBacklog), Figure("drained", .flag(isDrained)),
            Figure("before_s", totals.calmSeconds), Figure("surge_s", totals.surgeSeconds, places: 0),
            Figure("publish_p99_before_ms", totals.calm.quantile(0.99), places: 3),
            Figure("publish_p99_surge_ms", totals.surge.quantile(0.99), places: 3),
            Figure("without_queue_p50_ms", straight?.quantile(0.5), places: 3),
            Figure("without_queue_p99_ms", straight?.quantile(0.99), places: 3),
            Figure("without_queue_in_time_percent", straight.map { _ in Double(straightInTime) }, places: 0),
        ]
    }

    private var sentences: [String] {
        var sentences = [
            "\(Words.grouped(totals.published)) published, \(Words.grouped(totals.contents.landings)) written to SQLite, "
                + "\(Words.grouped(totals.counts.duplicates)) duplicates and \(Words.grouped(totals.counts.late)) late ones "
                + "dropped, \(Words.grouped(totals.lost)) lost",
            "peak in \(Words.grouped(Int(peakIn)))/s, peak out \(Words.grouped(Int(peakOut)))/s, "
                + "peak backlog \(Words.grouped(peakBacklog)), \(isDrained ? "drained" : "not drained")",
        ]
        if let straight {
            sentences.append(
                "an order waits \(Words.milliseconds(totals.surge.quantile(0.99))) (p99) in the surge; without the queue "
                    + "\(Words.milliseconds(straight.quantile(0.99))), and \(straightInTime) % are done within "
                    + "\(Int(StraightSurge.patience)) s")
        }
        return sentences
    }
}
