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

    // MARK: Journals

    /// - Parameter place: the log's end at that time; all records behind it are of the topic as it is configured now.
    func journalTopic(_ config: TopicConfig, at place: Int64? = nil) {
        topics[config.name]?.configuredAt = place ?? store.tail
        journalMeta(metaEntry(config))
    }

    func metaEntry(_ config: TopicConfig) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "T"))
        entry.put(config.name)
        entry.put(Int32(config.readQueues))
        entry.put(Int32(config.writeQueues))
        entry.put(Int32(config.permission.rawValue))
        entry.put(Int32(config.systemFlag))
        entry.put((topics[config.name]?.publishLimit?.perSecond ?? 0).bitPattern)
        entry.put(topics[config.name]?.configuredAt ?? store.tail)
        return entry.bytes
    }

    func journalGroup(_ group: Group) {
        groupsGeneration += 1
        journalMeta(metaEntry(group))
    }

    func metaEntry(_ group: Group) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "G"))
        entry.put(group.name)
        entry.put(UInt8(group.config.consumeEnabled ? 1 : 0))
        entry.put(Int32(group.config.retryMaxTimes))
        entry.put(Int32(group.config.retryQueues))
        entry.put(UInt8(group.config.broadcastEnabled ? 1 : 0) | UInt8(group.config.notifiesMembers ? 2 : 0))
        putGate(group, &entry)
        return entry.bytes
    }

    private func replayMeta(_ bytes: [UInt8], _ deleted: inout [String: Int64]) {
        var entry = ByteReader(bytes)
        guard let kind = entry.take(UInt8.self), let name = entry.takeText() else { return }
        switch kind {
        case UInt8(ascii: "T"):
            guard let read = entry.take(Int32.self), let write = entry.take(Int32.self),
                let permission = entry.take(Int32.self), read > 0, write > 0
            else { return }
            var config = TopicConfig(
                name: name, readQueues: Int(read), writeQueues: Int(write),
                permission: TopicPermission(rawValue: Int(permission)))
            #if Plants
                if Plant.isOn(.forgetsQueues) { config.readQueues = Int(write) }
            #endif
            // Entries of earlier versions end here.
            config.systemFlag = entry.take(Int32.self).map(Int.init) ?? 0
            let topic = Topic(config, kind: self.kind(of: name))
            topic.publishLimit = entry.take(UInt64.self).flatMap { publishBucket(Double(bitPattern: $0)) }
            if let place = entry.take(Int64.self) {
                topic.configuredAt = place
                // Of a log that a lost machine cut, the new topic's records may stand where the deleted one's did.
                if let end = deleted[name] { deleted[name] = min(end, place) }
            }
            topics[name] = topic
        case UInt8(ascii: "t"):
            topics[name] = nil
            deleted[name] = entry.take(Int64.self) ?? 0
        case UInt8(ascii: "G"):
            guard let enabled = entry.take(UInt8.self), let times = entry.take(Int32.self),
                let queues = entry.take(Int32.self)
            else { return }
            var config = GroupConfig(
                name: name, consumeEnabled: enabled == 1, retryMaxTimes: Int(times), retryQueues: Int(queues))
            // Entries of earlier versions end here.
            let switches = entry.take(UInt8.self) ?? 3
            config.broadcastEnabled = switches & 1 != 0
            config.notifiesMembers = switches & 2 != 0
            groups[name] = Group(config)
            groups[name]?.gate = takeGate(&entry)
        case UInt8(ascii: "g"): groups[name] = nil
        default: return
        }
    }

    /// - Parameter orphans: the entries that clear what stands there of groups and topics that are gone.
    private func replayOffset(_ bytes: [UInt8], _ orphans: inout Set<[UInt8]>) {
        var entry = ByteReader(bytes)
        guard let kind = entry.take(UInt8.self), let name = entry.takeText() else { return }
        orphans.remove(bytes)
        if kind == UInt8(ascii: "g") {
            groups[name]?.offsets = [:]
            return
        }
        if kind == UInt8(ascii: "t") {
            for group in groups.values { group.forget(name) }
            return
        }
        guard let topic = entry.takeText(), let queue = entry.take(Int32.self), let offset = entry.take(Int64.self)
        else {
            return
        }
        if groups[name] == nil { orphans.insert(Self.clearing("g", name)) }
        if topics[topic] == nil { orphans.insert(Self.clearing("t", topic)) }
        guard let group = groups[name], topics[topic] != nil else { return }
        group.offsets[QueueID(topic, Int(queue))] = .init(offset: offset, moved: 0)
    }

    /// The entry that clears the offsets of a group (`g`) or on a topic (`t`).
    static func clearing(_ kind: Unicode.Scalar, _ name: String) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: kind))
        entry.put(name)
        return entry.bytes
    }

    /// Takes offsets out of the journal whose group or topic was deleted when the process ended between the two journals:
    /// they must not come back with another one of that name.
    private func clear(_ orphans: Set<[UInt8]>) {
        guard !orphans.isEmpty else { return }
        let entries = orphans.sorted { $0.lexicographicallyPrecedes($1) }
        store.journal(JournalChange(offsetsJournal, append: entries, durable: true))
    }

    // MARK: Checkpoints

    /// A checkpoint when one is due; the owner must have let all batches come back first. ``finish(_:)`` takes it back.
    public func takeCheckpoint(force: Bool = false, clean: Bool = false) -> CheckpointJob? {
        let journals = ["topics.journal", "offsets.journal", "checks.journal"]
        let job = store.takeCheckpoint(force: force, clean: clean, journals: journals) { state() }
        let halves = halves.snapshot
        job?.moreState = { halves.encoded() }
        return job
    }

    /// Takes a checkpoint back.
    public func finish(_ job: CheckpointJob) { timer.files.saved(isDone: store.finish(job)) }

    /// Version 1 told no topics of its delays; a folder that has it is rebuilt from the log once.
    private static let stateVersion: UInt8 = 2

    /// The timer of a checkpoint's state; nil where it cannot be used.
    private static func timer(
        from state: [UInt8], _ disk: any Disk, _ options: BrokerOptions
    ) throws(DiskError) -> DelayTimer? {
        var reader = ByteReader(state)
        guard reader.take(UInt8.self) == stateVersion, let count = reader.take(Int64.self),
            let bytes = reader.takeBytes(Int(clamping: count))
        else { return nil }
        return try DelayTimer.restore(bytes, disk, most: options.delaysInMemory)
    }

    /// What waits and what is unresolved, as of now.
    private func state() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.stateVersion)
        let timer = timer.save()
        writer.reserve(timer.count + 64 * (halves.count + 1))
        writer.put(Int64(timer.count))
        timer.withUnsafeBytes { writer.put($0) }
        writer.put(publishedNormal)
        writer.put(consumed)
        // The halves follow as the last part, made by who writes the checkpoint.
        return writer.bytes
    }

    private func restore(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.take(UInt8.self) == Self.stateVersion, let delays = reader.take(Int64.self),
            reader.takeBytes(Int(clamping: delays)) != nil
        else { return }
        var first = reader.take(Int64.self) ?? 0
        // Earlier builds put a mark before the counts, which are never negative.
        if first == -1 { first = reader.take(Int64.self) ?? 0 }
        publishedNormal = first
        consumed = reader.take(Int64.self) ?? 0
        halves.restore(&reader)
        #if Plants
            if Plant.isOn(.forgetsChecks) {
                for half in halves.page(skip: 0, limit: halves.count) {
                    halves.checked(half.key, checks: 0, next: half.nextCheck)
                }
            }
        #endif
    }
}
