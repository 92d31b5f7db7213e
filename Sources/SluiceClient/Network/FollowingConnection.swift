import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceStorage
import Synchronization

/// A connection to whichever process owns a data folder. When that one is gone, the next request looks for another, or the
/// same one started again. Never owns the folder itself.
///
/// Clients are not registered anew: this is for who asks and acts.
final class FollowingConnection: Connection {
    private struct State {
        var current: SocketConnection
        /// Why there is no connection, until the next attempt.
        var failure: APIError?
        /// Monotonic ns before which nothing is tried.
        var nextAttempt: Int64 = 0
        var isClosed = false
    }

    private let dataFolder: String
    private let state: Mutex<State>
    let localAddress: String

    /// The questions of one refresh share an attempt.
    private static let pause: Int64 = 200_000_000
    /// Short, since a console has one line for it, and without values, so that it can be looked up in its language.
    static let freeSentence = "nobody owns the folder: start its broker, or q and open the console again"
    static let silentSentence = "the process that owns the folder does not answer yet"

    init(dataFolder: String, _ first: SocketConnection) {
        self.dataFolder = dataFolder
        localAddress = first.localAddress
        state = Mutex(State(current: first))
    }

    func close() {
        let current = state.withLock { state in
            state.isClosed = true
            return state.current
        }
        current.close()
    }

    func submit(_ request: Request, _ reply: @escaping Reply) {
        switch connected() {
        case .success(let connection): connection.submit(request, reply)
        case .failure(let error):
            guard case .publish(let source) = request else { return reply(.failed(error)) }
            guard let batch = source.take() else { return }
            batch.refuse(error)
            source.finished(batch)
        }
    }

    func read(_ request: ReadRequest) async throws(APIError) -> Fetch { try await connected().get().read(request) }

    /// The connection there is, or a new one.
    private func connected() -> Result<SocketConnection, APIError> {
        state.withLock { state in
            if state.isClosed { return .failure(APIError(.unavailable, "the connection is closed")) }
            guard state.current.isOver else { return .success(state.current) }
            let now = sluice_monotonic_nanoseconds()
            if let failure = state.failure, now < state.nextAttempt { return .failure(failure) }
            do throws(APIError) {
                state.current = try SocketConnection(path: dataFolder + "/" + AttachedBroker.socketName)
                state.failure = nil
                return .success(state.current)
            } catch {
                let isFree = FolderLock.isFree(dataFolder)
                let failure = APIError(.unreachable, isFree ? Self.freeSentence : Self.silentSentence)
                state.failure = failure
                state.nextAttempt = now + Self.pause
                return .failure(failure)
            }
        }
    }
}
