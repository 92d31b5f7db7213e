import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What operators do to a delayed message: each time a record in the log, so that it holds after a crash.
extension Broker {
    /// Withdraws a delayed message for good.
    /// - Parameters:
    ///   - id: as listings show it: the unique key, or the offset id where its producer made none.
    ///   - topic: where it was to go; nil looks at all.
    /// - Throws: `conflict` when it was delivered or cancelled before, `notFound` when there never was one.
    func cancelDelay(
        id: String, topic: String?, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        let again: Again = { (broker) throws(APIError) in
            try broker.cancelDelay(id: id, topic: topic, context, reply)
        }
        try withPending(id, topic, reply, again) { found in
            var outcome = found.outcome(context, "cancel", "cancelled", after: "cancelled")
            outcome.due = found.entry.due
            if !context.dryRun { withdraw(found) }
            answerWhenConfirmed(.acted(outcome), reply)
        }
    }

    /// Delivers a delayed message now.
    func deliverNow(
        id: String, topic: String?, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        let again: Again = { (broker) throws(APIError) in
            try broker.deliverNow(id: id, topic: topic, context, reply)
        }
        try withPending(id, topic, reply, again) { deliverNow($0, context, reply) }
    }

    private func deliverNow(_ found: FoundDelay, _ context: ActionContext, _ reply: @escaping Reply) {
        var outcome = found.outcome(context, "deliver", "delivered", after: "delivered")
        outcome.due = now
        if !context.dryRun {
            guard let place = (try? deliver(found.entry)) ?? nil else {
                let problem = APIError(.failed, "\(found.message.id) names no topic that it could be delivered to")
                return reply(.failed(problem))
            }
            timer.remove(due: found.entry.due, physicalOffset: found.entry.physicalOffset)
            outcome.stored = [place]
        }
        answerWhenConfirmed(.acted(outcome), reply)
    }

    /// Gives a delayed message another moment; one that is past delivers it at once.
    /// - Parameter due: epoch ms, at most ``BrokerOptions/longestDelay`` away; `invalid` is thrown beyond.
    func reschedule(
        id: String, topic: String?, due: Int64, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        guard due > Int64.min / 2, due < Int64.max / 2 else {
            throw APIError(.invalid, "\(due) is no moment; it is told in ms since 1970")
        }
        if let problem = tooLate(due) { throw problem }
        let again: Again = { (broker) throws(APIError) in
            try broker.reschedule(id: id, topic: topic, due: due, context, reply)
        }
        try withPending(id, topic, reply, again) { found in
            if due <= now { return deliverNow(found, context, reply) }
            var outcome = found.outcome(context, "reschedule", "rescheduled", after: "pending, due \(due)")
            outcome.text += ", now in \(Self.spanText(due - now))"
            outcome.due = due
            if !context.dryRun {
                found.record.eachRecord { replaceWaiting($0, found.entry, due: due) }
            }
            answerWhenConfirmed(.acted(outcome), reply)
        }
    }

    /// Withdraws a waiting message by its unique key (RocketMQ's recall).
    func recall(topic: String, uniqueKey: String, _ reply: @escaping Reply) throws(APIError) {
        let again: Again = { (broker) throws(APIError) in
            try broker.recall(topic: topic, uniqueKey: uniqueKey, reply)
        }
        do throws(APIError) {
            try withPending(uniqueKey, topic, reply, again) { found in
                withdraw(found)
                answerWhenConfirmed(.done, reply)
            }
        } catch {
            guard error.code == .conflict else { throw error }
            throw APIError(.notFound, error.message)
        }
    }

    // MARK: Finding one

    /// The same request once more.
    private typealias Again = (Broker) throws(APIError) -> Void

    private struct FoundDelay {
        var entry: DelayTimer.Entry
        var record: Fetch
        var message: StoredMessage
        var now: Int64

        func outcome(_ context: ActionContext, _ would: String, _ did: String, after: String) -> ActionOutcome {
            let was = entry.due > now ? "due in \(Broker.spanText(entry.due - now))" : "due already"
            return ActionOutcome(
                "\(context.dryRun ? "would \(would)" : did) \(message.id) for \(message.realTopic), which was \(was)",
                before: "pending, due \(entry.due)", after: context.dryRun ? "pending, due \(entry.due)" : after)
        }
    }

