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
