import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage
import Synchronization

/// Receives messages by push: it pulls ahead, calls a handler on its own threads and commits what was consumed.
///
/// One thread shares the queues out, reads what pulls answer and commits; as many as the options say call the handler.
public final class PushConsumer: Sendable {
    public typealias HandlerFunction = @Sendable ([StoredMessage]) -> ConsumeResult

    struct State {
        var subscriptions: [String: String] = [:]
        var queues: [QueueID: ProcessQueue] = [:]
        /// Queues with waiting messages, in the order they got them.
        var ready: [QueueID] = []
        var answers: [(QueueID, Int, Response)] = []
        var needsSharing = false
        var resets: [(topic: String, offsets: [QueueID: Int64])] = []
        var isRunning = false
        var isStopping = false
        var live = 0
        var idle: [Parker] = []
        var nextSharing: Int64 = 0
    }

    let connection: any Connection
    let options: ConsumerOptions
    let handler: HandlerFunction
    let client = ClientID.next()
    let state = Mutex(State())
    let driverGate = Parker()
    /// Where a broadcast group's consumer is; nil where the broker keeps that.
    let positions: PositionFile?
    private let stopped = Parker()

    /// - Parameter handler: called on this consumer's threads and may block (a database write, say).
    public init(_ connection: any Connection, _ options: ConsumerOptions, handler: @escaping HandlerFunction) {
        self.connection = connection
        self.options = options
        self.handler = handler
        positions =
            options.model == .broadcasting
            ? options.positionFile.map { file in
                PositionFile(file) { connection.brokerName(ofQueue: $0) }
            } : nil
    }

    /// Filter is `*` or `tagA || tagB`. Before ``start()``.
    public func subscribe(_ topic: String, filter: String = "*") throws(APIError) {
        let isRunning = state.withLock { state in
            if !state.isRunning { state.subscriptions[topic] = filter }
            return state.isRunning
        }
        if isRunning { throw APIError(.invalid, "subscribe before the consumer is started") }
    }

    public func start() throws(APIError) {
        let subscriptions = state.withLock { $0.subscriptions }
        guard !subscriptions.isEmpty else { throw APIError(.invalid, "subscribe to a topic first") }
        let registration = Registration(
            client: client, address: connection.localAddress, consumerGroup: options.group, model: options.model,
            subscriptions: subscriptions.mapValues { Subscription($0) },
            push: { [weak self] push in self?.receive(push) })
        do throws(APIError) {
            _ = try connection.callBlocking(.register(registration))
        } catch {
            // A member that nobody reads for would keep its share of the queues.
            connection.submit(.unregister(client: client)) { _ in }
            throw error
        }
        state.withLock { state in
            state.isRunning = true
            state.needsSharing = true
            state.live = options.threads + 1
            if options.model == .clustering { state.subscriptions[TopicName.retry(options.group)] = "*" }
        }
        startThread("sluice-consume") { [self] in
            drive()
            threadEnded()
        }
        for _ in 0..<options.threads {
            startThread("sluice-handler") { [self] in
                handleLoop()
                threadEnded()
            }
        }
    }

    /// Stops pulling, lets the handlers finish, commits, and leaves the group. Blocks until done.
    public func shutdown() {
        let (wasRunning, idle) = state.withLock { state in
            let wasRunning = state.isRunning && !state.isStopping
            state.isStopping = true
            defer { state.idle = [] }
            return (wasRunning, state.idle)
        }
        guard wasRunning else { return }
        for gate in idle { gate.unpark() }
        driverGate.unpark()
        while state.withLock({ $0.live > 0 }) { stopped.park() }
        commitAll()
        positions?.write()
        unlockAll()
        _ = try? connection.callBlocking(.unregister(client: client))
    }

    /// The next member need not wait for the locks to run out.
    private func unlockAll() {
        guard options.ordered, options.model == .clustering else { return }
        let queues = state.withLock { $0.queues.keys.sorted() }
        guard !queues.isEmpty else { return }
        _ = try? connection.callBlocking(.unlock(group: options.group, client: client, queues: queues))
    }

