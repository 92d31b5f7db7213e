import SluiceAPI
import SluiceMessage
import SluiceStorage

/// How many messages a second a topic takes from producers. What the broker itself stores there (delays, commits, retries,
/// replays) does not count.
extension Broker {
    private static let publishRates = 0.1...10_000_000

    /// Limits what producers may send to a topic, or lifts the limit; it stays so after a restart.
    ///
    /// - Throws: `.invalid` for a rate outside of 0.1...10,000,000, `.notFound` for an unknown topic, `.refused` for one that
    ///   is not an ordinary one.
    func limitPublishing(
        topic name: String, perSecond rate: Double?, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        if let rate, !Self.publishRates.contains(rate) {
            throw APIError(.invalid, "a topic can be limited to 0.1 to 10,000,000 messages a second, not \(rate.plain)")
        }
        let topic = try existingTopic(name)
        guard topic.kind == .normal else {
            throw APIError(.refused, "\(name) is no topic of producers: what comes to it was sent already")
        }
        let before = Self.words(topic.publishLimit?.perSecond)
        let after = Self.words(rate)
        let text =
            context.dryRun
            ? "topic \(name) takes \(before) and would take \(after)"
            : "topic \(name) takes \(after) now; it took \(before)"
        let outcome = ActionOutcome(text, before: before, after: after)
        guard !context.dryRun else { return reply(.acted(outcome)) }
        topic.publishLimit = rate.flatMap(publishBucket)
        journalTopic(topic.config)
        answerWhenConfirmed(.acted(outcome), reply)
    }

    private static func words(_ rate: Double?) -> String {
        rate.map { "\($0.plain) messages a second" } ?? "any number of messages"
    }

    /// Topics with a limit, in messages a second.
    func publishLimits() -> [String: Double] { topics.compactMapValues { $0.publishLimit?.perSecond } }

    /// Nil for what is no rate.
    func publishBucket(_ rate: Double) -> TokenBucket? {
        guard Self.publishRates.contains(rate) else { return nil }
        return TokenBucket(perSecond: rate, burst: max(1, rate), level: max(1, rate), now: now)
    }

    /// Why a limited topic does not take one more message now; nil when it does.
    func throttle(_ topic: Topic) -> APIError? {
        topic.publishLimit?.refill(now)
        if topic.publishLimit?.take(upTo: 1) == 1 { return nil }
        guard let limit = topic.publishLimit else { return nil }
        let name = topic.config.name
        return APIError(
            .throttled,
            "topic \(name) takes \(limit.perSecond.plain) messages a second and has had them; try again in "
                + "\(max(1, limit.moment(of: 1) - now)) ms, or lift the limit with `sluice topic limit \(name) off`")
    }
}
