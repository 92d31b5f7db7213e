import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Check-backs: producers are asked about halves whose time has come, each group at its own pace; halves asked about too
/// often are set aside for an operator.
extension Broker {
    /// Sends the checks that are due, a bounded number of them.
    func checkDueHalves() {
        halves.keepCopies(before: store.options.durable ? store.confirmed : store.checkpointed)
        guard mayCheck else { return }
        halves.collectDue(now: now)
        for _ in 0..<options.checksPerTurn {
            guard let entry = halves.popDue(now: now) else { return }
            if entry.checks >= options.maxChecks {
                note(entry.key, checks: entry.checks, next: .max)
            } else if entry.physicalOffset >= store.confirmed {
                halves.putBack(entry, until: now + 20)
            } else if options.reputsHalves, refusing != nil || !store.hasRoom(for: Limits.maxRecordBytes) {
                halves.putBack(entry, until: now + 500)
            } else {
                check(entry)
            }
        }
    }

    private var mayCheck: Bool { !closing && store.broken == nil && !options.isReadOnly }

    /// When the owner has to turn for a check; epoch ms.
    func nextHalfCheck() -> Int64? { mayCheck ? halves.nextCheck() : nil }

    private func check(_ entry: HalfIndex.Entry) {
        let group = halves.groupName(entry)
        halves.charge(entry, now: now, perSecond: options.checksPerSecond)
        let online = producers[group] ?? [:]
        guard !online.isEmpty || options.reputsHalves else {
            // Nobody is there to be asked; the check counts, as in RocketMQ.
            return note(entry.key, checks: entry.checks + 1, next: now + options.checkInterval)
        }
        guard var half = try? store.reader.record(at: entry.physicalOffset)?.messages().first else {
            damagedRecords += 1
            return note(entry.key, checks: entry.checks, next: .max)
        }
        if options.reputsHalves { half = putAgain(half, entry) }
        note(entry.key, checks: entry.checks + 1, next: now + options.checkInterval)
        half.properties.removeAll { $0.name == PropertyName.checkTimes || HalfState.isOurs($0) }
        half.properties.append(Property(PropertyName.checkTimes, String(entry.checks + 1)))
        guard !online.isEmpty else { return }
        // Any live producer of the group may answer; they take turns.
        let turn = Int(truncatingIfNeeded: entry.key &+ Int64(entry.checks)) & .max
        let clients = online.keys.sorted()
        let producer = online[clients[turn % clients.count]]
        // An answer may be there before the copy that it ends can be read.
        guard options.reputsHalves else {
            producer?.push(.checkTransaction(half: half, queueOffset: half.queueOffset))
            return
        }
        // Called by the owner, whose state this is.
        nonisolated(unsafe) let broker = self
        answerWhenConfirmed(.done) { [half] response in
            // Somebody may have resolved it meanwhile.
            guard case .done = response, broker.halves.entry(half.queueOffset) != nil else { return }
            producer?.push(.checkTransaction(half: half, queueOffset: half.queueOffset))
        }
    }

    /// Asks the producer at once and counts its checks anew, also of a half that was set aside.
    func recheck(id: String, _ reply: @escaping Reply) throws(APIError) {
        guard let entry = findHalf(id) else { throw notUnresolved(id) }
        note(entry.key, checks: 0, next: now)
        flushNotes()
        answerWhenConfirmed(.done, reply)
    }

    // MARK: The journal of checks

    /// A check is a small journal record, not a new copy of the message.
    func note(_ key: Int64, checks: Int32, next: Int64) {
        halves.checked(key, checks: checks, next: next)
        if let entry = halves.entry(key: key) { pendingNotes.add(entry) }
    }

    /// Hands the notes of this turn to the next batch; a snapshot in place of the journal when most of it is outdated.
    func flushNotes() {
        guard pendingNotes.count > 0 else { return }
        let notes = pendingNotes.take()
        checksJournaled += Int64(notes.count + 8)
        let live = Int64(halves.noted * CheckNotes.bytes)
        if checksJournaled > max(options.journalBytes, live * 2) {
            let halves = halves.snapshot
            store.journal(JournalChange(checksJournal) { halves.notes() })
            checksJournaled = live
        } else {
            store.journal(JournalChange(checksJournal, append: [notes]))
        }
    }

    func replayCheck(_ note: CheckNotes.Note) {
        guard let entry = halves.entry(note.queueOffset), note.isAbout(entry) else { return }
        halves.checked(entry.key, checks: note.checks, next: note.next)
    }

    // MARK: Looking

    /// Producer groups with unresolved halves, by name.
    func checkQueues() -> [CheckQueue] {
        halves.groups.used.map { group in
            CheckQueue(
                group: group.name, unresolved: group.unresolved, setAside: group.setAside, waiting: group.waiting,
                perSecond: options.checksPerSecond, producersOnline: producers[group.name]?.count ?? 0)
        }.sorted { $0.group < $1.group }
    }
}
