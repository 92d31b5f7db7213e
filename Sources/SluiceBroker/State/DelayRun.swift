import SluiceStorage

/// A run of pending delays in order, as the owner works with it: in memory while it is on its way to the disk, in a file
/// afterwards. Entries before the cursor were taken out in order, those taken out of order are kept in `gone`.
///
/// Confined to the owner.
final class DelayRun {
    private enum Place {
        case memory([DelayEntry])
        case file(DelayRunFile)
    }
    private var place: Place
    /// Entries of the run, those taken out included.
    let total: Int
    /// Everything before it was taken out.
    private(set) var cursor = 0
    /// What was taken out at the cursor or behind it.
    private(set) var gone = SortedDelays()
    /// A job reads it.
    var isInJob = false { didSet { passed = [] } }
    /// What left `gone` since the job began because the cursor went by, in order: in a merged run it may stand behind the
    /// soonest entry that is left.
    private(set) var passed: [DelayEntry] = []
    /// False when a merge could not read it.
    var isReadable = true
    /// Blocks that could not be read: what they hold is missing until everything is rebuilt.
    private(set) var damaged: Set<Int> = []
    /// Told of each such block once, with the number of its entries and the lowest of their places.
    var whenDamaged: (_ entries: Int, _ lowestOffset: Int64) -> Void = { _, _ in }

    /// The block that the cursor is in, and the one that was looked at last.
    private var current: (number: Int, entries: [DelayEntry]) = (-1, [])
    private var looked: (number: Int, entries: [DelayEntry]) = (-1, [])

    /// The first blocks hold nothing more that lies before a place in the log.
    private var clear: (blocks: Int, before: Int64) = (0, 0)

    static let blockEntries = DelayRunFile.blockEntries

    /// Entries in order, at least one.
    init(_ entries: [DelayEntry]) {
        place = .memory(entries)
        total = entries.count
    }

    init(_ file: DelayRunFile, cursor: Int = 0, gone: SortedDelays = SortedDelays()) {
        place = .file(file)
        total = file.count
        self.cursor = cursor
        self.gone = gone
    }

    var count: Int { total - cursor - gone.count }
    var file: DelayRunFile? { if case .file(let file) = place { file } else { nil } }
    /// Its entries while they are in memory.
    var inMemory: [DelayEntry]? { if case .memory(let entries) = place { entries } else { nil } }

    /// The entries are on the disk now.
    func isWritten(to file: DelayRunFile) { place = .file(file) }

    // MARK: Blocks

    private var blockCount: Int { (total + Self.blockEntries - 1) / Self.blockEntries }
    private var cursorBlock: Int { cursor / Self.blockEntries }

    /// The entries of a block; none where it cannot be read, which is told once.
    func load(_ block: Int) -> [DelayEntry] {
        switch place {
        case .memory(let entries):
            let from = block * Self.blockEntries
            return Array(entries[from..<min(from + Self.blockEntries, entries.count)])
        case .file(let file):
            if damaged.contains(block) { return [] }
            do throws(DiskError) {
                return try file.load(block)
            } catch {
                damaged.insert(block)
                whenDamaged(file.entries(in: block), file.blocks[block].lowestOffset)
                return []
            }
        }
    }

    private func look(_ block: Int) -> [DelayEntry] {
        if current.number == block { return current.entries }
        if looked.number != block { looked = (block, load(block)) }
        return looked.entries
    }

    // MARK: The soonest entry

    /// The soonest entry that is left.
    var first: DelayEntry? {
        while cursor < total {
            let block = cursorBlock
            if current.number != block { current = (block, load(block)) }
            let within = cursor - block * Self.blockEntries
            guard within < current.entries.count else {
                // Damaged: nothing of it can be delivered now.
                skip(to: min(total, (block + 1) * Self.blockEntries))
                continue
            }
            let entry = current.entries[within]
            guard let taken = gone.first, taken == entry else { return entry }
            pass(taken)
            cursor += 1
        }
        return nil
    }

