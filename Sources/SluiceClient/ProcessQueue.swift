import SluiceMessage

/// What a push consumer holds of one queue: messages pulled ahead, those being handled, and how far it may commit.
struct ProcessQueue {
    /// Pulled, not yet handed to a handler.
    private var waiting: ArraySlice<StoredMessage> = []
    /// Offsets being handled.
    private var handling: Set<Int64> = []
    /// Offset of the next pull; nil until it is known where to begin.
    var next: Int64?
    var isPulling = false
    /// It is another member's now, but still being handled here.
    var isLeaving = false
    /// Changes when what was pulled before does not count any more.
    private(set) var generation = 0
    /// What was committed last.
    var committed: Int64?
    /// What was put back is not handled before this moment (monotonic ns).
    var pausedUntil: Int64 = 0

    var held: Int { waiting.count + handling.count }
    var hasWaiting: Bool { !waiting.isEmpty }
    var isHandling: Bool { !handling.isEmpty }

    mutating func add(_ messages: [StoredMessage], next: Int64) {
        waiting += messages
        self.next = next
    }

    mutating func take(_ count: Int) -> [StoredMessage] {
        let taken = Array(waiting.prefix(count))
        waiting = waiting.dropFirst(taken.count)
        for message in taken { handling.insert(message.queueOffset) }
        return taken
    }

    mutating func finished(_ messages: [StoredMessage]) {
        for message in messages { handling.remove(message.queueOffset) }
    }

    /// These come again, in the order of the queue: several may be put back, and the first one waiting says what may be
    /// committed.
    mutating func putBack(_ messages: [StoredMessage]) {
        finished(messages)
        waiting = ArraySlice((messages + waiting).sorted { $0.queueOffset < $1.queueOffset })
    }

    /// Everything before it is handled: what may be committed; nil before the first pull.
    var commitable: Int64? {
        guard let next else { return nil }
        return min(handling.min() ?? next, waiting.first?.queueOffset ?? next)
    }

    /// Drops what was pulled ahead and begins anew at an offset.
    mutating func restart(at offset: Int64?) {
        waiting = []
        handling = []
        next = offset
        committed = nil
        isPulling = false
        generation += 1
    }
}
