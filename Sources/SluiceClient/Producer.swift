import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import Synchronization

/// How a producer behaves.
public struct ProducerOptions: Sendable {
    /// Producer group name.
    public var group: String
    /// Messages in flight before `post` blocks and `send` waits.
    public var window: Int
    /// Milliseconds a message may wait for others to share its batch; 0 sends at once.
    public var lingerMilliseconds: Int
    /// A batch leaves when it holds so many messages, whatever the linger.
    public var batchMessages: Int
    /// Bodies of this size and more are compressed (zlib); nil never.
    public var compressOver: Int?

    public init(
        group: String = "sluice", window: Int = 1_024, lingerMilliseconds: Int = 0, batchMessages: Int = 512,
        compressOver: Int? = 4_096
    ) {
        self.group = group
        self.window = max(1, window)
        self.lingerMilliseconds = lingerMilliseconds
        self.batchMessages = max(1, batchMessages)
        self.compressOver = compressOver
    }
}

/// Publishes messages. Safe to use from several threads and tasks; messages of one thread to one queue keep their order.
///
/// Messages gather in a batch until the broker has time to take it: one hand-over carries all that came meanwhile.
public final class Producer: PublishSource {
    /// Told what became of one message, on the broker's thread.
    public typealias Handler = @Sendable (Result<SendReceipt, APIError>) -> Void

    struct State {
        var open: Outgoing
        var spare: [Outgoing] = []
        var taken: [Outgoing] = []
        var topics: [String] = []
        var topicNumbers: [String: Int32] = [:]
        var keys: UniqueKeyMaker
        var inFlight = 0
        var isScheduled = false
        var isClosed = false
        var blocked: [Parker] = []
        var suspended: [CheckedContinuation<Void, Never>] = []
        var lingerDeadline: Int64?
        var lingers = false
    }

    /// A batch with what its answers go to.
    ///
    /// `@unchecked Sendable`: it is reached through the producer's lock, or by the one that took it out.
    final class Outgoing: @unchecked Sendable {
        let batch: PublishBatch
        var handlers: [(index: Int, id: String, handler: Handler)] = []
        init(_ bornHost: HostAddress) { batch = PublishBatch(bornHost: bornHost) }
    }

    let connection: any Connection
    let options: ProducerOptions
    let state: Mutex<State>
    let lingerGate = Parker()
    private let onAcknowledged: (@Sendable (PublishBatch) -> Void)?
    private static let bornHost = HostAddress(address: 0x7F00_0001, port: 0)

    public convenience init(_ connection: any Connection, _ options: ProducerOptions = ProducerOptions()) {
        self.init(connection, options, onAcknowledged: nil)
    }

    /// A producer whose answers come by the batch: for rates at which a handler a message would be felt.
    /// - Parameter onAcknowledged: called on the broker's thread with each batch whose entries all have their results;
    ///   it must be short, must not block, and must not keep the batch.
    public init(
        _ connection: any Connection, _ options: ProducerOptions, onAcknowledged: (@Sendable (PublishBatch) -> Void)?
    ) {
        self.connection = connection
        self.options = options
        self.onAcknowledged = onAcknowledged
        var generator = SystemRandomNumberGenerator()
        state = Mutex(
            State(
                open: Outgoing(Self.bornHost),
                keys: UniqueKeyMaker(instance: UInt32.random(in: 0 ... .max, using: &generator))))
    }

    // MARK: Publishing

    /// Publishes one message and returns when it is acknowledged.
    public func send(_ message: Message) async throws(APIError) -> SendReceipt {
        try await send(message, halfOf: nil)
    }

