import SluiceBroker
import Synchronization

/// Holds the answers to one request, so that a test sees when they came and that there was one only.
public final class ReplyBox: Sendable {
    private let answers = Mutex<[Response]>([])

    public init() {}

    public var reply: Reply {
        { response in self.answers.withLock { $0.append(response) } }
    }
    public var response: Response? { answers.withLock { $0.first } }
    public var count: Int { answers.withLock { $0.count } }
}

/// One batch on its way into a broker.
final class SingleBatch: PublishSource {
    private let waiting: Mutex<PublishBatch?>
    private let done = Mutex(false)

    init(_ batch: PublishBatch) { waiting = Mutex(batch) }

    var isDone: Bool { done.withLock { $0 } }

    func take() -> PublishBatch? {
        waiting.withLock { batch in
            defer { batch = nil }
            return batch
        }
    }

    func finished(_ batch: PublishBatch) { done.withLock { $0 = true } }
}

/// What a broker pushed to a client, in order.
public final class PushLog: Sendable {
    private let pushes = Mutex<[ServerPush]>([])

    public init() {}

    public var push: @Sendable (ServerPush) -> Void {
        { pushed in self.pushes.withLock { $0.append(pushed) } }
    }
    public var all: [ServerPush] { pushes.withLock { $0 } }

    /// What came since somebody took it last.
    func take() -> [ServerPush] {
        pushes.withLock { pushes in
            defer { pushes = [] }
            return pushes
        }
    }
}
