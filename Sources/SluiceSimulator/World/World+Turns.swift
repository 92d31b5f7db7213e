import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// Jobs of the disk between the broker and the threads that there are none of.
struct Jobs {
    /// In order; those in front have run.
    var writes: [WriteJob] = []
    var ran = 0
    var prepare: PrepareJob?
    var checkpoint: (job: CheckpointJob, end: Int64)?
    /// Writes or merges files of the timer.
    var timer: DelayRunJob?

    var isEmpty: Bool { writes.isEmpty && prepare == nil && checkpoint == nil && timer == nil }
}

/// The owner's turns and the disk's work, as the host does them.
extension World {
    func ask(_ asked: Asked) {
        tally.count(asked.kind)
        tell(asked.kind.rawValue)
        inbox.append(asked)
    }

    /// Asks something that is answered at once and changes nothing: how the world looks into the broker.
    func look(_ request: Request) throws(Violation) -> Response {
        let box = ReplyBox()
        broker.handle(request, box.reply)
        guard let response = box.response else { throw Violation(.answers, "a question was not answered at once") }
        return response
    }

    /// One turn of the owner.
    func turn() throws(Violation) {
        let before = broker.now
        broker.beginTurn(now: now)
        guard broker.now >= before else { throw Violation(.delays, "the broker's time went back") }
        while !broker.store.wantsCheckpoint, !broker.isBusy, !inbox.isEmpty {
            let next = inbox.removeFirst()
            broker.handle(next.request, next.box.reply)
            try next.handled(next.box.response)
            asked.append(next)
        }
        broker.endTurn()
        takeJobs()
        try collect()
    }

    /// Takes the answers that came.
    func collect() throws(Violation) {
        var open: [Asked] = []
        let all = asked
        asked = []
        for item in all {
            guard let response = item.response else {
                open.append(item)
                continue
            }
            tally.count(.answers)
            recentBoxes.append(item.box)
            try item.answered(response)
        }
        asked = open + asked
        try takePushes()
        if recentBoxes.count > 64 { try checkBoxes() }
    }

    private func takePushes() throws(Violation) {
        let waiting = earlyChecks
        earlyChecks = []
        for check in waiting { try checked(check.half, check.queueOffset, by: check.key) }
        for key in pushes.keys.sorted() {
            for push in pushes[key]?.take() ?? [] {
                guard case .checkTransaction(let half, let queueOffset) = push else { continue }
                try checked(half, queueOffset, by: key)
            }
        }
    }

    /// The broker asks a producer about a half: one that is unresolved, and of the producer's own group.
    private func checked(_ half: StoredMessage, _ queueOffset: Int64, by key: String) throws(Violation) {
        let halves = QueueID(TopicName.half, 0)
        try follow(halves)
        // A half that was put into its topic again for this is asked about before its copy is written.
        if settings.broker.reputsHalves, queueOffset >= model.queues[halves]?.next ?? 0 {
            return earlyChecks.append((half, queueOffset, key))
        }
        guard let known = model.half(queueOffset), known.number == Sent.number(half.id), known.isOpen,
            key.hasPrefix(known.group + "/")
        else {
            throw Violation(
                .resolutions,
                "\(key) was asked about half \(half.id) at \(queueOffset), which is resolved or not its own: \(String(describing: model.halves[queueOffset]))"
            )
        }
        try model.sent[known.number].check(half)
        tally.count(.resolutions)
        if checks.count < 50 { checks.append(Check(physicalOffset: half.physicalOffset, queueOffset: queueOffset)) }
    }

    func checkBoxes() throws(Violation) {
        guard recentBoxes.allSatisfy({ $0.count <= 1 }) else {
            throw Violation(.answers, "a request was answered twice")
        }
        recentBoxes = []
    }

    // MARK: Jobs

    func takeJobs() {
        while let job = broker.store.takeWrite() { jobs.writes.append(job) }
        // As far ahead as any one message needs: a simulated disk is memory.
        if jobs.prepare == nil, !broker.store.hasRoom(for: 6 << 20) { jobs.prepare = broker.store.takePrepare() }
        if jobs.timer == nil { jobs.timer = broker.takeTimerJob() }
        if jobs.checkpoint == nil, broker.store.wantsCheckpoint { takeCheckpoint(force: false) }
    }

    func takeCheckpoint(force: Bool) {
        guard jobs.checkpoint == nil, let job = broker.takeCheckpoint(force: force) else { return }
        jobs.checkpoint = (job, broker.store.confirmed)
        tell("checkpoint taken at \(broker.store.confirmed)")
    }

    /// Some job goes on.
    func work() throws(Violation) {
        switch int(0..<7) {
        case 0, 1: runWrite()
        case 2, 3: try finishWrite()
        case 4: finishPrepare()
        case 5: finishTimer()
        default: finishCheckpoint()
        }
    }

    func runWrite() {
        guard jobs.ran < jobs.writes.count else { return }
        jobs.writes[jobs.ran].run()
        jobs.ran += 1
    }

    func finishWrite() throws(Violation) {
        guard jobs.ran > 0 else { return }
        jobs.ran -= 1
        let job = jobs.writes.removeFirst()
        broker.store.finish(job)
        while let next = broker.store.takeWrite() { jobs.writes.append(next) }
        broker.confirmed()
        try collect()
    }

    func finishPrepare() {
        guard let job = jobs.prepare else { return }
        job.run()
        broker.store.finish(job)
        jobs.prepare = nil
    }

    func finishTimer() {
        guard let job = jobs.timer else { return }
        job.run()
        broker.finish(job)
        jobs.timer = nil
        tell("the timer's files \(job.failure.map { "failed: \($0)" } ?? "written")")
    }

    func finishCheckpoint() {
        guard let (job, end) = jobs.checkpoint else { return }
        job.run()
        broker.finish(job)
        jobs.checkpoint = nil
        tell("checkpoint at \(end) \(job.failure.map { "failed: \($0)" } ?? "done")")
        if job.failure == nil { model.durableTo = max(model.durableTo, end) }
    }

    /// Lets the disk do everything that waits for it, and the owner what follows, until nothing is left to do now.
    func settle() throws(Violation) {
        for _ in 0..<2_000 {
            let before = (broker.store.tail, broker.store.confirmed, inbox.count, jobs.isEmpty)
            while !jobs.isEmpty {
                while jobs.ran < jobs.writes.count { runWrite() }
                while jobs.ran > 0 { try finishWrite() }
                finishPrepare()
                finishTimer()
                finishCheckpoint()
            }
            try turn()
            let after = (broker.store.tail, broker.store.confirmed, inbox.count, jobs.isEmpty)
            if after == before, jobs.isEmpty {
                guard broker.store.broken != nil || !broker.store.hasUnwritten else { continue }
                return noteSettled()
            }
        }
        throw Violation(.answers, "the broker does not come to rest")
    }

    /// Everything journaled so far is on the disk, as durable as the mode makes it.
    private func noteSettled() {
        guard broker.store.broken == nil, model.hasChanges else { return }
        model.hasChanges = false
        for name in model.topics.keys { model.topics[name]?.settle() }
        for name in model.groups.keys { model.groups[name]?.settle() }
        for name in model.gates.keys { model.gates[name]?.settle() }
        for name in model.limits.keys { model.limits[name]?.settle() }
        for group in model.offsets.keys {
            for queue in (model.offsets[group] ?? [:]).keys { model.offsets[group]?[queue]?.settle() }
        }
    }
}
