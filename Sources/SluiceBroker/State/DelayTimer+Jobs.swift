import SluiceStorage

/// What the timer wants done on the disk.
extension DelayTimer {
    /// Entries due within so many ms stay in memory when the rest becomes a run.
    private static let soon: Int64 = 60_000
    /// Runs of similar size that make a merge due.
    static let fan = 8

    /// True when memory holds as much as it should.
    var isFull: Bool { fresh.count >= most }

    /// The next piece of work; nil when there is none, or one is on its way.
    func takeJob(_ disk: any Disk, now: Int64) -> DelayRunJob? {
        guard isFull || jobs.isUntidy || files.hasObsolete, !jobs.isOut, now >= jobs.heldUntil else { return nil }
        if isFull, !runs.contains(where: { $0.inMemory != nil }) { freeze(now: now) }
        if let run = runs.first(where: { $0.inMemory != nil }), let entries = run.inMemory {
            return hand(out: .write(entries), [run], disk)
        }
        if let merging = runsToMerge() {
            let inputs = merging.compactMap { run in
                run.file.map { DelayRunJob.Input(file: $0, from: run.cursor, without: Array(run.gone.all)) }
            }
            return hand(out: .merge(inputs), merging, disk)
        }
        jobs.isUntidy = false
        return files.hasObsolete ? hand(out: .tidy, [], disk) : nil
    }

    private func hand(out work: DelayRunJob.Work, _ runs: [DelayRun], _ disk: any Disk) -> DelayRunJob {
        for run in runs { run.isInJob = true }
        jobs.runs = runs
        jobs.isOut = true
        return DelayRunJob(disk, work, number: files.takeNumber(), obsolete: files.takeObsolete())
    }

    /// Makes a run of what is in memory, but of what is due soon, and never of less than half.
    private func freeze(now: Int64) {
        let kept = min(count(inMemoryBefore: now + Self.soon), fresh.count / 2)
        join(DelayRun(fresh.split(at: kept)))
    }

    private func count(inMemoryBefore due: Int64) -> Int { fresh.rank(.key(due, -1)) }

    /// Runs that should become one: many of similar size, or one with much taken out of it.
    private func runsToMerge() -> [DelayRun]? {
        var tiers: [Int: [DelayRun]] = [:]
        for run in runs where run.file != nil && run.isReadable {
            if run.gone.count > min(most, max(most / 64, run.count / 4)) { return [run] }
            var tier = 0
            var size = most
            while run.count > size {
                size *= Self.fan
                tier += 1
            }
            tiers[tier, default: []].append(run)
        }
        return tiers.values.first { $0.count >= Self.fan }
    }

    /// Takes a finished job back.
    func finish(_ job: DelayRunJob, now: Int64) {
        let runs = jobs.runs
        defer {
            for run in runs {
                run.isInJob = false
                if run.count == 0, self.runs.contains(where: { $0 === run }) { drop(run) }
            }
        }
        jobs.isOut = false
        jobs.runs = []
        jobs.isUntidy = true
        if job.failure != nil {
            for number in job.obsolete + [job.number] { files.retire(number) }
            for run in runs where run.file != nil && run.file?.number == job.unreadable {
                run.isReadable = false
                noteDamage(entries: 0, lowestOffset: run.lowestOffset)
            }
            // What was to be written is still in memory; a full disk may have room again then.
            jobs.heldUntil = now + 10_000
        } else if case .write = job.work, let file = job.result {
            for run in runs { run.isWritten(to: file) }
        } else if case .merge(let inputs) = job.work {
            replace(runs, inputs, by: job.result)
        }
    }

    /// Puts a merged run in the place of those it was made of, which went on meanwhile.
    private func replace(_ merged: [DelayRun], _ inputs: [DelayRunJob.Input], by file: DelayRunFile?) {
        let first = merged.compactMap(\.first).min()
        var gone: [Entry] = []
        for (run, input) in zip(merged, inputs) {
            var known = input.without[...]
            for entry in run.passed + Array(run.gone.all) {
                known = known.drop { $0 < entry }
                if known.first != entry, first.map({ !(entry < $0) }) ?? false { gone.append(entry) }
            }
            drop(run)
        }
        guard let file else { return }
        let run = DelayRun(file)
        join(run)
        run.resume(at: first, gone: gone.sorted())
        if run.count == 0 { drop(run) }
    }
}

/// The timer's job on its way.
struct DelayJobs {
    var isOut = false
    /// There may be something to do.
    var isUntidy = true
    var runs: [DelayRun] = []
    /// After a failure none is tried before, epoch ms.
    var heldUntil: Int64 = 0
}
