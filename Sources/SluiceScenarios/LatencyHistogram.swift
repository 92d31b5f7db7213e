/// Counts of durations in buckets that grow by an eighth, from a microsecond to an hour: a quantile within 12 %.
public struct LatencyHistogram: Sendable, Equatable {
    private var counts = [Int](repeating: 0, count: 280)
    public private(set) var count = 0

    public init() {}

    public mutating func add(microseconds: Int64) {
        counts[Self.bucket(max(0, microseconds))] += 1
        count += 1
    }

    public mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
    }

    /// Milliseconds below which so large a share lies; nil without values.
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return Double(Self.upperBound(index)) / 1000 }
        }
        return nil
    }

    /// Eight buckets for each power of two; the first eight hold one microsecond each.
    private static func bucket(_ value: Int64) -> Int {
        guard value >= 8 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let step = Int(value >> (exponent - 3)) & 7
        return min(279, (exponent - 2) * 8 + step)
    }

    private static func upperBound(_ bucket: Int) -> Int64 {
        guard bucket >= 8 else { return Int64(bucket) }
        let exponent = bucket / 8 + 2
        return (Int64(8 + bucket % 8 + 1) << (exponent - 3)) - 1
    }
}
