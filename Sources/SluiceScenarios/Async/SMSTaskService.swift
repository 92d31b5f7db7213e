import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Takes SMS tasks and calls the gateway. What fails is given back: the broker delivers it again later, and after
/// some attempts puts it with the group's dead letters.
final class SMSTaskService: Sendable {
    /// Deliveries after the first, and the seconds until the last of them: four, or as many as a brief run has time for.
    /// A broker waits before the nth by its delay level n + 2.
    static func retries(_ levels: [Int64], brief: Bool) -> (count: Int, seconds: Double) {
        let waits = levels.dropFirst(2).prefix(4).map { Double($0) / 1_000 }
        var (count, seconds) = (0, 0.0)
        for wait in waits where count == 0 || !brief || seconds + wait <= 15 {
            count += 1
            seconds += wait
        }
        return (max(1, count), seconds)
    }

    private let connection: any Connection
    private let group: String
    private let topic: String
    private let adapter: Mutex<SMSAdapter>
    private let consumer = Mutex<PushConsumer?>(nil)
    private let state = Mutex((done: 0, failed: 0, repeated: 0))
    /// For tests: says that a task is done without doing it.
    private let drops: @Sendable (SMSTask) -> Bool

    init(
        _ connection: any Connection, group: String, topic: String, adapter: SMSAdapter,
        drops: @escaping @Sendable (SMSTask) -> Bool = { _ in false }
    ) {
        self.connection = connection
        self.group = group
        self.topic = topic
        self.adapter = Mutex(adapter)
        self.drops = drops
    }

    func start() throws(APIError) {
        let consumer = PushConsumer(connection, ConsumerOptions(group: group, threads: 16, batch: 1)) {
            [weak self] messages in
            self?.take(messages) ?? .retryLater
        }
        try consumer.subscribe(topic)
        try consumer.start()
        self.consumer.withLock { $0 = consumer }
    }

    var interface: SMSGateway.Interface { adapter.withLock { $0.interface } }
    /// Tasks done, attempts that failed, and deliveries that were not the first.
    var counts: (done: Int, failed: Int, repeated: Int) { state.withLock { $0 } }

    /// A new release of this service, for another interface of the gateway.
    func deploy(_ new: SMSAdapter) { adapter.withLock { $0 = new } }

    private func take(_ messages: [StoredMessage]) -> ConsumeResult {
        for message in messages {
            if message.reconsumeTimes > 0 { state.withLock { $0.repeated += 1 } }
            // What is no task of ours will not become one: it goes to the dead letters, where people can look at it.
            guard let task = SMSTask(body: message.body) else { return .retryLater }
            if drops(task) { continue }
            guard adapter.withLock({ $0 }).send(id: task.id, phone: task.phone, text: "Welcome") else {
                state.withLock { $0.failed += 1 }
                return .retryLater
            }
            state.withLock { $0.done += 1 }
        }
        return .success
    }

    func stop() {
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
    }
}
