/// The levels of delayed messages: RocketMQ's `messageDelayLevel`, a list of numbers with s, m, h or d.
public struct DelayLevels: Sendable, Equatable {
    /// Milliseconds by level, level 1 first.
    public let milliseconds: [Int64]

    public static let standard = DelayLevels(
        milliseconds: [
            1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1_200, 1_800, 3_600, 7_200,
        ].map { $0 * 1_000 })

    init(milliseconds: [Int64]) { self.milliseconds = milliseconds }

    /// The list again, each with the largest unit that divides it.
    public var text: String {
        milliseconds.map { span in
            for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000)] where span % size == 0 {
                return "\(span / size)\(unit)"
            }
            return "\(span / 1_000)s"
        }.joined(separator: " ")
    }

    /// Nil when the text is not such a list.
    public init?(_ text: String) {
        var found: [Int64] = []
        for part in text.split(separator: " ") {
            let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            guard let unit = part.last.flatMap({ units[$0] }), let number = Int64(part.dropLast()), number > 0,
                number < 1 << 40
            else { return nil }
            found.append(number * unit)
        }
        guard !found.isEmpty else { return nil }
        milliseconds = found
    }

    /// Milliseconds of the level that a queue of the schedule topic holds, which is one more than its number.
    public func delay(ofQueue queue: Int) -> Int64 { milliseconds(queue + 1) }

    /// Milliseconds of a level; above the last one it is the last, as in RocketMQ.
    func milliseconds(_ level: Int) -> Int64 { milliseconds[min(max(level, 1), milliseconds.count) - 1] }
}
