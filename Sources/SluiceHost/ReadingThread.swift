import SluiceAPI
import SluiceStorage
import Synchronization

/// A thread for reads that may wait for the disk, so that the two threads of the cooperative pool never do. Started with
/// its first job.
package final class ReadingThread: Sendable {
    package static let shared = ReadingThread("sluice-read")
    private let name: String
    private let jobs = Mutex<(list: [@Sendable () -> Void], started: Bool)>(([], false))
    private let gate = Parker()

    /// - Parameter name: of the thread.
    package init(_ name: String) { self.name = name }

    package func run(_ job: @escaping @Sendable () -> Void) {
        let start = jobs.withLock { jobs in
            jobs.list.append(job)
            defer { jobs.started = true }
            return !jobs.started
        }
        if start { startThread(name) { [self] in loop() } }
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

/// Runs a blocking read on a thread of its own, off the cooperative pool.
package func offPool<T: Sendable>(_ body: @escaping @Sendable () throws(DiskError) -> T) async throws(APIError) -> T {
    let result: Result<T, DiskError> = await withCheckedContinuation { continuation in
        ReadingThread.shared.run {
            do throws(DiskError) {
                continuation.resume(returning: .success(try body()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw APIError(.failed, "\(error)")
    }
}
