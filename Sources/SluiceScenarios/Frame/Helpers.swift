import Dispatch
import Synchronization

/// Runs what a key or a fault sets going and takes a moment; at the end it waits for all of it.
final class Helpers: Sendable {
    private let queue = DispatchQueue(label: "helpers", attributes: .concurrent)
    private let isFinished = Mutex(false)

    /// - Parameters:
    ///   - seconds: before it begins; cut short by ``finish()``.
    ///   - failed: told what went wrong.
    func run(
        after seconds: Double = 0, _ work: @escaping @Sendable () throws -> Void,
        failed: @escaping @Sendable (any Error) -> Void
    ) {
        queue.async { [self] in
            let due = monotonicSeconds() + seconds
            while monotonicSeconds() < due, !isFinished.withLock({ $0 }) {
                sleep(untilMonotonic: min(due, monotonicSeconds() + 0.05))
            }
            // Nothing that was to begin later begins at the end.
            if seconds > 0, isFinished.withLock({ $0 }) { return }
            do { try work() } catch { failed(error) }
        }
    }

    func finish() {
        isFinished.withLock { $0 = true }
        queue.sync(flags: .barrier) {}
    }
}
