import SluiceHost
import Synchronization

/// A thread for reads that may wait for the disk, so that the two threads of the cooperative pool never do. Started with
/// its first job.
final class ReadingThread: Sendable {
    static let shared = ReadingThread()
    private let jobs = Mutex<(list: [@Sendable () -> Void], started: Bool)>(([], false))
    private let gate = Parker()

    func run(_ job: @escaping @Sendable () -> Void) {
        let start = jobs.withLock { jobs in
            jobs.list.append(job)
            defer { jobs.started = true }
            return !jobs.started
        }
        if start { startThread("sluice-read") { [self] in loop() } }
        gate.unpark()
    }

    private func loop() {
        while true {
            let list = jobs.withLock { jobs in
                defer { jobs.list = [] }
                return jobs.list
            }
            for job in list { job() }
            if list.isEmpty { gate.park() }
        }
    }
}
