import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// What goes wrong.
extension World {
    enum End { case kill, powerCut }

    func fault() throws(Violation) {
        switch int(0..<100) {
        case 0..<20: try restart(.kill, .kill)
        case 20..<40: try restart(.powerCut, .powerCut)
        case 40..<52: try restart(.kill, .killInJobs, inJobs: true)
        case 52..<64: try restart(.powerCut, .powerCutInJobs, inJobs: true)
        case 64..<70: try cleanRestart()
        case 70..<74: fillDisk()
        case 74..<77: failNext("write", .failedWrite)
        case 77..<80: failNext("sync", .failedSync)
        case 80..<86: try rot()
        case 86..<88: try loseDerivedFiles()
        case 88..<93: jump()
        default: try clockBack()
        }
    }

    // MARK: Time

    private func jump() {
        tally.count(FaultKind.clockJump)
        now += Int64(pick([int(1_000..<60_000), int(3_600_000..<86_400_000), int(86_400_000..<400_000_000)]))
    }

    /// The machine's clock is put back: time must not go back for it.
    private func clockBack() throws(Violation) {
        tally.count(FaultKind.clockBack)
        let time = broker.now
        broker.beginTurn(now: time - Int64(int(1..<100_000_000)))
        broker.endTurn()
        guard broker.now == time else { throw Violation(.delays, "the broker's time went back with the clock") }
        takeJobs()
    }

    // MARK: The disk

    /// Leaves the log no room, or nobody any.
    private func fillDisk() {
        guard !isDiskFull, broker.store.broken == nil else { return }
        tally.count(FaultKind.diskFull)
        isDiskFull = true
        mendIn = int(5..<120)
        disk.capacity = disk.used + (chance(0.7) ? 1_600_000 : Int64(int(0..<4_000)))
    }

    private func failNext(_ operation: String, _ kind: FaultKind) {
        guard broker.store.broken == nil else { return }
        tally.count(kind)
        tell(kind.rawValue)
        let part = pick([
            "commitlog", "commitlog", "sums", "queues", "index", "checkpoint", "offsets.journal", "journal", "timer",
        ])
        disk.fail(operation, on: part, times: int(1..<3))
        mendIn = int(2..<40)
    }

    /// A full disk gets room again, and a broker whose log is broken is started anew.
    func mend() throws(Violation) {
        guard isDiskFull || broker.store.broken != nil else { return }
        mendIn -= 1
        guard mendIn <= 0 else { return }
        if isDiskFull {
            try settle()
            if !inbox.isEmpty, broker.store.broken == nil {
                throw Violation(.answers, "nothing is answered while the disk is full, not even reads")
            }
            tally.count(FaultKind.roomAgain)
            isDiskFull = false
            disk.capacity = nil
        }
        if broker.store.broken != nil { try restart(chance(0.5) ? .kill : .powerCut) } else { now += 1_001 }
    }

    /// A bit of a record changes on the disk: only what is durable and far from the log's end, so that it is damage and
    /// nothing else.
    private func rot() throws(Violation) {
        try settle()
        try follow()
        let limit = model.durableTo
        let places = model.entries.values.filter {
            $0.end <= limit && $0.physicalOffset >= model.minPhysicalOffset && !$0.isRotten && !$0.isDeleted
                && mayRot($0)
        }.map(\.physicalOffset).sorted()
        guard let place = pickAny(places), let entry = model.entries[place] else { return }
        tally.count(FaultKind.rot)
        let start = place - place % settings.store.segmentBytes
        disk.flip("commitlog/\(start.segmentName)", byte: Int(place - start) + int(0..<entry.size), bit: int(0..<8))
        model.entries[place]?.isRotten = true
        tell("rotten: \(place) in \(entry.queue.text) \(entry.offset)")
    }

    /// Records of which nothing else follows but that they are lost.
    private func mayRot(_ entry: Entry) -> Bool {
        switch entry.role {
        case .plain, .dead: true
        case .waiting: model.waits[entry.physicalOffset]?.isOpen == true
        default: false
        }
    }

    // MARK: Ends and beginnings

    /// The process or the machine goes, in the middle of whatever was on its way, and the broker starts again.
    func restart(_ end: End, _ kind: FaultKind? = nil, inJobs: Bool = false) throws(Violation) {
        if let kind { tally.count(kind) }
        tell("\(kind?.rawValue ?? "end") \(end)")
        if inJobs { runJobsPartly() }
        try goDown(end)
        try open()
        try recovered(after: end)
    }

    /// Jobs run until the disk answers no more.
    private func runJobsPartly() {
        disk.stop(after: int(0..<12))
        var left = 20
        while !jobs.isEmpty, left > 0 {
            left -= 1
            switch int(0..<4) {
            case 0: while jobs.ran < jobs.writes.count, chance(0.8) { runWrite() }
            case 1:
                jobs.checkpoint?.job.run()
                jobs.checkpoint = nil
            case 2:
                jobs.timer?.run()
                jobs.timer = nil
            default:
                jobs.prepare?.run()
                jobs.prepare = nil
            }
        }
    }

    private func goDown(_ end: End) throws(Violation) {
        try checkBoxes()
        // What came by being used since somebody looked may be found again.
        _ = try followConfigs()
        switch end {
        case .kill: disk.kill()
        case .powerCut: disk.crash(seed: random.next())
        }
        jobs = Jobs()
        inbox = []
        asked = []
        pushes = [:]
        checks = []
        earlyChecks = []
        for name in consumers.keys {
            consumers[name]?.members = []
            consumers[name]?.locks = [:]
            consumers[name]?.starts = [:]
        }
    }

    func open() throws(Violation) {
        do {
            broker = try Broker.open(disk: disk, storeOptions: settings.store, options: settings.broker, now: now)
            tell("opened: \(broker.recovery.text), log to \(broker.store.confirmed)")
        } catch {
            if isDiskFull {
                // Nothing can be opened where nothing can be written; with room it has to.
                isDiskFull = false
                disk.capacity = nil
                disk.kill()
                return try open()
            }
            throw Violation(.durability, "the folder cannot be opened any more: \(error)")
        }
    }

    /// Files that are made from the log are gone: they are made again.
    private func loseDerivedFiles() throws(Violation) {
        try settle()
        try follow()
        guard broker.store.broken == nil, !isDiskFull else { return }
        tally.count(FaultKind.lostDerivedFiles)
        try goDown(.kill)
        let part = pick(["queues/", "index/", "checkpoint", "timer/"])
        disk.delete { $0.hasPrefix(part) }
        try open()
        try recovered(after: .kill)
    }

    /// Ends in order and begins again; nothing may have changed.
    func cleanRestart() throws(Violation) {
        try settle()
        try follow()
        guard broker.store.broken == nil, !isDiskFull, model.limbo.isEmpty, broker.store.noRoom == nil else { return }
        tally.count(FaultKind.cleanRestart)
        broker.beginClosing()
        try settle()
        takeCheckpoint(force: true)
        finishCheckpoint()
        if let job = broker.takeCheckpoint(force: true, clean: true) { job.run() }
        let before = try Snapshot(self)
        try goDown(.kill)
        try open()
        let after = try Snapshot(self)
        if let difference = before.difference(after) {
            throw Violation(.restart, "after a clean restart \(difference)")
        }
        tally.count(.restart, before.count)
        try recovered(after: .kill)
    }
}

extension Int64 {
    /// As segments are named: 20 digits.
    var segmentName: String {
        let digits = String(self)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }
}
