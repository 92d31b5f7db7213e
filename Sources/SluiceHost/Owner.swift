import CSluice
import SluiceAPI
import SluiceBroker
import SluiceStorage
import Synchronization

/// What runs the owner's turns in place of a thread of its own: the event loop of a server, which saves two hand-overs a
/// request.
package protocol TurnExecutor: Sendable {
    /// Runs `turn` soon, on the executor's one thread.
    func run(_ turn: @escaping @Sendable () -> Void)
    /// Runs `turn` after so many nanoseconds; on the executor's thread. The last one asked for counts.
    func run(afterNanoseconds nanoseconds: Int64, _ turn: @escaping @Sendable () -> Void)
}

/// Owns the broker: it takes what arrived, lets the broker work on it, and hands the disk's jobs to the threads that do
/// them. One wake-up carries all that came meanwhile. It has a thread of its own until an executor takes its turns over.
///
/// `@unchecked Sendable`: `broker`, `waiting` and `jobsOut` are touched by the one thread that has the turns.
final class Owner: @unchecked Sendable {
    private enum Done: Sendable {
        /// The job, and how long it took.
        case wrote(WriteJob, nanoseconds: Int64)
        case prepared(PrepareJob)
        case checkpointed(CheckpointJob)
        case timed(DelayRunJob)
    }
    private struct Inbox {
        var requests: [(Request, Reply)] = []
        var done: [Done] = []
        var isStopping = false
        var isStopped = false
        /// Who has the turns from the next one on; nil is the owner's own thread.
        var executor: (any TurnExecutor)?
        /// A turn was asked of the executor and has not begun.
        var isTurnDue = false
    }

