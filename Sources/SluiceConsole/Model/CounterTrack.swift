/// A counter sampled now and then: its rate between the two newest samples, and its rates in slices of five seconds.
struct CounterTrack: Sendable, Equatable {
    /// Milliseconds a slice.
    static let slice: Int64 = 5_000
    /// Slices kept, the running one included.
    static let slices = 13

    private struct Sample: Sendable, Equatable {
        var time: Int64
        var value: Int64
    }
    private var first: Sample?
    private var newest: Sample?
    private var previous: Sample?
    /// The newest sample of each slice that has one, oldest first.
    private var ends: [Sample] = []

    /// The brokers that the samples are of.
    private var brokers: [String] = []

    /// Adds a sample. A counter that went back, was not looked at for longer than `gap` ms, or is now that of other brokers
    /// starts anew; one below 0 is not known.
    mutating func add(_ value: Int64, at time: Int64, gap: Int64, of brokers: [String] = []) {
        guard value >= 0 else { return }
        if let last = newest {
            guard time > last.time else { return }
            if value < last.value || time - last.time > gap || brokers != self.brokers {
                self = CounterTrack()
            }
        }
        self.brokers = brokers
        previous = newest
        let sample = Sample(time: time, value: value)
        newest = sample
        if first == nil { first = sample }
        if let end = ends.last, end.time / Self.slice == time / Self.slice { ends.removeLast() }
        ends.append(sample)
        if ends.count > Self.slices { ends.removeFirst() }
    }

    /// Per second, between the two newest samples; nil while there is only one.
    var rate: Double? {
        guard let newest, let previous else { return nil }
        return Self.rate(previous, newest)
    }

    /// Per second over the newest ten seconds or so. Consumers commit every few seconds: while less is known, nothing is
    /// not taken for standing still.
    var steadyRate: Double? {
        guard let newest, let first = ends.last(where: { newest.time - $0.time >= 8_000 }) ?? first,
            first.time < newest.time
        else { return nil }
        let rate = Self.rate(first, newest)
        return rate == 0 && newest.time - first.time < Self.sure ? nil : rate
    }
    /// What a column shows: the steady rate, and until that is known the newest.
    var shownRate: Double? { steadyRate ?? rate }

    /// Milliseconds after which a counter that did not move is said to stand still.
    private static let sure: Int64 = 8_000

    /// Rates of the newest `count` slices, oldest first; nil where nothing is known.
    func rates(_ count: Int) -> [Double?] {
        guard let newest else { return Array(repeating: nil, count: count) }
        let running = newest.time / Self.slice
        return (0..<count).map { position in
            let slice = running - Int64(count - 1 - position)
            guard let index = ends.lastIndex(where: { $0.time / Self.slice == slice }), index > 0 else { return nil }
            return Self.rate(ends[index - 1], ends[index])
        }
    }

    private static func rate(_ from: Sample, _ to: Sample) -> Double? {
        guard to.time > from.time else { return nil }
        return Double(to.value - from.value) * 1000 / Double(to.time - from.time)
    }
}

/// A level sampled now and then, to see where it goes.
struct LevelTrack: Sendable, Equatable {
    private var samples: [(time: Int64, value: Int64)] = []

    mutating func add(_ value: Int64, at time: Int64, gap: Int64) {
        if let last = samples.last {
            guard time > last.time else { return }
            if time - last.time > gap { samples = [] }
        }
        samples.append((time, value))
        while samples.count > 2, time - samples[0].time > 10_000 { samples.removeFirst() }
        if samples.count > 24 { samples.remove(at: 1) }
    }

    /// Change per second over the newest ten seconds; nil while there is only one sample.
    var slope: Double? {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return nil }
        return Double(last.value - first.value) * 1000 / Double(last.time - first.time)
    }
    var newest: Int64? { samples.last?.value }

    static func == (a: LevelTrack, b: LevelTrack) -> Bool {
        a.samples.elementsEqual(b.samples) { $0 == $1 }
    }
}
