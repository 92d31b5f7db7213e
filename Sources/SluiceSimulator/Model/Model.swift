import SluiceAPI
import SluiceBroker
import SluiceMessage

/// The naive reference: what the broker has to hold, in plain arrays and dictionaries, learned from what it was told and
/// what became visible.
///
/// Nothing is decided by the order of a dictionary: what is iterated is sorted first.
final class Model {
    var sent: [Sent] = []
    /// Every record learned, by physical offset.
    var entries: [Int64: Entry] = [:]
    var queues: [QueueID: LearnedQueue] = [:]
    /// By the physical offset of the waiting record.
    var waits: [Int64: Wait] = [:]
    /// Those that were open when somebody looked last, oldest first.
    var openWaits: [Int64] = []
    /// By their offset in the half queue.
    var halves: [Int64: Half] = [:]
    var openHalves: [Int64] = []
    /// Who wanted a half resolved, by the physical offset that it had first.
    var attempts: [Int64: [Attempt]] = [:]
    var retriesAsked: [RetryKey: Int] = [:]
    var retriesSeen: [RetryKey: Int] = [:]
    /// Requests to send back that were acknowledged.
    var retriesAnswered: [RetryKey: Int] = [:]
    /// Messages whose delay operators wanted to end early.
    var early: Set<Int> = []
    /// Moments that operators gave to delayed messages, epoch ms, by message.
    var moves: [Int: Set<Int64>] = [:]

    var topics: [String: Kept<TopicConfig?>] = [:]
    /// Counts deletions of a topic.
    var generations: [String: Int] = [:]
    /// Topics whose deletion was not acknowledged yet.
    var limbo: Set<String> = []
    var groups: [String: Kept<GroupConfig?>] = [:]
    var offsets: [String: [QueueID: Kept<Int64?>]] = [:]
    /// Nil is open.
    var gates: [String: Kept<GateSetting?>] = [:]
    /// Messages a second that producers may send to a topic.
    var limits: [String: Kept<Double?>] = [:]
    var taken: [String: TakenUnderLimit] = [:]
    /// Topics that ever had a limit.
    var limitedOnce: Set<String> = []

    /// Something of these changed since all was on the disk.
    var hasChanges = false
    /// The world is one without syncs.
    var mayDeletionsBeLost = false

    /// The end of what was learned.
    var end: Int64 = 0
    /// What a checkpoint made durable.
    var durableTo: Int64 = 0
    /// Records before it are gone.
    var minPhysicalOffset: Int64 = 0

    static let levels = DelayLevels.standard.milliseconds

    /// Topics of the broker that are followed before all others, so that a source is known before what names it.
    static let systemTopics = [TopicName.half, TopicName.op, TopicName.schedule, TopicName.timer]

    func isFollowed(_ topic: String) -> Bool { !limbo.contains(topic) }

    // MARK: Learning

    /// Takes up a record that became visible. Throws where it must not be there.
    func learn(_ view: RecordView, in id: QueueID, at offset: Int64, now: Int64) throws(Violation) {
        if mayDeletionsBeLost, isBack(view, in: id, at: offset) { return }
        let message = view.message()
        guard message.topic == id.topic, message.queue == id.queue, message.queueOffset == offset else {
            throw Violation(
                .order,
                "offset \(offset) of \(id.text) holds the record of \(message.topic)/\(message.queue) at "
                    + "\(message.queueOffset)")
        }
        let last = queues[id]?.lastStored ?? 0
        guard message.storeTimestamp >= last, message.storeTimestamp <= now else {
            throw Violation(
                .order,
                "offset \(offset) of \(id.text) was stored at \(message.storeTimestamp), between \(last) and \(now)")
        }
        let role = try judge(message, in: id)
        let entry = Entry(
            queue: id, offset: offset, physicalOffset: message.physicalOffset, size: view.size,
            sum: Record.sum(view.bytes), number: Sent.number(message.id) ?? -1, role: role,
            source: Self.source(message, role), stored: message.storeTimestamp, times: Int(message.reconsumeTimes),
            tag: message.tag)
        if role == .plain { try checkProducerOrder(entry) }
        if case .half = role { try checkHalfPlace(entry, message) }
        queues[id, default: LearnedQueue()].append(entry.physicalOffset)
        queues[id]?.lastStored = entry.stored
        entries[entry.physicalOffset] = entry
        end = max(end, entry.end)
        apply(entry, half: message)
    }

    /// A record of a topic whose deletion a lost machine forgot.
    private func isBack(_ view: RecordView, in id: QueueID, at offset: Int64) -> Bool {
        let place = view.physicalOffset
        guard let known = entries[place], known.isDeleted, known.queue == id, known.offset == offset,
            known.sum == Record.sum(view.bytes)
        else { return false }
        entries[place]?.isDeleted = false
        queues[id, default: LearnedQueue()].append(place)
        return true
    }

    /// How a record names its source: 1 stands for the place 0.
    private static func source(_ message: StoredMessage, _ role: Entry.Role) -> Int64? {
        switch role {
        case .delivered, .withdrawal, .waiting, .half: place(message)
        case .committed: message.preparedTransactionOffset
        default: nil
        }
    }

    /// The place that a record names; nil where it names none.
    static func place(_ message: StoredMessage) -> Int64? {
        switch message.preparedTransactionOffset {
        case 0: nil
        case 1: 0
        case let offset: offset
        }
    }

