import SluiceHost

/// Runs the tasks of rare requests on a thread of their own: they neither hold up the event loop nor wait for whatever else
/// the program does on Swift's pool.
final class CallExecutor: TaskExecutor {
    private let thread = ReadingThread("sluice-calls")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        thread.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
