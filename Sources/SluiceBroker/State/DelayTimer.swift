import SluiceMessage
import SluiceStorage

/// Which delayed messages are due when: takes `now`, holds no clock, and leaves writing to jobs.
///
/// A small log-structured set. What came last is in memory, in order. When that is full, all but what is due soon becomes a
/// run: an ordered file that is never changed, of which a cursor and a sparse index stay in memory. Taking out what is due
/// merges the memory and the runs; what leaves out of order is noted beside its run until the run is merged with others.
/// So memory does not grow with the number of delays, be they due in forty days or in the same millisecond, and no turn
/// of the owner sorts or scans them.
///
/// Confined to the owner, but for its jobs.
final class DelayTimer {
    typealias Entry = DelayEntry

    /// Entries in memory that make a run due.
    let most: Int
    var fresh = SortedDelays()
    var runs: [DelayRun] = []
    var topics = DelayTopics()
    /// Pending ones by level.
    var levels: [Int32: Int] = [:]
    var files = DelayFiles()
    var jobs = DelayJobs()

    /// Entries in blocks that could not be read: they are not delivered before everything was rebuilt.
    private(set) var unreadable = 0
    /// A run file is damaged: the next start has to rebuild the timer from the log.
    private(set) var isDamaged = false
    /// No record of an unreadable entry lies before it.
    private(set) var unreadableFrom = Int64.max

    init(most: Int = 1 << 17) { self.most = max(most, 8) }

    var count: Int { runs.reduce(fresh.count) { $0 + $1.count } }

    // MARK: Adding

    func add(due: Int64, physicalOffset: Int64, level: Int32, topic: String) {
        add(Entry(due: due, physicalOffset: physicalOffset, level: level, topic: topics.number(topic)))
    }

    func add(_ entry: Entry) {
        fresh.insert(entry)
        tally(entry, 1)
    }

    private func tally(_ entry: Entry, _ change: Int) {
        topics.add(entry.topic, change)
        levels[entry.level, default: 0] += change
    }

    // MARK: Taking out

    private func soonest() -> (entry: Entry, run: DelayRun?)? {
        var found: (entry: Entry, run: DelayRun?)? = fresh.first.map { ($0, nil) }
        for run in runs {
            guard let first = run.first else { continue }
            if let entry = found?.entry, entry < first { continue }
            found = (first, run)
        }
        return found
    }

    /// When the next entry falls due; nil without entries.
    var nextDue: Int64? { soonest()?.entry.due }

    /// The soonest entry, if it is due, without taking it out.
    func peek(now: Int64) -> Entry? { soonest().flatMap { $0.entry.due <= now ? $0.entry : nil } }

    /// Takes out the soonest entry if it is due.
    func pop(now: Int64) -> Entry? {
        guard let (entry, run) = soonest(), entry.due <= now else { return nil }
        if let run {
            run.removeFirst()
            dropIfEmpty(run)
        } else {
            fresh.removeFirst()
        }
        tally(entry, -1)
        return entry
    }

    /// Takes out the entry of that moment and record; false when it is not there.
    @discardableResult
    func remove(due: Int64, physicalOffset: Int64) -> Bool {
        let key = Entry.key(due, physicalOffset)
        if let entry = fresh.remove(key) {
            tally(entry, -1)
            return true
        }
        for run in runs {
            guard let entry = run.remove(key) else { continue }
            tally(entry, -1)
            jobs.isUntidy = true
            dropIfEmpty(run)
            return true
        }
        return false
    }

    func contains(due: Int64, physicalOffset: Int64) -> Bool {
        entry(due: due, physicalOffset: physicalOffset) != nil
    }

    /// The entry of that moment and record; nil when it is not there.
    func entry(due: Int64, physicalOffset: Int64) -> Entry? {
        let key = Entry.key(due, physicalOffset)
        if let entry = fresh.find(key) { return entry }
        for run in runs {
            if let entry = run.find(key) { return entry }
        }
        return nil
    }

    private func dropIfEmpty(_ run: DelayRun) {
        guard run.count == 0, !run.isInJob else { return }
        drop(run)
    }

    func drop(_ run: DelayRun) {
        runs.removeAll { $0 === run }
        if let file = run.file { files.retire(file.number) }
    }

    func join(_ run: DelayRun) {
        run.whenDamaged = { [weak self] entries, lowest in self?.noteDamage(entries: entries, lowestOffset: lowest) }
        runs.append(run)
        jobs.isUntidy = true
    }

    func noteDamage(entries: Int, lowestOffset: Int64) {
        unreadable += entries
        isDamaged = true
        unreadableFrom = min(unreadableFrom, lowestOffset)
    }

    // MARK: Recovery

    /// Takes out the entries of records that the log says are settled. They are mostly the soonest ones; `dueOf` is asked for
    /// the moment of those that are not, and tells nil where the record is gone.
    func settle(_ offsets: [Int64], dueOf: (Int64) -> Int64?) {
        let offsets = offsets.sorted()
        var isFound = [Bool](repeating: false, count: offsets.count)
        var left = offsets.count
        var others: [Entry] = []
        // Deliveries were in order, so behind so many that were none there are hardly any more.
        while left > 0, others.count < 1_024, let entry = pop(now: .max) {
            let at = Self.firstIndex(of: entry.physicalOffset, in: offsets)
            if at < offsets.count, offsets[at] == entry.physicalOffset, !isFound[at] {
                isFound[at] = true
                left -= 1
            } else {
                others.append(entry)
            }
        }
        for entry in others { add(entry) }
        var misplaced: Set<Int64> = []
        for at in offsets.indices where !isFound[at] {
            guard let due = dueOf(offsets[at]), !remove(due: due, physicalOffset: offsets[at]) else { continue }
            misplaced.insert(offsets[at])
        }
        removeWherever(misplaced)
    }

    /// Takes out the entries of records whose moment is not what it should be: the levels were changed meanwhile.
    private func removeWherever(_ offsets: Set<Int64>) {
        guard !offsets.isEmpty else { return }
        var found: [Entry] = []
        forEachSoonest { entry in
            if offsets.contains(entry.physicalOffset) { found.append(entry) }
            return true
        }
        for entry in found { remove(due: entry.due, physicalOffset: entry.physicalOffset) }
    }

    private static func firstIndex(of offset: Int64, in offsets: [Int64]) -> Int {
        var low = 0
        var high = offsets.count
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
