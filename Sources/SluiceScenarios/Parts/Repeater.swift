import Dispatch
import Foundation
import Synchronization

/// A thread that repeats a step until it is stopped.
final class Repeater: Sendable {
    private let isStopping = Mutex(false)
    private let isStarted = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)

    /// Begins to repeat.
    ///
    /// - Parameters:
    ///   - interval: seconds from the beginning of one step to that of the next, at least.
    ///   - step: does its work; may block.
    func start(every interval: Double, _ step: @escaping @Sendable () -> Void) {
        isStarted.withLock { $0 = true }
        Thread { [self] in
            while !isStopping.withLock({ $0 }) {
                let next = monotonicSeconds() + interval
                step()
                sleep(untilMonotonic: next)
            }
            ended.signal()
        }.start()
    }

    /// Returns when the step in hand is over. A second call does nothing.
    func stop() {
        let wasRunning = isStopping.withLock { stopping in
            defer { stopping = true }
            return !stopping
        }
        if wasRunning, isStarted.withLock({ $0 }) { ended.wait() }
    }
}

/// Waits on a thread that may block until a condition holds.
///
/// - Returns: false when it did not within so many seconds.
func waits(seconds: Double, until isMet: () throws -> Bool) rethrows -> Bool {
    let deadline = monotonicSeconds() + seconds
    while try !isMet() {
        guard monotonicSeconds() < deadline else { return false }
        sleep(untilMonotonic: monotonicSeconds() + 0.01)
    }
    return true
}
