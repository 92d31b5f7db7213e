import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import Synchronization

/// The window, and the linger.
extension Producer {
    // MARK: Waiting

    func blockForWindow() {
        while true {
            let gate: Parker? = state.withLock { state in
                guard state.inFlight >= options.window, !state.isClosed else { return nil }
                let gate = Parker()
                state.blocked.append(gate)
                return gate
            }
            guard let gate else { return }
            gate.park()
        }
    }

    func waitForWindow() async {
        while state.withLock({ $0.inFlight >= options.window && !$0.isClosed }) {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.inFlight < options.window || state.isClosed { return true }
                    state.suspended.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        }
    }

    /// Blocks until everything posted so far is acknowledged or has failed.
    public func flush() {
        handOver()
        while true {
            let gate: Parker? = state.withLock { state in
                guard state.inFlight > 0 else { return nil }
                let gate = Parker()
                state.blocked.append(gate)
                return gate
            }
            guard let gate else { return }
            gate.park()
        }
    }

    var isWindowFull: Bool { state.withLock { $0.inFlight >= options.window } }

    func handOver() {
        let schedule = state.withLock { state in
            guard !state.isScheduled, state.open.batch.count > 0 else { return false }
            state.isScheduled = true
            return true
        }
        if schedule { connection.submit(.publish(self)) { _ in } }
    }

    /// Flushes and ends; later calls throw `.unavailable`.
    public func close() {
        flush()
        state.withLock { $0.isClosed = true }
        lingerGate.unpark()
    }

    // MARK: Linger

    func startLingering(_ state: inout State) {
        lingerGate.unpark()
        guard !state.lingers else { return }
        state.lingers = true
        startThread("sluice-linger") { [weak self] in
            while let producer = self, producer.lingerOnce() {}
        }
    }

    private func lingerOnce() -> Bool {
        let (deadline, isClosed) = state.withLock { ($0.lingerDeadline, $0.isClosed) }
        if isClosed { return false }
        guard let deadline else {
            lingerGate.park(nanoseconds: 1_000_000_000)
            return true
        }
        let left = deadline - sluice_monotonic_nanoseconds()
        if left > 0 { lingerGate.park(nanoseconds: left) } else { handOver() }
        return true
    }
}
