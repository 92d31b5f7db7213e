import Synchronization

/// How long it takes from when the database has a change until every node that is up has it in its cache.
final class Agreement: Sendable {
    private struct Key: Hashable {
        var city: Int
        var version: Int
    }
    private struct Change {
        /// By the monotonic clock.
        var made: Double
        /// Nodes that do not have it yet.
        var missing: Set<String>
    }
    private struct State {
        var open: [Key: Change] = [:]
        var all = LatencyHistogram()
        var recent = LatencyHistogram()
    }
    private let state = Mutex(State())

    /// A change is about to be made, while these nodes are up.
    func begin(city: Int, version: Int, nodes: Set<String>) {
        state.withLock { $0.open[Key(city: city, version: version)] = Change(made: monotonicSeconds(), missing: nodes) }
    }

    func has(_ change: PriceChange, _ node: String) {
        let key = Key(city: change.city, version: change.version)
        state.withLock { state in
            guard state.open[key]?.missing.remove(node) != nil, let entry = state.open[key], entry.missing.isEmpty
            else { return }
            let microseconds = Int64((monotonicSeconds() - entry.made) * 1e6)
            state.all.add(microseconds: microseconds)
            state.recent.add(microseconds: microseconds)
            state.open[key] = nil
        }
    }

    /// A node went down: nobody waits for it any more.
    func forget(_ node: String) {
        state.withLock { state in
            for key in state.open.keys { state.open[key]?.missing.remove(node) }
            state.open = state.open.filter { !$0.value.missing.isEmpty }
        }
    }

    /// Changes that some node does not have yet.
    var open: Int { state.withLock { $0.open.count } }
    var times: LatencyHistogram { state.withLock { $0.all } }

    /// Of the changes since the last call.
    func takeRecent() -> LatencyHistogram {
        state.withLock { state in
            defer { state.recent = LatencyHistogram() }
            return state.recent
        }
    }
}
