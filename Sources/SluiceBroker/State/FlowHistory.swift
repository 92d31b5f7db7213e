import SluiceAPI

/// The last ten minutes of counters, one sample a second on the second.
struct FlowHistory {
    private(set) var samples: [FlowSample] = []
    private var last: Int64 = 0
    static let kept = 600

    mutating func sample(_ now: Int64, _ take: (Int64) -> FlowSample) {
        let second = now - now % 1_000
        guard second > last else { return }
        last = second
        if samples.count >= Self.kept * 2 { samples.removeFirst(samples.count - Self.kept) }
        samples.append(take(second))
    }

    func nextSample(after now: Int64) -> Int64 { now - now % 1_000 + 1_000 }
    func since(_ time: Int64) -> [FlowSample] { samples.suffix(Self.kept).filter { $0.time > time } }
}
