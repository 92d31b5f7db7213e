import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import Synchronization

/// What a producer knows of its local transaction.
public enum TransactionState: Sendable {
    case commit, rollback
    /// Not known yet: the broker will ask again.
    case unknown

    var resolution: Resolution? {
        switch self {
        case .commit: .commit
        case .rollback: .rollback
        case .unknown: nil
        }
    }
}

/// Publishes messages as part of local transactions (half message, local transaction, second confirmation, check-back).
public final class TransactionProducer: Sendable {
    private let connection: any Connection
    private let producer: Producer
    private let group: String
    private let client: String
    private let checks: CheckThread

    /// - Parameter check: answers the broker's check-back for a half message of this group; runs on a thread of this
    ///   producer and may block.
    public init(
        _ connection: any Connection, group: String, check: @escaping @Sendable (StoredMessage) -> TransactionState
    ) {
        self.connection = connection
        self.group = group
        client = ClientID.next()
        producer = Producer(connection, ProducerOptions(group: group))
        let checks = CheckThread(connection, group, check)
        self.checks = checks
        let registration = Registration(
            client: client, address: connection.localAddress, producerGroup: group,
            push: { push in
                if case .checkTransaction(let half, let queueOffset) = push { checks.add(half, queueOffset) }
            })
        connection.submit(.register(registration)) { _ in }
    }

    /// Sends a half message, runs the local transaction on the calling thread, and tells the broker how it ended.
    /// An error thrown by `local` rolls back and is passed on.
    @discardableResult
    public func send(
        _ message: Message, local: (SendReceipt) throws -> TransactionState
    ) async throws -> (receipt: SendReceipt, state: TransactionState) {
        let receipt = try await producer.send(message, halfOf: group)
        let state: TransactionState
        do {
            state = try local(receipt)
        } catch {
            _ = try? await end(receipt, .rollback)
            throw error
        }
        if state != .unknown { try await end(receipt, state) }
        return (receipt, state)
    }

    /// Hands a half message over without waiting; blocks the calling thread while the window is full. The handler is called
    /// once, on the broker's thread: it must be short and must not block. ``end(_:as:_:)`` has to follow.
    public func post(_ message: Message, _ handler: @escaping Producer.Handler) throws(APIError) {
        try producer.post(message, halfOf: group, handler)
    }

    /// Says how the transaction of a half message ended, without waiting. The handler is called as that of
    /// ``post(_:_:)``, with `.conflict` where somebody else resolved it.
    public func end(
        _ receipt: SendReceipt, as state: TransactionState, _ handler: @escaping @Sendable (APIError?) -> Void
    ) {
        connection.submit(.endTransaction(word(receipt, state))) { response in
            if case .failed(let error) = response { handler(error) } else { handler(nil) }
        }
    }

    /// Blocks until every half posted so far is acknowledged or has failed.
    public func flush() { producer.flush() }

    private func end(_ receipt: SendReceipt, _ state: TransactionState) async throws(APIError) {
        _ = try await connection.call(.endTransaction(word(receipt, state)))
    }

    private func word(_ receipt: SendReceipt, _ state: TransactionState) -> EndTransaction {
        EndTransaction(
            producerGroup: group, physicalOffset: receipt.physicalOffset, queueOffset: receipt.queueOffset,
            resolution: state.resolution, origin: .producer, id: receipt.id,
            broker: ClusterQueue.broker(receipt.queue.queue))
    }

    public func close() {
        producer.close()
        checks.stop()
        connection.submit(.unregister(client: client)) { _ in }
    }
}

/// Answers check-backs one after the other.
private final class CheckThread: Sendable {
    private let connection: any Connection
    private let group: String
    private let check: @Sendable (StoredMessage) -> TransactionState
    private let waiting = Mutex<(list: [(StoredMessage, Int64)], stopped: Bool)>(([], false))
    private let gate = Parker()

    init(
        _ connection: any Connection, _ group: String, _ check: @escaping @Sendable (StoredMessage) -> TransactionState
    ) {
        self.connection = connection
        self.group = group
        self.check = check
        startThread("sluice-check") { [self] in run() }
    }

    func add(_ half: StoredMessage, _ queueOffset: Int64) {
        waiting.withLock { $0.list.append((half, queueOffset)) }
        gate.unpark()
    }

    func stop() {
        waiting.withLock { $0.stopped = true }
        gate.unpark()
    }

    private func run() {
        while true {
            let (list, stopped) = waiting.withLock { waiting in
                defer { waiting.list = [] }
                return waiting
            }
            if stopped { return }
            for (half, queueOffset) in list {
                let end = EndTransaction(
                    producerGroup: group, physicalOffset: half.physicalOffset, queueOffset: queueOffset,
                    resolution: check(half.decompressed()).resolution, origin: .checkBack, id: half.id,
                    broker: ClusterQueue.broker(half.queue))
                // A half that somebody else resolved meanwhile needs nothing more from us.
                _ = try? connection.callBlocking(.endTransaction(end))
            }
            if list.isEmpty { gate.park() }
        }
    }
}