    private func threadEnded() {
        state.withLock { $0.live -= 1 }
        stopped.unpark()
    }

    private func receive(_ push: ServerPush) {
        state.withLock { state in
            switch push {
            case .membersChanged: state.needsSharing = true
            case .offsetsReset(_, let topic, let offsets): state.resets.append((topic, offsets))
            case .checkTransaction: break
            }
        }
        driverGate.unpark()
    }

    // MARK: Handling

    private func handleLoop() {
        let gate = Parker()
        while true {
            let (work, stop) = state.withLock { state -> ((QueueID, [StoredMessage], Int)?, Bool) in
                if state.isStopping { return (nil, true) }
                if let work = nextWork(&state) { return (work, false) }
                state.idle.append(gate)
                return (nil, false)
            }
            if stop { return }
            guard let (queue, messages, generation) = work else {
                gate.park()
                continue
            }
            handle(queue, messages, generation)
        }
    }

    private func nextWork(_ state: inout State) -> (QueueID, [StoredMessage], Int)? {
        let now = sluice_monotonic_nanoseconds()
        for (index, id) in state.ready.enumerated() {
            guard var queue = state.queues[id], queue.hasWaiting, !queue.isLeaving else { continue }
            if queue.pausedUntil > now || (options.ordered && queue.isHandling) { continue }
            let messages = queue.take(options.batch)
            state.ready.remove(at: index)
            if queue.hasWaiting { state.ready.append(id) }
            state.queues[id] = queue
            return (id, messages, queue.generation)
        }
        state.ready.removeAll { state.queues[$0]?.hasWaiting != true }
        return nil
    }

    private func handle(_ id: QueueID, _ messages: [StoredMessage], _ generation: Int) {
        let result = handler(messages.map(restored))
        let isRetried = result == .retryLater
        // What cannot be sent back comes again from here: it must not be passed over.
        let kept =
            isRetried && options.ordered
            ? messages
            : isRetried && options.model == .clustering ? messages.filter { !sendBack($0) } : []
        let pause: Int64 = options.ordered ? 1_000_000_000 : 5_000_000_000
        let idle = state.withLock { state -> [Parker] in
            guard var queue = state.queues[id], queue.generation == generation else { return [] }
            queue.finished(messages)
            if !kept.isEmpty {
                queue.putBack(kept)
                queue.pausedUntil = sluice_monotonic_nanoseconds() + pause
            }
            if queue.hasWaiting, !state.ready.contains(id) { state.ready.append(id) }
            state.queues[id] = queue
            // An ordered queue that was busy may have work for a thread that found none.
            guard options.ordered else { return [] }
            defer { state.idle = [] }
            return state.idle
        }
        for gate in idle { gate.unpark() }
        driverGate.unpark()
    }

    /// A retried message shows its own topic again.
    private func restored(_ message: StoredMessage) -> StoredMessage {
        guard let topic = message.property(PropertyName.retryTopic) else { return message }
        var restored = message
        restored.topic = topic
        return restored
    }

    /// False when it was not stored.
    private func storeAgain(_ message: StoredMessage) -> Bool {
        if case .done = connection.sendAgainBlocking(message, group: options.group) { return true }
        return false
    }

    /// False when it did not go back.
    private func sendBack(_ message: StoredMessage) -> Bool {
        let request = SendBack(
            group: options.group, physicalOffset: message.physicalOffset, broker: ClusterQueue.broker(message.queue),
            topic: message.topic)
        while true {
            do throws(APIError) {
                _ = try connection.callBlocking(.sendBack(request))
                return true
            } catch {
                // A message that is not there any more cannot come again.
                if error.code == .notFound { return true }
                // What a broker refuses to take back is stored again from here, as RocketMQ's own clients do.
                if error.code == .refused { return storeAgain(message) }
                // A full disk, or a broker that is away, is worth waiting for.
                guard error.code == .unavailable, !state.withLock({ $0.isStopping }) else { return false }
                driverGate.park(nanoseconds: 100_000_000)
            }
        }
    }
}
