import CSluice
import SluiceAPI
import SluiceBroker
import SluiceStorage
import Synchronization

/// The thread that owns the broker: it takes what arrived, lets the broker work on it, and hands the disk's jobs to the
/// threads that do them. One wake-up carries all that came meanwhile.
///
/// `@unchecked Sendable`: `broker`, `waiting` and `jobsOut` are touched by the owner's thread only, once it runs.
final class Owner: @unchecked Sendable {
    private enum Done: Sendable {
        /// The job, and how long it took.
        case wrote(WriteJob, nanoseconds: Int64)
        case prepared(PrepareJob)
        case checkpointed(CheckpointJob)
    }
    private struct Inbox {
        var requests: [(Request, Reply)] = []
        var done: [Done] = []
        var isStopping = false
        var isStopped = false
    }

    private let broker: Broker
    private let inbox = Mutex(Inbox())
    private let parker = Parker()
    private let stopped = Parker()
    private let logThread = Worker("sluice-log")
    private let prepareThread = Worker("sluice-room")
    private let maintenanceThread = Worker("sluice-keep")
    private var waiting: ArraySlice<(Request, Reply)> = []
    private var jobsOut = 0
    private var gathering = Gathering()

    init(_ broker: Broker, recoveryNanoseconds: Int64) {
        self.broker = broker
        broker.setRecoveryTime(milliseconds: recoveryNanoseconds / 1_000_000)
    }

    func start() { startThread("sluice-owner") { [self] in run() } }

    func submit(_ request: Request, _ reply: @escaping Reply) {
        let isStopped = inbox.withLock { inbox in
            if !inbox.isStopped { inbox.requests.append((request, reply)) }
            return inbox.isStopped
        }
        if isStopped { return refuse(request, reply) }
        parker.unpark()
    }

    private func refuse(_ request: Request, _ reply: @escaping Reply) {
        let error = APIError(.unavailable, "the broker is closed")
        if case .publish(let source) = request {
            while let batch = source.take() {
                batch.refuse(error)
                source.finished(batch)
            }
        }
        reply(.failed(error))
    }

    /// Ends the owner's thread in order; blocks until it did.
    func stop() {
        inbox.withLock { $0.isStopping = true }
        parker.unpark()
        stopped.park()
    }

    // MARK: The owner's thread

    private func run() {
        while true {
            let (done, isStopping) = takeInbox()
            take(done)
            broker.beginTurn(now: sluice_wall_milliseconds())
            let worked = work()
            broker.endTurn()
            handOut()
            if isStopping, waiting.isEmpty, !broker.isBusy {
                finish()
                return
            }
            let idle = done.isEmpty && !worked
            if idle { sleep() }
        }
    }

    /// Until something arrives, or the broker has to turn again, or a batch has gathered long enough.
    private func sleep() {
        if isGathering { return parker.park(nanoseconds: gathering.left(now: sluice_monotonic_nanoseconds())) }
        let milliseconds = broker.nextDeadline() - sluice_wall_milliseconds()
        parker.park(nanoseconds: min(max(milliseconds, 0), 60_000) * 1_000_000)
    }

    private var isGathering: Bool {
        guard broker.store.options.durable, let gathered = broker.store.gathered, gathered > 0 else { return false }
        return gathering.goesOn(gathered: gathered, now: sluice_monotonic_nanoseconds())
    }

    private func takeInbox() -> ([Done], Bool) {
        let takeRequests = waiting.isEmpty
        return inbox.withLock { inbox in
            defer { inbox.done.removeAll() }
            if takeRequests, !inbox.requests.isEmpty {
                waiting = inbox.requests[...]
                inbox.requests = []
            }
            return (inbox.done, inbox.isStopping)
        }
    }

    private func take(_ done: [Done]) {
        guard !done.isEmpty else { return }
        jobsOut -= done.count
        for item in done {
            switch item {
            case .wrote(let job, let nanoseconds):
                broker.store.finish(job)
                gathering.begin(
                    expected: job.records + (broker.store.gathered ?? 0), syncNanoseconds: nanoseconds,
                    now: sluice_monotonic_nanoseconds())
            case .prepared(let job): broker.store.finish(job)
            case .checkpointed(let job): broker.store.finish(job)
            }
        }
        // The disk first: the next batch is on its way while the acknowledgements of this one leave.
        handOutWrites()
        broker.confirmed()
    }

    /// Handles what waits, as long as the disk keeps up. A checkpoint that is due lets the batches come back first.
    private func work() -> Bool {
        guard !broker.store.wantsCheckpoint else { return false }
        var handled = false
        while !broker.isBusy, let (request, reply) = waiting.popFirst() {
            broker.handle(request, reply)
            handled = true
        }
        return handled
    }

    private func handOutWrites() {
        while !isGathering, let job = broker.store.takeWrite() {
            send(logThread) {
                let began = sluice_monotonic_nanoseconds()
                job.run()
                return .wrote(job, nanoseconds: sluice_monotonic_nanoseconds() - began)
            }
        }
    }

    private func handOut() {
        handOutWrites()
        if let job = broker.store.takePrepare() {
            send(prepareThread) {
                job.run()
                return .prepared(job)
            }
        }
        if broker.store.wantsCheckpoint, let job = broker.takeCheckpoint() {
            send(maintenanceThread) {
                job.run()
                return .checkpointed(job)
            }
            parker.unpark()
        }
    }

    private func send(_ worker: Worker, _ job: @escaping @Sendable () -> Done) {
        jobsOut += 1
        worker.submit { [self] in
            let done = job()
            inbox.withLock { $0.done.append(done) }
            parker.unpark()
        }
    }

    /// The last turn: everything is written, a checkpoint says so, late requests are refused.
    private func finish() {
        broker.beginClosing()
        repeat {
            broker.endTurn()
            handOut()
            while jobsOut > 0 {
                let done = takeInbox().0
                if done.isEmpty { parker.park() } else { take(done) }
            }
        } while broker.store.hasUnwritten && broker.store.broken == nil
        if let job = broker.takeCheckpoint(force: true, clean: true) { job.run() }
        let late = inbox.withLock { inbox in
            inbox.isStopped = true
            defer { inbox.requests = [] }
            return inbox.requests
        }
        for (request, reply) in waiting + late[...] { refuse(request, reply) }
        for worker in [logThread, prepareThread, maintenanceThread] { worker.stop() }
        stopped.unpark()
    }
}
