import SluiceAPI
import SluiceBroker
import SluiceMessage

/// May a record be there, and as what?
extension Model {
    func judge(_ message: StoredMessage, in id: QueueID) throws(Violation) -> Entry.Role {
        switch id.topic {
        case TopicName.half: return try judgeHalf(message)
        case TopicName.op: return try judgeOp(message)
        case TopicName.schedule:
            return try judgeWaiting(message, due: message.storeTimestamp + Self.levels[id.queue], level: id.queue + 1)
        case TopicName.timer:
            if message.preparedTransactionOffset != 0, message.property(PropertyName.realTopic) == nil {
                return .withdrawal
            }
            guard let due = message.property(PropertyName.timerDue).flatMap({ Int64($0) }) else {
                throw Violation(.delays, "the waiting record at \(message.physicalOffset) says no time")
            }
            return try judgeWaiting(message, due: due, level: 0)
        default: break
        }
        if message.systemFlag & SystemFlag.transactionMask == SystemFlag.commit { return try judgeCommitted(message) }
        if message.preparedTransactionOffset != 0 { return try judgeDelivered(message, in: id) }
        if let group = id.topic.dropping(TopicName.deadLetterPrefix) {
            try checkRetry(message, group: group)
            return .dead
        }
        // One that was handed to its group again and failed again still says so on its further way.
        if let source = message.property(PropertyName.replayOf) { return try judgeCopy(message, of: source) }
        return try judgePlain(message, in: id)
    }

    /// A copy is what it names: `<id>@<physical offset>`.
    private func judgeCopy(_ message: StoredMessage, of source: String) throws(Violation) -> Entry.Role {
        let place = source.split(separator: "@").last.flatMap { Int64($0) }
        guard let place, place >= 0, place < message.physicalOffset else {
            throw Violation(.sources, "the copy at \(message.physicalOffset) names \(source) as its source")
        }
        // A source in another queue may not be learned yet, and one that is a copy itself has a name of its own.
        guard let entry = entries[place], sent.indices.contains(entry.number) else { return .copy }
        let original = sent[entry.number]
        guard message.body == original.body, message.tag == original.tag, message.keys == original.keys else {
            throw Violation(.sources, "the copy at \(message.physicalOffset) is not what \(source) is")
        }
        return .copy
    }

    private func original(_ message: StoredMessage) throws(Violation) -> Sent {
        guard let number = Sent.number(message.id), sent.indices.contains(number) else {
            throw Violation(.sources, "the record at \(message.physicalOffset) is of no message that was handed in")
        }
        try sent[number].check(message)
        return sent[number]
    }

    private func checkCopies(_ original: Sent, _ message: StoredMessage) throws(Violation) {
        guard original.seen < original.copies else {
            throw Violation(
                .sources,
                "\(original.id) was handed in \(original.copies) times; the record at \(message.physicalOffset) is one more"
            )
        }
    }

    private func judgePlain(_ message: StoredMessage, in id: QueueID) throws(Violation) -> Entry.Role {
        let original = try original(message)
        guard original.producerGroup == nil else {
            throw Violation(.halves, "half message \(original.id) is visible in \(id.text) as if it were none")
        }
        switch original.delay {
        case nil: break
        case .at(let time) where time <= message.storeTimestamp: break
        case .after(let span) where span <= 0: break
        default: throw Violation(.delays, "delayed message \(original.id) is visible in \(id.text) at once")
        }
        guard id.topic == original.topic, original.queue < 0 || original.queue == id.queue else {
            throw Violation(.durability, "\(original.id) was for \(original.topic)/\(original.queue), not \(id.text)")
        }
        try checkCopies(original, message)
        return .plain
    }

    // MARK: Delays and retries

    private func judgeWaiting(_ message: StoredMessage, due: Int64, level: Int) throws(Violation) -> Entry.Role {
        let original = try original(message)
        guard let topic = message.property(PropertyName.realTopic),
            let queue = message.property(PropertyName.realQueue).flatMap({ Int($0) })
        else { throw Violation(.delays, "the waiting record at \(message.physicalOffset) says not where it goes") }
        if let source = Self.place(message) {
            try checkReplaced(source, by: message, original.number, due, QueueID(topic, queue))
            return .waiting(due: due, target: QueueID(topic, queue))
        }
        if let group = topic.dropping(TopicName.retryPrefix) {
            try checkRetry(message, group: group)
            return .waiting(due: due, target: QueueID(topic, queue))
        }
        let expected: Int64? =
            switch original.delay {
            case .level(let wanted):
                level == min(wanted, Self.levels.count) ? message.storeTimestamp + Self.levels[level - 1] : nil
            case .after(let span): level == 0 ? message.storeTimestamp + span : nil
            case .at(let time): level == 0 ? time : nil
            case nil: nil
            }
        guard expected == due, topic == original.topic, original.queue < 0 || original.queue == queue else {
            throw Violation(.delays, "\(original.id) waits for \(topic)/\(queue) until \(due), which nobody asked for")
        }
        try checkCopies(original, message)
        return .waiting(due: due, target: QueueID(topic, queue))
    }

    /// A record in place of a waiting one: of the same message, and due as that was or as an operator wanted it.
    private func checkReplaced(
        _ source: Int64, by message: StoredMessage, _ number: Int, _ due: Int64, _ target: QueueID
    ) throws(Violation) {
        guard let wait = waits[source], wait.number == number, wait.target == target,
            wait.times == Int(message.reconsumeTimes)
        else {
            throw Violation(
                .sources, "\(message.id) at \(message.physicalOffset) replaces \(source), where it never waited")
        }
        guard wait.isOpen else {
            throw Violation(
                .sources, "\(message.id) waits at \(message.physicalOffset) for \(source), which was settled before")
        }
        guard due == wait.due || moves[number, default: []].contains(due) else {
            throw Violation(
                .delays, "\(message.id) waits until \(due) instead of \(wait.due), which nobody asked for")
        }
    }