    private func skip(to position: Int) {
        cursor = position
        let next = cursorBlock < blockCount ? file?.blocks[cursorBlock].first : nil
        while let taken = gone.first, next.map({ taken < $0 }) ?? true { pass(taken) }
    }

    private func pass(_ taken: DelayEntry) {
        gone.removeFirst()
        if isInJob { passed.append(taken) }
    }

    /// Takes out the entry that ``first`` tells.
    func removeFirst() { cursor += 1 }

    // MARK: Finding

    /// How many entries of the whole run stand before `key`.
    private func position(of key: DelayEntry) -> Int {
        switch place {
        case .memory(let entries): return entries.rank(key)
        case .file(let file):
            var low = 0
            var high = file.blocks.count
            while low < high {
                let middle = (low + high) / 2
                if file.blocks[middle].first < key { low = middle + 1 } else { high = middle }
            }
            guard low > 0 else { return 0 }
            return (low - 1) * Self.blockEntries + look(low - 1).rank(key)
        }
    }

    /// How many entries that are left stand before `key`.
    func rank(_ key: DelayEntry) -> Int { max(0, position(of: key) - cursor - gone.rank(key)) }

    /// The entry of that moment and place, where it is left; what it says of topic and level is the run's own.
    func find(_ key: DelayEntry) -> DelayEntry? {
        let position = position(of: key)
        guard position >= cursor, position < total else { return nil }
        let block = position / Self.blockEntries
        if case .file(let file) = place, file.blocks[block].lowestOffset > key.physicalOffset { return nil }
        let entries = look(block)
        let within = position - block * Self.blockEntries
        guard within < entries.count, entries[within].due == key.due,
            entries[within].physicalOffset == key.physicalOffset, !gone.contains(key)
        else { return nil }
        return entries[within]
    }

    /// Takes an entry out; nil when it is not there.
    func remove(_ key: DelayEntry) -> DelayEntry? {
        guard let entry = find(key) else { return nil }
        gone.insert(entry)
        return entry
    }

    /// Takes up a run made of others at the first entry that is left of them, `gone` being what was taken out since.
    func resume(at key: DelayEntry?, gone: [DelayEntry]) {
        cursor = key.map { position(of: $0) } ?? total
        self.gone = SortedDelays(sorted: gone)
    }

    /// What is left from `key` on, all of it or that of a topic or a level.
    func walk(from key: DelayEntry?, topic: Int32? = nil, level: Int32? = nil) -> Walk {
        Walk(run: self, position: key.map { max(cursor, position(of: $0)) } ?? cursor, topic: topic, level: level)
    }

    // MARK: By place in the log

    /// No entry that is left lies before it in the log; it may be too low.
    var lowestOffset: Int64 {
        switch place {
        case .memory(let entries): entries[cursor...].lazy.map(\.physicalOffset).min() ?? .max
        case .file(let file): cursorBlock < file.blocks.count ? file.lowestFrom[cursorBlock] : .max
        }
    }

    /// Adds entries whose records lie before a place, until there are `limit`.
    ///
    /// Blocks in which there were none are not read again for the same place: copying what is owed asks many times.
    func collect(before offset: Int64, limit: Int, into found: inout [DelayEntry]) {
        guard lowestOffset < offset else { return }
        if offset > clear.before { clear = (0, offset) }
        var isClear = offset == clear.before
        let first = max(cursorBlock, clear.blocks)
        for block in first..<max(first, blockCount) {
            let had = found.count
            collect(in: block, before: offset, limit: limit, into: &found)
            if found.count > had { isClear = false }
            if isClear { clear.blocks = block + 1 }
            if found.count >= limit { return }
        }
    }

    private func collect(in block: Int, before offset: Int64, limit: Int, into found: inout [DelayEntry]) {
        if let file, file.blocks[block].lowestOffset >= offset { return }
        let start = block * Self.blockEntries
        for (at, entry) in look(block).enumerated() where entry.physicalOffset < offset && start + at >= cursor {
            if gone.contains(entry) { continue }
            found.append(entry)
            if found.count >= limit { return }
        }
    }
}
