import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage
import Synchronization

/// A way to a broker: in process here, over the network by the same requests.
public protocol Connection: Sendable {
    /// Hands a request over; `reply` is called once, on a thread that it must not block.
    func submit(_ request: Request, _ reply: @escaping Reply)
    /// Reads records where the log is, without holding a thread of the pool.
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch
    /// The queues of a topic that can be read, in the order that every client of it shares them out by: broker names,
    /// then numbers.
    func readQueues(of topic: String, _ reply: @escaping @Sendable (Result<[QueueID], APIError>) -> Void)
    /// How the broker sees this client: `address` of registrations.
    var localAddress: String { get }
    /// The name of the broker that a queue's number is of (``ClusterQueue``), empty where there is only one; nil where no
    /// broker has that number now.
    func brokerName(ofQueue number: Int) -> String?
    /// Stores a message once more in its group's retry topic, where its broker refuses to do that by itself.
    func sendAgain(_ message: StoredMessage, group: String, _ reply: @escaping Reply)
    /// Names of topics and groups that somebody looks at: where not all can be asked for, these come first.
    func watch(_ names: Set<String>)
}

struct InProcessConnection: Connection {
    let host: Host
    var localAddress: String { "in process" }
    func submit(_ request: Request, _ reply: @escaping Reply) { host.submit(request, reply) }
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch { try await host.read(request) }
}

extension Connection {
    public func brokerName(ofQueue number: Int) -> String? { "" }

    public func sendAgain(_ message: StoredMessage, group: String, _ reply: @escaping Reply) {
        reply(.failed(APIError(.unavailable, "only a client on the network stores a failed message again itself")))
    }

    public func watch(_ names: Set<String>) {}

    /// As one broker has them.
    public func readQueues(of topic: String, _ reply: @escaping @Sendable (Result<[QueueID], APIError>) -> Void) {
        submit(.topic(topic)) { response in
            switch response {
            case .topic(let status): reply(.success((0..<status.summary.config.readQueues).map { QueueID(topic, $0) }))
            case .failed(let error): reply(.failure(error))
            default: reply(.failure(unexpected(response)))
            }
        }
    }

    /// Asks and blocks as ``callBlocking(_:)`` does.
    func readQueuesBlocking(of topic: String) throws(APIError) -> [QueueID] {
        let slot = Slot<Result<[QueueID], APIError>>()
        readQueues(of: topic) { slot.fill($0) }
        return try slot.wait().get()
    }

    /// Stores again and blocks as ``callBlocking(_:)`` does.
    func sendAgainBlocking(_ message: StoredMessage, group: String) -> Response {
        let slot = Slot<Response>()
        sendAgain(message, group: group) { slot.fill($0) }
        return slot.wait()
    }

    /// Asks and waits without holding a thread.
    func call(_ request: Request) async throws(APIError) -> Response {
        let response = await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
        if case .failed(let error) = response { throw error }
        return response
    }

    /// Asks and blocks the calling thread, which must not be one of the cooperative pool.
    func callBlocking(_ request: Request) throws(APIError) -> Response {
        let slot = Slot<Response>()
        submit(request) { slot.fill($0) }
        let response = slot.wait()
        if case .failed(let error) = response { throw error }
        return response
    }
}

/// Carries one answer from the owner's thread to a blocked one.
private final class Slot<Answer: Sendable>: Sendable {
    private let value = Mutex<Answer?>(nil)
    private let gate = Parker()

    func fill(_ answer: Answer) {
        value.withLock { $0 = answer }
        gate.unpark()
    }

    func wait() -> Answer {
        while true {
            if let answer = value.withLock({ $0 }) { return answer }
            gate.park()
        }
    }
}

/// What an answer of the wrong kind means: a mistake between this program's parts, told rather than trapped.
func unexpected(_ response: Response) -> APIError {
    APIError(.failed, "the broker answered with something else than was asked for: \(response)")
}