    private func judgeDelivered(_ message: StoredMessage, in id: QueueID) throws(Violation) -> Entry.Role {
        let original = try original(message)
        let source = message.preparedTransactionOffset == 1 ? 0 : message.preparedTransactionOffset
        guard let wait = waits[source], wait.number == original.number else {
            throw Violation(
                .sources, "\(original.id) in \(id.text) names \(source) as its source, where it never waited")
        }
        if let before = wait.deliveredAt, entries[before]?.isRotten != true {
            throw Violation(
                .sources,
                "\(original.id) was delivered at \(before) and again at \(message.physicalOffset), from \(source)")
        }
        if let place = wait.replacedBy {
            throw Violation(
                .sources, "\(original.id) was delivered from \(source) although it waits at \(place) instead")
        }
        if wait.isWithdrawn { throw Violation(.delays, "\(original.id) was withdrawn and came all the same") }
        guard message.storeTimestamp >= wait.due || early.contains(original.number) else {
            throw Violation(.delays, "\(original.id) came \(wait.due - message.storeTimestamp) ms early")
        }
        guard id.topic == wait.target.topic, id.queue == wait.target.queue || id.queue == 0 else {
            throw Violation(.durability, "\(original.id) was for \(wait.target.text), not for \(id.text)")
        }
        return .delivered
    }

    private func checkRetry(_ message: StoredMessage, group: String) throws(Violation) {
        let original = try original(message)
        let key = RetryKey(group: group, number: original.number, times: Int(message.reconsumeTimes))
        guard retriesSeen[key, default: 0] < retriesAsked[key, default: 0] else {
            throw Violation(
                .sources, "\(original.id) goes back to \(group) for try \(key.times), which nobody asked for")
        }
    }

    // MARK: Transactions

    private func judgeHalf(_ message: StoredMessage) throws(Violation) -> Entry.Role {
        let original = try original(message)
        guard original.producerGroup != nil, message.property(PropertyName.realTopic) == original.topic else {
            throw Violation(.halves, "\(original.id) stands among the halves and is none, or of another topic")
        }
        if let source = Self.place(message) {
            try checkReplaced(source, by: message, original)
        } else {
            try checkCopies(original, message)
        }
        return .half
    }

    /// A half that was stored again: in the place of one that is unresolved.
    private func checkReplaced(
        _ source: Int64, by message: StoredMessage, _ original: Sent
    ) throws(Violation) {
        guard let entry = entries[source], entry.role == .half, let half = halves[entry.offset],
            half.number == original.number
        else {
            throw Violation(
                .sources, "half \(original.id) at \(message.physicalOffset) is a copy of \(source), no half of it")
        }
        guard half.isOpen else {
            throw Violation(
                .halves,
                "half \(original.id) was stored again at \(message.physicalOffset), and had ended at \(source)")
        }
        guard let words = message.property(PropertyName.halfState)?.split(separator: " ") else { return }
        guard words.count == 5, Int64(words[1]) == half.first, Int64(words[2]) == half.stored else {
            throw Violation(
                .halves, "the copy of half \(original.id) at \(message.physicalOffset) says it is another's")
        }
    }

    private func judgeOp(_ message: StoredMessage) throws(Violation) -> Entry.Role {
        let body = String(decoding: message.body, as: UTF8.self)
        guard let offset = Int64(body), let half = halves[offset],
            let resolution = message.property("SLUICE_RESOLUTION").flatMap(Resolution.init(rawValue:)),
            let origin = message.property("SLUICE_ORIGIN").flatMap(ResolutionOrigin.init(rawValue:))
        else { throw Violation(.resolutions, "the op record at \(message.physicalOffset) resolves no half: \(body)") }
        guard message.keys.contains(Sent.id(half.number)) else {
            throw Violation(.resolutions, "the op record at \(message.physicalOffset) is not found by its half's id")
        }
        let attempt = Attempt(resolution: resolution, origin: origin)
        guard attempts[half.first, default: []].contains(attempt) else {
            throw Violation(
                .resolutions,
                "half \(Sent.id(half.number)) was resolved by \(origin.rawValue) as \(resolution.rawValue), which nobody did"
            )
        }
        if let first = half.resolution {
            throw Violation(
                .resolutions,
                "half \(Sent.id(half.number)) was resolved as \(first.rawValue), then as \(resolution.rawValue) at \(message.physicalOffset)"
            )
        }
        return .op(half: offset, resolution, origin)
    }

    private func judgeCommitted(_ message: StoredMessage) throws(Violation) -> Entry.Role {
        let original = try original(message)
        guard let entry = entries[message.preparedTransactionOffset], case .half = entry.role,
            let half = halves[entry.offset], half.number == original.number
        else {
            throw Violation(
                .sources, "\(original.id) was committed from \(message.preparedTransactionOffset), no half of it")
        }
        if half.committedAt != nil { throw Violation(.sources, "\(original.id) was committed twice") }
        if half.resolution == .rollback { throw Violation(.halves, "\(original.id) is visible after its rollback") }
        guard attempts[half.first, default: []].contains(where: { $0.resolution == .commit }) else {
            throw Violation(.halves, "\(original.id) is visible, and nobody committed it")
        }
        guard message.topic == original.topic, message.queue == half.target.queue || message.queue == 0 else {
            throw Violation(.durability, "\(original.id) was for \(half.target.text)")
        }
        return .committed
    }
}
