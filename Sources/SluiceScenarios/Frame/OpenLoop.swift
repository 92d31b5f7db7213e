import Foundation
import Synchronization

/// Calls something so many times a second by the clock, whether earlier calls are done or not: as customers come.
final class OpenLoop: Sendable {
    private struct State {
        var next = 0
        var isStopped = false
        var live = 0
    }
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)
    private let perSecond: Double
    private let threads: Int

    /// - Parameter threads: calls that may be under way at a time; beyond them customers queue, and their time counts.
    init(perSecond: Double, threads: Int) {
        self.perSecond = perSecond
        self.threads = threads
    }

    /// - Parameter call: is given the number of the call and the moment at which it was due.
    func start(_ call: @escaping @Sendable (_ number: Int, _ due: Double) -> Void) {
        let start = monotonicSeconds()
        state.withLock { $0.live = threads }
        for _ in 0..<threads {
            Thread { [self] in
                while let number = take() {
                    let due = start + Double(number) / perSecond
                    if !wait(until: due) { break }
                    call(number, due)
                }
                if state.withLock({ state in
                    state.live -= 1
                    return state.live == 0
                }) {
                    ended.signal()
                }
            }.start()
        }
    }

    private func take() -> Int? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// False when it was stopped before.
    private func wait(until due: Double) -> Bool {
        while monotonicSeconds() < due {
            if state.withLock({ $0.isStopped }) { return false }
            sleep(untilMonotonic: min(due, monotonicSeconds() + 0.1))
        }
        return true
    }

    /// Ends; returns when no call is under way any more. A second call does nothing.
    func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped && state.live > 0
        }
        if isFirst { ended.wait() }
    }
}
