import SluiceAPI
import SluiceMessage
import SluiceStorage

/// The broker: topics, groups, offsets, delays, transactions and retries over one store.
///
/// A plain synchronous object with one owner. It is handed requests and the time, and answers by calling replies; it knows
/// no thread, no socket and no clock. What has to touch the disk comes out of its ``store`` as jobs. The owner's turn is:
/// ``handle(_:_:)`` for what arrived, ``endTurn()``, then run or hand out the jobs, then sleep until ``nextDeadline()``.
public final class Broker {
    public let store: Store
    public internal(set) var options: BrokerOptions
    /// Epoch ms; set by the owner at the start of each turn, never going back.
    public private(set) var now: Int64
    public internal(set) var recovery = RecoveryReport()

    var topics: [String: Topic] = [:]
    /// Changes whenever a topic is made or removed, so that resolved batches notice.
    var topicsGeneration: UInt64 = 1
    var groupsGeneration: UInt64 = 1
    var groups: [String: Group] = [:]
    var producers: [String: [String: Registration]] = [:]
    var timer: DelayTimer
    /// True when some delays were left for the next turn.
    var hasDueLeft = false
    /// A damaged run file was noticed: no checkpoint of this run is used at the next start.
    var isTimerGivenUp = false
    /// Since when waiting records that are due could not be read, epoch ms.
    var unreadableSince: Int64?
    var owedCopies = OwedCopies()
    var halves = HalfIndex()
    var recentResolutions = RecentResolutions()
    /// Check-backs of this turn, to be journaled at its end.
    var pendingNotes = CheckNotes()
    var checksJournaled: Int64 = 0
    /// The half whose committed message a replay met last, by its place: copies of halves without an id are known by it.
    var replayedCommit: Int64 = -1
    /// Halves were resolved or moved in this turn.
    var halvesChanged = false
    var flow = FlowHistory()

    let metaJournal: Journal
    let offsetsJournal: Journal
    let checksJournal: Journal
    let audit: AuditLog
    var offsetsJournaled: Int64 = 0
    var metaJournaled: Int64 = 0
    /// Bytes of the journal of topics at which a snapshot is thought about.
    var metaLimit: Int64 = 0
    /// Deleted topics, with the log's end at that time.
    var deletedTopics: [String: Int64] = [:]
    var pendingOffsets: [[UInt8]] = []

    /// Batches whose answer waits for the disk, by the order of the log.
    private var awaiting: [(batch: PublishBatch, source: any PublishSource)] = []
    private var replies: [(batch: Int, response: Response, reply: Reply)] = []
    /// What has to wait for room before it goes on: a batch, or another request that stores something.
    private var suspended: (() -> Void)?
    var waiters = PullWaiters()
    var replaying = Replays()
    /// Makes the unique keys of copies.
    lazy var copyKeys = UniqueKeyMaker(address: options.host.address, instance: 0)

    // Counters since the start.
    var published: Int64 = 0
    var publishedNormal: Int64 = 0
    var consumed: Int64 = 0
    var publishErrors: Int64 = 0
    var damagedRecords: Int64 = 0
    /// The same, noticed by those who read for consumers.
    let damagedReads = DeliveryCounter()
    let startedAt: Int64
    let clusterProperty: [UInt8]
    let clusterPropertyAlone: [UInt8]
    var closing = false
    var nextExpiry: Int64 = 0
    private var nextRoomCheck: Int64 = 0

    init(
        store: Store, options: BrokerOptions, now: Int64, meta: Journal, offsets: Journal, checks: Journal,
        audit: AuditLog
    ) {
        self.store = store
        self.options = options
        self.now = now
        startedAt = now
        timer = DelayTimer(most: options.delaysInMemory)
        metaJournal = meta
        offsetsJournal = offsets
        checksJournal = checks
        self.audit = audit
        clusterPropertyAlone = PropertyCoding.encode([Property(PropertyName.cluster, options.cluster)])
        clusterProperty = [PropertyCoding.valueEnd] + clusterPropertyAlone
    }

    // MARK: The owner's turn

