import CSluice
import Synchronization

/// Where one thread sleeps until others wake it.
///
/// `@unchecked Sendable`: the C side uses atomics and a futex.
package final class Parker: @unchecked Sendable {
    private let state = UnsafeMutablePointer<sluice_parker>.allocate(capacity: 1)
    package init() { state.initialize(to: sluice_parker()) }
    deinit { state.deallocate() }
    /// Sleeps until woken; at most so many nanoseconds unless negative.
    package func park(nanoseconds: Int64 = -1) { sluice_park(state, nanoseconds) }
    package func unpark() { sluice_unpark(state) }
}

/// Starts a detached thread that runs `body`.
package func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let context = Unmanaged.passRetained(Box(body)).toOpaque()
    let code = sluice_thread(
        name, 1 << 20,
        { context in
            guard let context else { return }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
        }, context)
    precondition(code == 0, "the system gives no more threads (error \(code))")
}

/// A thread that runs jobs one after the other, in the order they were given.
final class Worker: Sendable {
    private let jobs = Mutex<(list: [@Sendable () -> Void], stopped: Bool)>(([], false))
    private let parker = Parker()

    init(_ name: String) { startThread(name) { [self] in run() } }

    func submit(_ job: @escaping @Sendable () -> Void) {
        jobs.withLock { $0.list.append(job) }
        parker.unpark()
    }

    /// Ends the thread after the jobs given so far.
    func stop() {
        jobs.withLock { $0.stopped = true }
        parker.unpark()
    }

    private func run() {
        while true {
            let (list, stopped) = jobs.withLock { jobs in
                defer { jobs.list = [] }
                return jobs
            }
            for job in list { job() }
            if list.isEmpty {
                if stopped { return }
                parker.park()
            }
        }
    }
}
