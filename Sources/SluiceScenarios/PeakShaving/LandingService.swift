import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// The group `order-landing`: takes order events with bounded concurrency, checks each order's version sequence and
/// lands them in the database. Its pace is that of the database's commits.
public final class LandingService: Sendable {
    private struct State {
        var counts = LandingCount()
        /// Messages delivered again after they were done with.
        var redelivered = 0
        /// Bodies that are no order events.
        var foreign = 0
        var latency = LatencyHistogram()
        /// When the database was last left, by the monotonic clock.
        var lastCommit = 0.0
        var problem: String?
    }
    private let state = Mutex(State())
    private let store: any OrderStore
    private let ledger: EventLedger
    private let pacer: CommitPacer
    private let consumers = Mutex<[PushConsumer]>([])
    private static let steps = ["stock", "invoice", "mail", "loyalty", "shipping", "search"]

    public init(store: any OrderStore, ledger: EventLedger, pacer: CommitPacer) {
        self.store = store
        self.ledger = ledger
        self.pacer = pacer
    }

    /// Begins to consume; once more adds a consumer to the group.
    ///
    /// - Parameter threads: how many batches this consumer works on at once, at most.
    public func start(_ connection: any Connection, group: String, topic: String, threads: Int = 4) throws(APIError) {
        let batch = max(32, Int(4 * pacer.messagesPerCommit))
        let options = ConsumerOptions(group: group, threads: threads, batch: batch, ordered: true)
        let consumer = PushConsumer(connection, options) { [weak self] messages in
            self?.land(messages) ?? .retryLater
        }
        try consumer.subscribe(topic)
        try consumer.start()
        consumers.withLock { $0.append(consumer) }
    }

    /// Consumers in the group.
    public var consumerCount: Int { consumers.withLock { $0.count } }

    /// Lets a consumer finish the batches in hand and leave the group.
    public func removeConsumer() { consumers.withLock { $0.popLast() }?.shutdown() }

    /// Lets the batches in hand finish and leaves the group.
    public func stop() {
        let all = consumers.withLock { consumers in
            defer { consumers = [] }
            return consumers
        }
        for consumer in all { consumer.shutdown() }
    }

    public var counts: LandingCount { state.withLock { $0.counts } }
    public var redelivered: Int { state.withLock { $0.redelivered } }
    /// What the database said when it last refused; nil while all is well.
    public var problem: String? { state.withLock { $0.problem } }

    /// Latency of the commits since the last call.
    func takeLatency() -> LatencyHistogram {
        state.withLock { state in
            defer { state.latency = LatencyHistogram() }
            return state.latency
        }
    }

    /// Lands a batch in transactions of the size that the pacer gives.
    func land(_ messages: [StoredMessage]) -> ConsumeResult {
        let events = messages.compactMap { OrderEvent(body: $0.body) }
        if events.count < messages.count { state.withLock { $0.foreign += messages.count - events.count } }
        var rest = events[...]
        do {
            while !rest.isEmpty {
                let part = Array(rest.prefix(pacer.nextBatch()))
                let verdicts = try timed { try store.land(part) }
                note(part, verdicts)
                for step in 0..<(pacer.nextSteps() - 1) {
                    try timed { try store.note(step: Self.steps[step % Self.steps.count], message: part[0].number) }
                }
                rest = rest.dropFirst(part.count)
            }
            return .success
        } catch {
            state.withLock { $0.problem = "\(error)" }
            return .retryLater
        }
    }

    private func note(_ events: [OrderEvent], _ verdicts: [VersionVerdict]) {
        let isNew = ledger.arrive(events.map(\.number))
        state.withLock { state in
            for (index, verdict) in verdicts.enumerated() {
                if isNew[index] { state.counts.add(verdict) } else { state.redelivered += 1 }
            }
        }
    }

    /// Times a transaction: from when the database was free for it, since only one writes at a time.
    private func timed<T>(_ transaction: () throws -> T) rethrows -> T {
        let asked = monotonicSeconds()
        let result = try transaction()
        let seconds = state.withLock { state in
            let now = monotonicSeconds()
            let seconds = now - max(asked, state.lastCommit)
            state.lastCommit = now
            state.latency.add(microseconds: Int64(seconds * 1e6))
            return seconds
        }
        pacer.committed(seconds: seconds)
        return result
    }
}
