import SluiceAPI
import SluiceBroker
import SluiceMessage

/// How a delayed message is sent to a RocketMQ older than 5, which knows the levels only and would deliver anything else
/// at once.
enum DelayForm {
    /// Nil leaves the message as it is; otherwise its properties with the level in place of the span.
    /// - Throws: `.refused` naming the two nearest levels when the delay is none of them, `.invalid` when it is no number.
    static func old(
        _ properties: UnsafeRawBufferPointer, _ scan: PropertyScan, now: Int64
    ) throws(APIError) -> [UInt8]? {
        let delay: Delay?
        if let text = scan.timerDelayMilliseconds {
            delay = text.decimal.map { .after(milliseconds: $0) }
        } else if let text = scan.timerDelaySeconds {
            delay = text.decimal.map { .after(milliseconds: $0.multipliedReportingOverflow(by: 1_000).partialValue) }
        } else if let text = scan.timerDeliverAt {
            delay = text.decimal.map { .at($0) }
        } else {
            return nil
        }
        guard let delay else { throw APIError(.invalid, "the message's delay is no number") }
        guard case .after(let span) = delay, let level = DelayLevels.standard.milliseconds.firstIndex(of: span) else {
            try DelayChoice.check(delay, on: .rocketmq4, now: now)
            return nil
        }
        let timers = [
            PropertyName.timerDelayMilliseconds, PropertyName.timerDelaySeconds, PropertyName.timerDeliverAt,
        ]
        var kept = PropertyCoding.decode(properties).filter { !timers.contains($0.name) }
        kept.append(Property(PropertyName.delayLevel, String(level + 1)))
        return PropertyCoding.encode(kept)
    }
}