    private let broker: Broker
    private let inbox = Mutex(Inbox())
    private let parker = Parker()
    private let stopped = Parker()
    private let handedOver = Parker()
    private let logThread = Worker("sluice-log")
    private let prepareThread = Worker("sluice-room")
    private let maintenanceThread = Worker("sluice-keep")
    private var waiting: ArraySlice<(Request, Reply)> = []
    private var jobsOut = 0
    /// Batches with the log thread: what the owner writes itself must not overtake them.
    private var writesOut = 0
    private var inlineWriting = InlineWriting()
    /// The turns run on an executor, where a hand-over costs a peer's request most.
    private var isOnExecutor = false
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
        wake()
    }

    /// Sees to it that a turn comes.
    private func wake() {
        let (executor, isDue) = inbox.withLock { inbox in
            defer { if inbox.executor != nil { inbox.isTurnDue = true } }
            return (inbox.executor, inbox.isTurnDue)
        }
        guard let executor else { return parker.unpark() }
        if !isDue { executor.run { self.turns() } }
    }

    // MARK: Whose turn it is

    /// Gives the turns to an executor; blocks until the owner's own thread has ended.
    func hand(to executor: any TurnExecutor) {
        inbox.withLock { $0.executor = executor }
        parker.unpark()
        handedOver.park()
        wake()
    }

    /// Takes the turns back from the executor, on whose thread it has to be called.
    func takeBack() {
        inbox.withLock { $0.executor = nil }
        start()
        parker.unpark()
    }

    /// On the executor: turns until there is nothing to do, but not so many that its other work has to wait.
    private func turns() {
        let executor = inbox.withLock { inbox in
            inbox.isTurnDue = false
            return inbox.executor
        }
        guard let executor else { return }
        isOnExecutor = true
        for _ in 0..<4 {
            if turn() { continue }
            return executor.run(afterNanoseconds: nanosecondsToSleep()) { self.turns() }
        }
        wake()
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
        isOnExecutor = false
        while true {
            let (isStopping, isHandedOver) = inbox.withLock { ($0.isStopping, $0.executor != nil) }
            if isHandedOver { return handedOver.unpark() }
            let worked = turn()
            if isStopping, waiting.isEmpty, !broker.isBusy { return finish() }
            if !worked { parker.park(nanoseconds: nanosecondsToSleep()) }
        }
    }

    /// One turn; true when there was something to do.
    private func turn() -> Bool {
        let done = takeInbox()
        take(done)
        broker.beginTurn(now: sluice_wall_milliseconds())
        let worked = work()
        broker.endTurn()
        handOut()
        return worked || !done.isEmpty
    }

    /// How long nothing has to happen, unless something arrives: until the broker has to turn again, or a batch has gathered
    /// long enough.
    private func nanosecondsToSleep() -> Int64 {
        if isGathering { return gathering.left(now: sluice_monotonic_nanoseconds()) }
        let milliseconds = broker.nextDeadline() - sluice_wall_milliseconds()
        return min(max(milliseconds, 0), 60_000) * 1_000_000
    }

    private var isGathering: Bool {
        guard broker.store.options.durable, let gathered = broker.store.gathered, gathered > 0 else { return false }
        return gathering.goesOn(gathered: gathered, now: sluice_monotonic_nanoseconds())
    }

    private func takeInbox() -> [Done] {
        let takeRequests = waiting.isEmpty
        return inbox.withLock { inbox in
            defer { inbox.done.removeAll() }
            if takeRequests, !inbox.requests.isEmpty {
                waiting = inbox.requests[...]
                inbox.requests = []
            }
            return inbox.done
        }
    }

    private func take(_ done: [Done]) {
        guard !done.isEmpty else { return }
        jobsOut -= done.count
        for item in done {
            switch item {
            case .wrote(let job, let nanoseconds):
                writesOut -= 1
                broker.store.finish(job)
                gathering.begin(
                    expected: job.records + (broker.store.gathered ?? 0), syncNanoseconds: nanoseconds,
                    now: sluice_monotonic_nanoseconds())
            case .prepared(let job): broker.store.finish(job)
            case .checkpointed(let job): broker.finish(job)
            case .timed(let job): broker.finish(job)
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

    /// True when batches were written on the spot: what they confirm can be told.
    @discardableResult
    private func handOutWrites() -> Bool {
        var isConfirmed = false
        while !isGathering, let job = broker.store.takeWrite() {
            let began = sluice_monotonic_nanoseconds()
            if isOnExecutor, writesOut == 0, inlineWriting.allows(job, now: began) {
                job.run()
                let ended = sluice_monotonic_nanoseconds()
                inlineWriting.took(ended - began, now: ended)
                broker.store.finish(job)
                isConfirmed = true
                continue
            }
            writesOut += 1
            send(logThread) {
                let began = sluice_monotonic_nanoseconds()
                job.run()
                return .wrote(job, nanoseconds: sluice_monotonic_nanoseconds() - began)
            }
        }
        return isConfirmed
    }

    private func handOut() {
        // What is confirmed may have more to write: how an action ended.
        while handOutWrites() { broker.confirmed() }
        // Who only looks makes no room and keeps nothing.
        if !broker.options.isReadOnly, let job = broker.store.takePrepare() {
            send(prepareThread) {
                job.run()
                return .prepared(job)
            }
        }
        if !broker.options.isReadOnly, let job = broker.takeTimerJob() {
            send(maintenanceThread) {
                job.run()
                return .timed(job)
            }
        }
        if broker.store.wantsCheckpoint, !broker.options.isReadOnly, let job = broker.takeCheckpoint() {
            send(maintenanceThread) {
                job.run()
                return .checkpointed(job)
            }
            wake()
        }
    }

    private func send(_ worker: Worker, _ job: @escaping @Sendable () -> Done) {
        jobsOut += 1
        worker.submit { [self] in
            let done = job()
            inbox.withLock { $0.done.append(done) }
            wake()
        }
    }

    /// The last turn: everything is written, a checkpoint says so, late requests are refused.
    private func finish() {
        broker.beginClosing()
        repeat {
            broker.endTurn()
            handOut()
            while jobsOut > 0 {
                let done = takeInbox()
                if done.isEmpty { parker.park() } else { take(done) }
            }
        } while broker.store.hasUnwritten && broker.store.broken == nil
        if !broker.options.isReadOnly, let job = broker.takeCheckpoint(force: true, clean: true) { job.run() }
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