    /// Begins a turn: time moves, and everything due by then happens.
    public func beginTurn(now time: Int64) {
        now = max(now, time)
        if !options.isReadOnly {
            deliverDue()
            checkDueHalves()
        }
        for waiter in waiters.expire(now) { answerEmpty(waiter) }
        serveGates()
        advanceCopies()
        if now >= nextRoomCheck {
            nextRoomCheck = now + 1_000
            sampleRates()
            store.retryRoom()
        }
        flow.sample(now) { FlowSample(time: $0, published: publishedNormal, consumed: consumed, backlog: backlog) }
    }

    /// True when no request may be handed in now: the disk has to catch up first.
    public var isBusy: Bool { suspended != nil || store.isSaturated }

    /// Ends a turn: journal changes join the batch, what was suspended goes on when there is room.
    public func endTurn() {
        if let goOn = suspended, !store.isSaturated {
            suspended = nil
            goOn()
        }
        flushOffsets()
        flushHalves()
        noticeDamage()
        if !options.isReadOnly { expireOld() }
    }

    /// A written batch came back: acknowledgements leave, waiting pulls wake.
    public func confirmed() {
        if let broken { return failAwaiting(broken) }
        var done = 0
        for (batch, source) in awaiting {
            guard batch.end <= store.confirmed else { break }
            source.finished(batch)
            done += 1
        }
        awaiting.removeFirst(done)
        done = 0
        for (batch, response, reply) in replies {
            guard batch <= store.writtenBatches else { break }
            reply(response)
            done += 1
        }
        replies.removeFirst(done)
        for waiter in waiters.takeTouched() {
            var request = waiter.request
            request.isWoken = true
            pull(request, until: waiter.deadline, waiter.reply)
        }
    }

    /// What is answered in place of every acknowledgement once the log is broken.
    var broken: APIError? {
        store.broken.map {
            APIError(.failed, "the log cannot be written: \($0); restart sluice after mending it")
        }
    }

    private func failAwaiting(_ error: APIError) {
        for (batch, source) in awaiting {
            batch.failAll(error)
            source.finished(batch)
        }
        awaiting = []
        for (_, _, reply) in replies { reply(.failed(error)) }
        replies = []
    }

    /// When the owner has to turn again even if nothing arrives; epoch ms.
    public func nextDeadline() -> Int64 {
        var next = flow.nextSample(after: now)
        // What is due and still here waits for the disk: a batch that comes back, or room that is looked for each second,
        // turns the owner anyway, and turning for it alone would keep a core busy.
        if hasDueLeft { return now }
        if let due = timer.nextDue, due > now { next = min(next, due) }
        if let check = nextHalfCheck() { next = min(next, check) }
        if owedCopies.isGoingOn { next = min(next, nextExpiry) }
        if let deadline = waiters.nextDeadline { next = min(next, deadline) }
        if let turn = nextGateTurn { next = min(next, turn) }
        if let slice = nextCopy { next = min(next, slice) }
        return next
    }

    /// Answers once everything appended and journaled so far is written; with a failure when the log breaks before.
    func answerWhenConfirmed(_ response: Response, _ reply: @escaping Reply) {
        if let broken { return reply(.failed(broken)) }
        if !store.hasUnwritten { return reply(response) }
        replies.append((store.currentBatch, response, reply))
    }

    /// Sets work aside until there is room; no other request is handled before it.
    func suspend(_ goOn: @escaping () -> Void) { suspended = goOn }

    func answer(_ batch: PublishBatch, _ source: any PublishSource) {
        batch.end = store.tail
        batch.storeHost = options.host
        if store.confirmed >= batch.end { return source.finished(batch) }
        awaiting.append((batch, source))
    }

    /// Takes no more requests; what was taken is still answered.
    public func beginClosing() {
        closing = true
        for waiter in waiters.expire(.max) { answerEmpty(waiter) }
        endCopies("the broker is shutting down")
    }

    static let readOnly = "the data folder was opened to be read only"

    /// Why publishing is refused at the moment; nil when it is not.
    var refusing: String? {
        if options.isReadOnly { return Self.readOnly }
        if closing { return "the broker is shutting down" }
        if let broken = store.broken { return "the log cannot be written: \(broken)" }
        return store.isFull ? store.noRoom : nil
    }
}

extension Broker {
    /// How long opening took; for the line that says what it did.
    public func setRecoveryTime(milliseconds: Int64) { recovery.milliseconds = milliseconds }
}
