/// Latencies in buckets of 1/32 of their power of two: quantiles within 3 %, whatever the number of samples.
struct LatencyRecorder: Sendable {
    private var counts = [Int](repeating: 0, count: 64 * 32)
    private(set) var total = 0

    mutating func add(nanoseconds: Int64) {
        counts[Self.bucket(UInt64(max(0, nanoseconds)))] += 1
        total += 1
    }

    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 32 else { return Int(value) }
        let power = 63 - value.leadingZeroBitCount
        return (power - 4) * 32 + Int(value >> UInt64(power - 5)) & 31
    }

    private static func lowest(of bucket: Int) -> UInt64 {
        guard bucket >= 32 else { return UInt64(bucket) }
        let power = bucket / 32 + 4
        return (32 + UInt64(bucket % 32)) << UInt64(power - 5)
    }

    /// Microseconds below which this share of the samples lies; 0 without samples.
    func microseconds(_ quantile: Double) -> Double {
        var left = Int((Double(total) * quantile).rounded(.up))
        for (bucket, count) in counts.enumerated() where count > 0 {
            left -= count
            if left <= 0 { return Double(Self.lowest(of: bucket)) / 1_000 }
        }
        return 0
    }
}
