import NIOCore
import NIOHTTP1
import Synchronization

/// What is answered to which request.
struct MetricsPages: Sendable {
    let metrics: @Sendable () async -> String
    let health: @Sendable () async -> (ok: Bool, text: String)

    struct Page: Sendable, Equatable {
        var status: HTTPResponseStatus
        var contentType = "text/plain; charset=utf-8"
        var text: String
    }

    func page(_ method: HTTPMethod, _ uri: String) async -> Page {
        guard method == .GET else { return Page(status: .methodNotAllowed, text: "only GET is served here\n") }
        switch uri.prefix(while: { $0 != "?" }) {
        case "/metrics": return Page(status: .ok, contentType: MetricsText.contentType, text: await metrics())
        case "/healthz":
            let health = await health()
            return health.ok ? Page(status: .ok, text: "ok") : Page(status: .serviceUnavailable, text: health.text)
        default: return Page(status: .notFound, text: "there are /metrics and /healthz\n")
        }
    }
}

/// The connections of a ``MetricsServer``, on whatever event loops they are.
final class MetricsConnections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isStopped = false
    }
    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// False when there are too many.
    func add(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isStopped, state.open.count < limit else { return false }
            state.open[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) {
        state.withLock { state in _ = state.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Lets no more in; returns those that are open.
    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopped = true
            return Array(state.open.values)
        }
    }
}
