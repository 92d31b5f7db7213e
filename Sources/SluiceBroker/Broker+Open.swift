import SluiceAPI
import SluiceMessage
import SluiceStorage

extension Broker {
    /// Opens a folder: reads its journals and its last checkpoint, and goes on from there through the log.
    /// - Parameter progress: told now and then how many bytes of how many are done.
    public static func open(
        disk: any Disk, storeOptions: StoreOptions, options: BrokerOptions, now: Int64,
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws(DiskError) -> Broker {
        var timer: DelayTimer?
        let (store, state) = try Store.open(disk, storeOptions) { (state) throws(DiskError) in
            timer = try Self.timer(from: state, disk, options)
            return timer != nil
        }
        if options.isReadOnly, state == nil, try Store.hasLog(disk) {
            throw DiskError.rebuildNeeded
        }
        let meta = try Journal.open(disk, "topics.journal")
        let offsets = try Journal.open(disk, "offsets.journal")
        var notes: [CheckNotes.Note] = []
        let checks = try Journal.open(disk, "checks.journal") { CheckNotes.read($0) { notes.append($0) } }
        let broker = Broker(
            store: store, options: options, now: now, meta: meta.journal, offsets: offsets.journal,
            checks: checks.journal, audit: try AuditLog.open(disk))
        if state != nil, let timer { broker.timer = timer }
        try broker.timer.tidy(disk)
        var deleted: [String: Int64] = [:]
        for entry in meta.entries { broker.replayMeta(entry, &deleted) }
        broker.metaJournaled = meta.journal.bytes
        broker.checksJournaled = checks.journal.bytes
        broker.deletedTopics = deleted
        if let state { broker.restore(state) }
        try broker.recover(deleted, progress)
        var orphans: Set<[UInt8]> = []
        for entry in offsets.entries { broker.replayOffset(entry, &orphans) }
        broker.offsetsJournaled = offsets.journal.bytes
        broker.clear(orphans)
        #if Plants
            if Plant.isOn(.forgetsChecks) { notes = [] }
        #endif
        for note in notes { broker.replayCheck(note) }
        let opened = [
            ("topics.journal", meta.damaged), ("offsets.journal", offsets.damaged), ("checks.journal", checks.damaged),
        ]
        broker.recovery.damagedJournals = opened.filter(\.1).map(\.0)
        return broker
    }

    private func recover(
        _ deleted: [String: Int64], _ progress: (_ done: Int64, _ total: Int64) -> Void
    ) throws(DiskError) {
        var settled: [Int64] = []
        recovery = try store.recover(deleted: deleted, progress: progress) { view in
            let name = view.topicName
            if Store.isDeleted(view, deleted) {
                // It may still be what a delay ended in.
            } else if topics[name] == nil, Topic.problem(with: name) == nil {
                // Its creation did not reach the journal before the machine went.
                let queues = max(Int(view.queue) + 1, queuesOfLost(name))
                _ = makeTopic(
                    TopicConfig(name: name, readQueues: queues, writeQueues: queues), at: view.physicalOffset)
            } else if let topic = topics[name], topic.kind != .system, view.physicalOffset >= topic.configuredAt,
                Int(view.queue) >= max(topic.config.writeQueues, topic.config.readQueues)
            {
                // Nor did its change. A queue that was taken away from it before has older records only.
                topic.config.writeQueues = Int(view.queue) + 1
                topic.config.readQueues = topic.config.writeQueues
                journalTopic(topic.config, at: view.physicalOffset)
            }
            replay(view, name, &settled)
            if settled.count >= Self.settledAtOnce { settle(&settled) }
            keepTimerSmall()
        }
        #if Plants
            if Plant.isOn(.deliversTwice) { return }
        #endif
        settle(&settled)
        // The log was cut before the place where a topic of that name was deleted: what comes there now is another one's.
        for name in deleted.keys.sorted() {
            if let end = deleted[name], end > store.tail, let topic = topics[name] { journalTopic(topic.config) }
        }
    }

    /// Queues of a topic of which nothing is known but its name.
    private func queuesOfLost(_ name: String) -> Int {
        if name == TopicName.schedule { return options.levels.milliseconds.count }
        return name.hasPrefix("%") || kind(of: name) == .system ? 1 : options.defaultQueues
    }

    /// What a record of the log changes beside its queue and keys.
    private func replay(_ view: RecordView, _ name: String, _ settled: inout [Int64]) {
        switch name {
        case TopicName.schedule: replayWaiting(view, level: Int(view.queue) + 1)
        case TopicName.timer: replayTimer(view, &settled)
        case TopicName.half: replayHalf(view)
        case TopicName.op:
            // A commit took effect with the message before it; where that did not reach the disk, the half still waits.
            let resolution = view.message().property(Self.resolutionProperty)
            if let offset = view.body.decimal, let entry = halves.entry(offset),
                resolution != Resolution.commit.rawValue || replayedCommit == entry.physicalOffset
            {
                halves.remove(entry.key)
            }
        default:
            guard view.preparedOffset != 0 || view.systemFlag & SystemFlag.commit != 0 else { return }
            if view.systemFlag & SystemFlag.transactionMask == SystemFlag.commit {
                replayCommit(view)
            } else {
                settled.append(Self.waitingOffset(view.preparedOffset))
            }
        }
    }
}
