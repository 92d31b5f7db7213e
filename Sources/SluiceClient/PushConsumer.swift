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
        var resets: [String] = []
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
    private let stopped = Parker()

    /// - Parameter handler: called on this consumer's threads and may block (a database write, say).
    public init(_ connection: any Connection, _ options: ConsumerOptions, handler: @escaping HandlerFunction) {
        self.connection = connection
        self.options = options
        self.handler = handler
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
        _ = try connection.callBlocking(.register(registration))
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
        _ = try? connection.callBlocking(.unregister(client: client))
    }

    private func threadEnded() {
        state.withLock { $0.live -= 1 }
        stopped.unpark()
    }

    private func receive(_ push: ServerPush) {
        state.withLock { state in
            switch push {
            case .membersChanged: state.needsSharing = true
            case .offsetsReset(_, let topic, _): state.resets.append(topic)
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
            guard var queue = state.queues[id], queue.hasWaiting else { continue }
            if options.ordered, queue.isHandling || queue.pausedUntil > now { continue }
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
        if result == .retryLater, !options.ordered, options.model == .clustering {
            for message in messages { sendBack(message) }
        }
        let again = result == .retryLater && options.ordered
        let idle = state.withLock { state -> [Parker] in
            guard var queue = state.queues[id], queue.generation == generation else { return [] }
            if again {
                queue.putBack(messages)
                queue.pausedUntil = sluice_monotonic_nanoseconds() + 1_000_000_000
            } else {
                queue.finished(messages)
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

    private func sendBack(_ message: StoredMessage) {
        let request = SendBack(group: options.group, physicalOffset: message.physicalOffset)
        while true {
            do throws(APIError) {
                _ = try connection.callBlocking(.sendBack(request))
                return
            } catch {
                // Only a full disk is worth waiting for; its message must not be lost by being passed over.
                guard error.code == .unavailable, !state.withLock({ $0.isStopping }) else { return }
                driverGate.park(nanoseconds: 100_000_000)
            }
        }
    }
}