    /// Calls `body` with the waiting message of an id, or sees to it that `again` is called when the disk is ready for it.
    private func withPending(
        _ id: String, _ topic: String?, _ reply: @escaping Reply,
        _ again: @escaping Again, _ body: (FoundDelay) -> Void
    ) throws(APIError) {
        if let refusing { throw APIError(.unavailable, refusing) }
        var gone: StoredMessage?
        var isUnwritten = false
        for offset in waitingRecords(key: id) {
            // It may be the one: what it is can be read when it is written.
            isUnwritten = isUnwritten || offset >= store.confirmed
            guard !isUnwritten, let record = try? store.reader.record(at: offset) else { continue }
            var found: FoundDelay?
            record.eachRecord { view in
                let message = view.message()
                guard let waiting = waiting(view), message.id == id, Self.goes(message, to: topic) else { return }
                gone = gone ?? message
                if timer.contains(due: waiting.due, physicalOffset: offset) {
                    let entry = timer.entry(due: waiting.due, physicalOffset: offset)
                    found = entry.map { FoundDelay(entry: $0, record: record, message: message, now: now) }
                }
            }
            guard let found else { continue }
            guard store.hasRoom(for: 5 << 20) else {
                // Waiting for it would keep everybody waiting, those too who only read.
                if let noRoom = store.noRoom { throw APIError(.unavailable, noRoom) }
                isUnwritten = true
                break
            }
            return body(found)
        }
        guard isUnwritten else { throw notWaiting(id, topic, gone) }
        suspend {
            do throws(APIError) {
                try again(self)
            } catch {
                reply(.failed(error))
            }
        }
    }

    private static func goes(_ message: StoredMessage, to topic: String?) -> Bool {
        guard let topic else { return true }
        return message.realTopic == topic || message.property(PropertyName.realTopic) == topic
    }

    /// A record in the timer's own topic that names a waiting one settles it for good.
    private func withdraw(_ found: FoundDelay) {
        var header = RecordHeader(
            queue: 0, bornTimestamp: now, bornHost: options.host, storeTimestamp: now, storeHost: options.host,
            preparedOffset: Self.sourceOffset(found.entry.physicalOffset))
        let properties = PropertyCoding.encode([
            Property(PropertyName.keys, found.message.id),
            Property(PropertyName.timerRecalled, found.message.realTopic + found.message.id),
            Property(PropertyName.replacedDue, String(found.entry.due)),
        ])
        store(
            systemTopic(TopicName.timer), &header, properties: properties,
            body: UnsafeRawBufferPointer(start: nil, count: 0))
        timer.remove(due: found.entry.due, physicalOffset: found.entry.physicalOffset)
    }

    // MARK: Why there is none

    /// - Parameter gone: the record that waited once.
    private func notWaiting(_ id: String, _ topic: String?, _ gone: StoredMessage?) -> APIError {
        let target = gone?.property(PropertyName.realTopic) ?? topic
        let isDelivery: (StoredMessage) -> Bool = { $0.id == id && $0.preparedTransactionOffset != 0 }
        if let target, let delivered = record(of: target, id, where: isDelivery) {
            let ago = Self.spanText(max(0, now - delivered.storeTimestamp))
            return APIError(.conflict, "\(id) was delivered to \(target) already, \(ago) ago")
        }
        let isWithdrawal: (StoredMessage) -> Bool = {
            $0.property(PropertyName.timerRecalled) == (gone?.realTopic ?? topic ?? "") + id
        }
        if let withdrawn = record(of: TopicName.timer, id, where: isWithdrawal) {
            let ago = Self.spanText(max(0, now - withdrawn.storeTimestamp))
            return APIError(.conflict, "\(id) was cancelled already, \(ago) ago")
        }
        if gone != nil { return APIError(.conflict, "\(id) was delivered or cancelled already") }
        return APIError(
            .notFound,
            "no message \(id) waits\(topic.map { " for \($0)" } ?? ""), and none is known that did; "
                + "`sluice delay list` shows those there are")
    }

    private func record(
        of topic: String, _ key: String, where isIt: (StoredMessage) -> Bool
    ) -> StoredMessage? {
        let candidates = (try? store.lookUp(topic: topic, key: key).candidates(limit: 16)) ?? []
        for offset in candidates where offset < store.confirmed {
            guard let message = try? store.reader.record(at: offset)?.messages().first else { continue }
            if message.topic == topic, isIt(message) { return message }
        }
        return nil
    }
}
