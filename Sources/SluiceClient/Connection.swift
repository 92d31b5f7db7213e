import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceStorage
import Synchronization

/// A way to a broker: in process here, over the network by the same requests.
public protocol Connection: Sendable {
    /// Hands a request over; `reply` is called once, on a thread that it must not block.
    func submit(_ request: Request, _ reply: @escaping Reply)
    /// Reads records where the log is, without holding a thread of the pool.
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch
    /// How the broker sees this client: `address` of registrations.
    var localAddress: String { get }
}

struct InProcessConnection: Connection {
    let host: Host
    var localAddress: String { "in process" }
    func submit(_ request: Request, _ reply: @escaping Reply) { host.submit(request, reply) }
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch { try await host.read(request) }
}

extension Connection {
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
        let slot = Slot()
        submit(request) { slot.fill($0) }
        let response = slot.wait()
        if case .failed(let error) = response { throw error }
        return response
    }
}

/// Carries one answer from the owner's thread to a blocked one.
private final class Slot: Sendable {
    private let value = Mutex<Response?>(nil)
    private let gate = Parker()

    func fill(_ response: Response) {
        value.withLock { $0 = response }
        gate.unpark()
    }

    func wait() -> Response {
        while true {
            if let response = value.withLock({ $0 }) { return response }
            gate.park()
        }
    }
}

/// What an answer of the wrong kind means: a mistake between this program's parts, told rather than trapped.
func unexpected(_ response: Response) -> APIError {
    APIError(.failed, "the broker answered with something else than was asked for: \(response)")
}
