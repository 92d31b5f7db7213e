import Dispatch
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// A service on the bus: hears some kinds of events as a group of its own, and answers with others.
///
/// Work and answers are done before the messages count as consumed. Who is killed in between gets them again, so every
/// service has to take an event twice without harm.
final class BusService: Sendable {
    private let consumer: PushConsumer
    private let producer: Producer

    /// - Parameter work: on a batch of events; returns the answers. What it throws brings the batch again.
    init(
        _ connection: any Connection, topic: String, group: String, hears kinds: [LotteryEvent.Kind],
        work: @escaping @Sendable ([LotteryEvent]) throws -> [LotteryEvent]
    ) throws(APIError) {
        let producer = Producer(connection, ProducerOptions(group: group))
        self.producer = producer
        // A thread: the service's own database takes one writer at a time.
        consumer = PushConsumer(connection, ConsumerOptions(group: group, threads: 1, batch: 64, ordered: true)) {
            messages in
            do {
                try producer.sendAll(
                    try work(messages.compactMap { LotteryEvent($0) }).map { $0.message(topic: topic) })
                return .success
            } catch {
                return .retryLater
            }
        }
        try consumer.subscribe(topic, filter: kinds.map(\.rawValue).joined(separator: " || "))
    }

    func start() throws(APIError) { try consumer.start() }

    func stop() {
        consumer.shutdown()
        producer.close()
    }
}

extension Producer {
    /// Sends messages together and waits until all are acknowledged; throws when one is not.
    func sendAll(_ messages: [Message]) throws(APIError) {
        guard !messages.isEmpty else { return }
        let outcome = Outcome(count: messages.count)
        try post(together: messages.map { message in (message, { outcome.note($0) }) })
        outcome.wait()
        if let error = outcome.error { throw error }
    }
}

/// Counts acknowledgements.
private final class Outcome: Sendable {
    private let state: Mutex<(left: Int, error: APIError?)>
    private let done = DispatchSemaphore(value: 0)

    init(count: Int) { state = Mutex((count, nil)) }

    var error: APIError? { state.withLock { $0.error } }

    func note(_ result: Result<SendReceipt, APIError>) {
        let isLast = state.withLock { state in
            state.left -= 1
            if case .failure(let error) = result { state.error = error }
            return state.left == 0
        }
        if isLast { done.signal() }
    }

    func wait() { done.wait() }
}