    func send(
        _ message: Message, halfOf group: String? = nil, systemFlag: Int32? = nil
    ) async throws(APIError) -> SendReceipt {
        let draft = try Draft(message, options, halfOf: group, systemFlag: systemFlag)
        await waitForWindow()
        let result: Result<SendReceipt, APIError> = await withCheckedContinuation { continuation in
            if let error = add(draft, { continuation.resume(returning: $0) }) {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Hands a message over without waiting for its acknowledgement; blocks the calling thread while the window is full.
    /// The handler is called once, on the broker's thread: it must be short and must not block.
    public func post(_ message: Message, _ handler: @escaping Handler) throws(APIError) {
        try post(message, halfOf: nil, handler)
    }

    func post(_ message: Message, halfOf group: String?, _ handler: @escaping Handler) throws(APIError) {
        let draft = try Draft(message, options, halfOf: group)
        blockForWindow()
        if let error = add(draft, handler) { throw error }
    }

    /// Hands several messages over together, so that they share a batch and a sync as far as the window lets them. Blocks
    /// and calls handlers as ``post(_:_:)`` does.
    /// - Throws: what is wrong with one of them, before any of them is handed over.
    public func post(together messages: [(message: Message, handler: Handler)]) throws(APIError) {
        var drafts: [(draft: Draft, handler: Handler)] = []
        drafts.reserveCapacity(messages.count)
        for (message, handler) in messages { drafts.append((try Draft(message, options), handler)) }
        defer { handOver() }
        for (draft, handler) in drafts {
            if isWindowFull { handOver() }
            blockForWindow()
            if let error = add(draft, handler, isHeld: true) { throw error }
        }
    }

    /// Hands a body over with the least work a message can cost: no handler of its own (its batch is told as a whole),
    /// no compression. Blocks the calling thread while the window is full.
    public func post(
        _ body: UnsafeRawBufferPointer, to topic: TopicNumber, queue: Int32 = -1, key: UnsafeRawBufferPointer
    ) throws(APIError) {
        // The bytes are only read inside the lock, on this thread; the compiler cannot see that of a raw pointer.
        nonisolated(unsafe) let body = body
        nonisolated(unsafe) let key = key
        let keyBytes = key.isEmpty ? 0 : 6 + key.count
        while true {
            let step: PostStep = state.withLock { state in
                if state.isClosed { return .closed }
                if state.inFlight >= options.window {
                    let gate = Parker()
                    state.blocked.append(gate)
                    return .wait(gate)
                }
                let now = sluice_wall_milliseconds()
                let id = state.keys.nextBytes(now: now)
                let batch = state.open.batch
                batch.use(topics: state.topics)
                let target = batch.add(
                    topic: topic.number, queue: queue, bornTimestamp: now,
                    propertyBytes: 9 + UniqueKeyMaker.length + keyBytes, bodyBytes: body.count)
                Draft.fill(target, id, key, body)
                return counted(&state) ? .handOver : .done
            }
            switch step {
            case .done: return
            case .handOver: return connection.submit(.publish(self)) { _ in }
            case .wait(let gate): gate.park()
            case .closed: throw Self.closedError
            }
        }
    }

    private enum PostStep {
        case done, handOver, closed
        case wait(Parker)
    }

    /// A topic's number with this producer.
    public struct TopicNumber: Sendable {
        let number: Int32
    }

    public func number(of topic: String) -> TopicNumber {
        state.withLock { TopicNumber(number: Self.number(topic, &$0)) }
    }

    private static func number(_ topic: String, _ state: inout State) -> Int32 {
        if let known = state.topicNumbers[topic] { return known }
        let number = Int32(state.topics.count)
        state.topics.append(topic)
        state.topicNumbers[topic] = number
        return number
    }

    /// - Parameter isHeld: the caller hands the batch over itself.
    private func add(_ draft: Draft, _ handler: @escaping Handler, isHeld: Bool = false) -> APIError? {
        let schedule: Bool? = state.withLock { state in
            guard !state.isClosed else { return nil }
            let now = sluice_wall_milliseconds()
            let id = state.keys.next(now: now)
            let topic = Self.number(draft.topic, &state)
            let batch = state.open.batch
            batch.use(topics: state.topics)
            state.open.handlers.append((batch.count, id, handler))
            draft.add(to: batch, topic: topic, id: id, now: now)
            if isHeld { state.inFlight += 1 }
            return isHeld ? false : counted(&state)
        }
        guard let schedule else { return Self.closedError }
        if schedule { connection.submit(.publish(self)) { _ in } }
        return nil
    }

    /// Counts a message in; true when the batch is to be handed over now.
    private func counted(_ state: inout State) -> Bool {
        state.inFlight += 1
        guard !state.isScheduled else { return false }
        if options.lingerMilliseconds > 0, state.open.batch.count < options.batchMessages,
            state.inFlight < options.window
        {
            if state.lingerDeadline == nil {
                state.lingerDeadline = sluice_monotonic_nanoseconds() + Int64(options.lingerMilliseconds) * 1_000_000
                startLingering(&state)
            }
            return false
        }
        state.isScheduled = true
        return true
    }

    static let closedError = APIError(.unavailable, "the producer is closed")

    // MARK: The broker's side

    public func take() -> PublishBatch? {
        state.withLock { state in
            state.isScheduled = false
            state.lingerDeadline = nil
            guard state.open.batch.count > 0 else { return nil }
            let taken = state.open
            state.taken.append(taken)
            state.open = state.spare.popLast() ?? Outgoing(Self.bornHost)
            return taken.batch
        }
    }

    public func finished(_ batch: PublishBatch) {
        let outgoing = state.withLock { state -> Outgoing? in
            guard let index = state.taken.firstIndex(where: { $0.batch === batch }) else { return nil }
            return state.taken.remove(at: index)
        }
        guard let outgoing else { return }
        for (index, id, handler) in outgoing.handlers { handler(batch.result(index, id: id)) }
        onAcknowledged?(batch)
        let count = batch.count
        outgoing.handlers.removeAll(keepingCapacity: true)
        batch.reset()
        let (blocked, suspended) = state.withLock { state in
            state.inFlight -= count
            if state.spare.count < 4 { state.spare.append(outgoing) }
            defer {
                state.blocked.removeAll()
                state.suspended.removeAll()
            }
            return (state.blocked, state.suspended)
        }
        for gate in blocked { gate.unpark() }
        for continuation in suspended { continuation.resume() }
    }
}

extension PublishBatch {
    /// What became of an entry, in the words of a producer.
    func result(_ index: Int, id: String) -> Result<SendReceipt, APIError> {
        if let error = error(index) { return .failure(error) }
        let entry = entries[index]
        let host = storeHosts[ClusterQueue.broker(Int(entry.queue))] ?? storeHost
        return .success(
            SendReceipt(
                id: id, offsetID: OffsetID.text(host, physicalOffset: entry.physicalOffset),
                queue: QueueID(topics[Int(entry.topic)], Int(entry.queue)), queueOffset: entry.queueOffset,
                physicalOffset: entry.physicalOffset))
    }
}