    private func checkProducerOrder(_ entry: Entry) throws(Violation) {
        guard sent.indices.contains(entry.number), sent[entry.number].copies == 1 else { return }
        let producer = sent[entry.number].producer
        if let last = queues[entry.queue]?.lastOf[producer], last > entry.number {
            throw Violation(
                .order,
                "\(entry.queue.text) has \(Sent.id(entry.number)) of producer \(producer) behind \(Sent.id(last))")
        }
        queues[entry.queue, default: LearnedQueue()].lastOf[producer] = entry.number
    }

    private func checkHalfPlace(_ entry: Entry, _ message: StoredMessage) throws(Violation) {
        guard message.property(PropertyName.producerGroup) == sent[entry.number].producerGroup else {
            throw Violation(.halves, "half message \(message.id) lost its producer group")
        }
    }

    // MARK: What records mean

    /// What follows from a record, in the order of the log.
    func apply(_ entry: Entry, half message: StoredMessage? = nil) {
        switch entry.role {
        case .plain: sent[entry.number].seen += 1
        case .waiting(let due, let target):
            waits[entry.physicalOffset] = Wait(
                physicalOffset: entry.physicalOffset, due: due, target: target, number: entry.number, times: entry.times
            )
            openWaits.append(entry.physicalOffset)
            if let source = entry.source {
                waits[source]?.replacedBy = entry.physicalOffset
            } else {
                noteRetry(entry, group: target.topic.dropping(TopicName.retryPrefix))
            }
        case .withdrawal: if let source = entry.source { waits[source]?.isWithdrawn = true }
        case .half: applyHalf(entry, message)
        case .op(let half, let resolution, let origin):
            halves[half]?.resolution = resolution
            halves[half]?.origin = origin
        case .delivered: if let source = entry.source { waits[source]?.deliveredAt = entry.physicalOffset }
        case .committed:
            if let half = entry.source.flatMap({ entries[$0] }) {
                halves[half.offset]?.committedAt = entry.physicalOffset
            }
        case .dead: noteRetry(entry, group: entry.queue.topic.dropping(TopicName.deadLetterPrefix))
        case .copy: break
        }
    }

    private func applyHalf(_ entry: Entry, _ message: StoredMessage?) {
        let target = sent[entry.number]
        let queue = Int(message?.property(PropertyName.realQueue) ?? "") ?? halves[entry.offset]?.target.queue ?? 0
        var half = Half(
            queueOffset: entry.offset, physicalOffset: entry.physicalOffset, first: entry.physicalOffset,
            number: entry.number, group: target.producerGroup ?? "", target: QueueID(target.topic, queue),
            stored: entry.stored)
        if let replaced = entry.source.flatMap({ entries[$0]?.offset }) {
            half.first = halves[replaced]?.first ?? half.first
            half.stored = halves[replaced]?.stored ?? half.stored
            halves[replaced]?.replacedBy = entry.offset
        } else {
            sent[entry.number].seen += 1
        }
        halves[entry.offset] = half
        openHalves.append(entry.offset)
    }

    /// The half that came to an offset of the half queue, where it stands now.
    func half(_ queueOffset: Int64) -> Half? {
        var half = halves[queueOffset]
        while let next = half?.replacedBy { half = halves[next] }
        return half
    }

    private func noteRetry(_ entry: Entry, group: String?) {
        if let group {
            retriesSeen[RetryKey(group: group, number: entry.number, times: entry.times), default: 0] += 1
        } else {
            sent[entry.number].seen += 1
        }
    }

    /// Forgets every record from a place on, as a lost machine does, and works out anew what follows from the others.
    func cut(at place: Int64) {
        let kept = entries.values.filter { $0.physicalOffset < place }.sorted { $0.physicalOffset < $1.physicalOffset }
        let targets = halves.mapValues(\.target.queue)
        let gone = entries.values.filter { $0.physicalOffset >= place && !$0.isDeleted }
        for (queue, lost) in Dictionary(grouping: gone, by: \.queue) {
            if let first = lost.map(\.offset).min() { queues[queue]?.cut(first) }
        }
        entries = Dictionary(uniqueKeysWithValues: kept.map { ($0.physicalOffset, $0) })
        attempts = attempts.filter { $0.key < place }
        (waits, openWaits, halves, openHalves, retriesSeen) = ([:], [], [:], [], [:])
        for index in sent.indices { sent[index].seen = 0 }
        for entry in kept {
            apply(entry)
            if entry.role == .half { halves[entry.offset]?.target.queue = targets[entry.offset] ?? 0 }
        }
        for (key, count) in retriesAnswered { retriesAnswered[key] = min(count, retriesSeen[key] ?? 0) }
        for id in queues.keys.sorted() { forgetLast(id) }
        end = min(end, place)
    }

    private func forgetLast(_ id: QueueID) {
        queues[id]?.lastOf = [:]
        queues[id]?.lastStored = 0
    }

    // MARK: Counting

    /// Delays that wait, oldest record first.
    func pendingWaits() -> [Wait] {
        openWaits.removeAll { waits[$0]?.isOpen != true }
        return openWaits.compactMap { waits[$0] }
    }

    /// Halves that nobody resolved, oldest first.
    func unresolvedHalves() -> [Half] {
        openHalves.removeAll { halves[$0]?.isOpen != true }
        return openHalves.compactMap { halves[$0] }
    }

    func isReadable(_ physicalOffset: Int64) -> Bool {
        physicalOffset >= minPhysicalOffset && entries[physicalOffset]?.isRotten == false
    }
}

extension QueueID {
    var text: String { "\(topic)/\(queue)" }
}

extension String {
    /// What stands behind a prefix; nil without it.
    func dropping(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
