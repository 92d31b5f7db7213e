import SluiceAPI
import SluiceBroker
import SluiceMessage

/// What of a delay a broker before RocketMQ 5 can keep: its levels, and nothing between them.
public enum DelayChoice {
    /// The levels right below and above a delay; one of them where it is outside all, or is a level itself.
    /// - Parameter milliseconds: of the levels, level 1 first.
    public static func nearestLevels(
        to delay: Int64, among milliseconds: [Int64] = DelayLevels.standard.milliseconds
    ) -> [(level: Int, milliseconds: Int64)] {
        let levels = milliseconds.enumerated().map { (level: $0.offset + 1, milliseconds: $0.element) }
        if let exact = levels.first(where: { $0.milliseconds == delay }) { return [exact] }
        let below = levels.filter { $0.milliseconds < delay }.max { $0.milliseconds < $1.milliseconds }
        let above = levels.filter { $0.milliseconds > delay }.min { $0.milliseconds < $1.milliseconds }
        return [below, above].compactMap(\.self)
    }

    /// Refuses a delay that a broker would not keep: before RocketMQ 5 an exact moment is ignored and the message delivered
    /// at once (semantics, 5).
    public static func check(
        _ delay: Delay?, on kind: BrokerKind, now: Int64,
        levels milliseconds: [Int64] = DelayLevels.standard.milliseconds
    ) throws(APIError) {
        guard kind == .rocketmq4, let delay else { return }
        let wanted: Int64
        switch delay {
        case .level: return
        case .after(let milliseconds): wanted = milliseconds
        case .at(let time): wanted = time.subtractingReportingOverflow(now).partialValue
        }
        let nearest = nearestLevels(to: wanted, among: milliseconds).map {
            "level \($0.level) (\(words($0.milliseconds)))"
        }
        throw APIError(
            .refused,
            "a broker of RocketMQ before 5 knows only its delay levels and would deliver this message at once; the nearest"
                + " to \(words(max(0, wanted))): \(nearest.joined(separator: ", "))")
    }

    /// As `1h 30m` or `2.5s`.
    static func words(_ milliseconds: Int64) -> String {
        guard milliseconds >= 1_000, milliseconds % 1_000 == 0 else {
            return milliseconds < 1_000 ? "\(milliseconds)ms" : "\(Double(milliseconds) / 1_000)s"
        }
        let parts = [
            (milliseconds / 3_600_000, "h"), (milliseconds / 60_000 % 60, "m"), (milliseconds / 1_000 % 60, "s"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }
}
