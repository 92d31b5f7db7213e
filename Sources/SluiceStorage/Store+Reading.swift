import SluiceMessage

extension Store {
    public func queue(_ id: QueueID) -> ConsumeQueue { queues.queue(id) }
    public func existingQueue(_ id: QueueID) -> ConsumeQueue? { queues.existing(id) }
    public func removeQueue(_ id: QueueID) { queues.remove(id) }
    public var queueCount: Int { queues.all.count }

    /// Units of a queue as they stand on the disk or in memory; cheap to make on the owner, read elsewhere.
    public func units(_ queue: ConsumeQueue, from: Int64, limit: Int) -> UnitSource {
        units(queue, from: from, limit: limit, upTo: confirmed)
    }

    private func units(_ queue: ConsumeQueue, from: Int64, limit: Int, upTo confirmed: Int64) -> UnitSource {
        var pieces: [UnitSource.Piece] = []
        let end = min(queue.maxOffset, from + Int64(limit))
        var at = max(from, queue.minOffset)
        let first = at
        while at < end {
            if at >= queue.inMemoryFrom {
                var bytes = [UInt8](repeating: 0, count: Int(end - at) * QueueUnit.bytes)
                bytes.withUnsafeMutableBytes { raw in
                    if let base = raw.baseAddress { queue.copyTail(from: at, to: end, into: base) }
                }
                pieces.append(.memory(bytes))
                at = end
            } else {
                guard let (position, available) = queue.position(of: at) else { break }
                let count = min(Int(min(end, queue.inMemoryFrom) - at), available)
                pieces.append(.file(queues.extents, position, count))
                at += Int64(count)
            }
        }
        return UnitSource(first: first, end: at, confirmed: confirmed, pieces: pieces)
    }

    /// One unit, from memory or the extent file.
    public func unit(_ queue: ConsumeQueue, _ offset: Int64) throws(DiskError) -> QueueUnit? {
        if let unit = queue.tailUnit(offset) { return unit }
        guard offset >= queue.minOffset, offset < queue.maxOffset else { return nil }
        return try units(queue, from: offset, limit: 1).load().first?.unit
    }

    /// Where a unit points to, be it confirmed or not: recovery asks before it knows how far the log goes.
    func physicalOffset(_ queue: ConsumeQueue, _ offset: Int64) throws(DiskError) -> Int64 {
        if let unit = queue.tailUnit(offset) { return unit.physicalOffset }
        guard offset >= queue.minOffset, offset < queue.maxOffset else { return 0 }
        return try units(queue, from: offset, limit: 1, upTo: .max).load().first?.unit.physicalOffset ?? 0
    }

    /// What reads records for others: shared, usable on any thread.
    public var reader: LogReader { LogReader(segments: segments, confirmed: confirmed) }

    /// Store time of the message at an offset, epoch ms; nil when it cannot be read, or its record does not match its sum:
    /// a time that is wrong would lead a search astray.
    public func storeTime(_ queue: ConsumeQueue, _ offset: Int64) -> Int64? {
        guard let found = try? unit(queue, offset), found.size > 0,
            found.physicalOffset + Int64(found.size) <= confirmed
        else { return nil }
        var time: Int64?
        let records = try? reader.fetch([(offset, found)], maxBytes: Limits.maxRecordBytes)
        records?.eachRecord { time = $0.storeTimestamp }
        return time
    }

    /// The first offset whose message was stored at `time` or later; the max offset when there is none.
    public func offset(_ queue: ConsumeQueue, storedFrom time: Int64) -> Int64 {
        var low = queue.minOffset
        var high = queue.maxOffset
        while low < high {
            let middle = (low + high) / 2
            // A record that cannot be read has the time of the next one that can.
            var probe = middle
            var stored: Int64?
            while probe < high, stored == nil {
                stored = storeTime(queue, probe)
                probe += 1
            }
            guard let stored else {
                high = middle
                continue
            }
            if stored < time { low = probe } else { high = middle }
        }
        return low
    }

    /// Where records with this key may be: places in memory first, then files for the caller's thread to search.
    public func lookUp(topic: String, key: String) -> KeyLookup {
        var key = key
        let hash = key.withUTF8 { bytes -> UInt32 in
            guard let base = bytes.baseAddress else { return 0 }
            return KeyIndex.hash(topic: Self.topicHash(topic), key: UnsafeRawPointer(base), count: bytes.count)
        }
        let (offsets, files) = index.search(hash)
        return KeyLookup(recent: offsets, files: files, hash: hash)
    }
}

/// A search by key, to be finished on the asking thread.
public struct KeyLookup: Sendable {
    let recent: [Int64]
    let files: [KeyIndexFile]
    let hash: UInt32

    /// Physical offsets of candidates, newest first; the caller compares topic and key.
    public func candidates(limit: Int) throws(DiskError) -> [Int64] {
        var found = Array(recent.prefix(limit))
        for file in files where found.count < limit { found += try file.search(hash, limit: limit - found.count) }
        return found
    }
}

/// A run of a queue's units, in memory or on the disk.
public struct UnitSource: Sendable {
    enum Piece: Sendable {
        case memory([UInt8])
        case file(any DiskFile, Int64, Int)
    }
    /// The run covers `first ..< end`.
    public let first: Int64
    public let end: Int64
    /// Records from here on are not yet written: their units do not count.
    let confirmed: Int64
    let pieces: [Piece]

    /// The units with their offsets, up to the first whose record is not confirmed.
    public func load() throws(DiskError) -> [(offset: Int64, unit: QueueUnit)] { try load(cachedOnly: false) ?? [] }

    /// The same without waiting for the disk; nil where some of it is not in memory.
    public func loadCached() throws(DiskError) -> [(offset: Int64, unit: QueueUnit)]? { try load(cachedOnly: true) }

    private func load(cachedOnly: Bool) throws(DiskError) -> [(offset: Int64, unit: QueueUnit)]? {
        var units: [(offset: Int64, unit: QueueUnit)] = []
        units.reserveCapacity(Int(end - first))
        var offset = first
        for piece in pieces {
            let bytes: [UInt8]
            // Only confirmed units go to the disk: one there that points elsewhere is damaged and must not end the run.
            var limit = Int64.max
            switch piece {
            case .memory(let held):
                bytes = held
                limit = confirmed
            case .file(let file, let position, let count) where cachedOnly:
                guard let held = try Self.cached(file, position, count * QueueUnit.bytes) else { return nil }
                bytes = held
            case .file(let file, let position, let count):
                bytes = try file.readBytes(at: position, count: count * QueueUnit.bytes)
            }
            let goesOn = bytes.withUnsafeBytes { raw -> Bool in
                guard let base = raw.baseAddress else { return true }
                for k in 0..<(raw.count / QueueUnit.bytes) {
                    let unit = QueueUnit(from: base + k * QueueUnit.bytes)
                    guard unit.physicalOffset <= limit - Int64(unit.size) else { return false }
                    units.append((offset, unit))
                    offset += 1
                }
                return true
            }
            if !goesOn { break }
        }
        return units
    }

    private static func cached(_ file: any DiskFile, _ position: Int64, _ count: Int) throws(DiskError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBufferPointer { (part) throws(DiskError) in
            try file.readCached(at: position, into: UnsafeMutableRawBufferPointer(part))
        }
        return got == count ? bytes : nil
    }
}
