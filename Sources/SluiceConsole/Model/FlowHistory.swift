import SluiceAPI

/// The broker's samples of the last ten minutes, one a second.
struct FlowHistory: Sendable {
    static let seconds = 600
    private(set) var samples: [FlowSample] = []

    mutating func add(_ more: [FlowSample]) {
        for sample in more where sample.time > (samples.last?.time ?? .min) { samples.append(sample) }
        guard let newest = samples.last?.time else { return }
        samples.removeAll { newest - $0.time > Int64(Self.seconds) * 1000 }
    }

    /// What to ask for next: samples newer than this.
    func since(now: Int64) -> Int64 { samples.last?.time ?? now - Int64(Self.seconds) * 1000 }

    struct Series: Sendable, Equatable {
        var inflow: [Double?]
        var outflow: [Double?]
        var backlog: [Double?]
    }

    /// Second by second up to the newest sample, oldest first. A second without a sample, or after a restart of the
    /// counters, is unknown.
    func series(seconds: Int) -> Series {
        var result = Series(
            inflow: Array(repeating: nil, count: seconds), outflow: Array(repeating: nil, count: seconds),
            backlog: Array(repeating: nil, count: seconds))
        guard let newest = samples.last?.time, seconds > 0 else { return result }
        for index in samples.indices {
            let sample = samples[index]
            let position = seconds - 1 - Int((newest - sample.time) / 1000)
            guard position >= 0 else { continue }
            result.backlog[position] = Double(sample.backlog)
            guard index > 0, case let before = samples[index - 1], sample.time - before.time == 1000 else { continue }
            if sample.published >= before.published {
                result.inflow[position] = Double(sample.published - before.published)
            }
            if sample.consumed >= before.consumed {
                result.outflow[position] = Double(sample.consumed - before.consumed)
            }
        }
        return result
    }

    /// Means per second over the newest `seconds`, as far as they are known.
    func means(seconds: Int) -> (inflow: Double?, outflow: Double?) {
        let series = series(seconds: seconds)
        return (Self.mean(series.inflow), Self.mean(series.outflow))
    }

    var backlog: Int64? { samples.last?.backlog }

    /// Change of the backlog per second over the newest ten seconds.
    var slope: Double? {
        guard let last = samples.last,
            let first = samples.first(where: { last.time - $0.time <= 10_000 }), first.time < last.time
        else { return nil }
        return Double(last.backlog - first.backlog) * 1000 / Double(last.time - first.time)
    }

    var state: FlowState? {
        guard let backlog else { return nil }
        return FlowState.judge(backlog: backlog, slope: slope, out: means(seconds: 10).outflow)
    }

    private static func mean(_ values: [Double?]) -> Double? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
}
