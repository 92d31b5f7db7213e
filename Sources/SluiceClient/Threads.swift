import CSluice
import SluiceAPI
import Synchronization

/// Starts a detached thread that runs `body`.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
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

/// A thread for reads that may wait for the disk, so that the two threads of the cooperative pool never do. Started with
/// its first job.
final class ReadingThread: Sendable {
    static let shared = ReadingThread()
    private let jobs = Mutex<(list: [@Sendable () -> Void], started: Bool)>(([], false))
    private let gate = Gate()

    func run(_ job: @escaping @Sendable () -> Void) {
        let start = jobs.withLock { jobs in
            jobs.list.append(job)
            defer { jobs.started = true }
            return !jobs.started
        }
        if start { startThread("sluice-read") { [self] in loop() } }
        gate.open()
    }

    private func loop() {
        while true {
            let list = jobs.withLock { jobs in
                defer { jobs.list = [] }
                return jobs.list
            }
            for job in list { job() }
            if list.isEmpty { gate.pass() }
        }
    }
}
