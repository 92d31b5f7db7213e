import SluiceMessage

/// The unresolved half messages by age, with when each is to be checked next and how far its producer group has used its
/// share of checks. A value without clock or files; nothing in it takes a walk over all halves, but for sweeps that pay
/// for themselves.
struct HalfIndex {
    /// Others with the same id, by key: the one added before, and the one after.
    struct Twins {
        var older: Int64?
        var newer: Int64?
    }
    /// A copy that may still be lost, with the record it replaces.
    struct FreshCopy {
        var from: Int64
        var to: Int64
    }

    var list = HalfBlocks()
    var ids = HalfIDs()
    var twins: [Int64: Twins] = [:]
    var moved = MovedHalves()
    var freshCopies: [FreshCopy] = []

    var times = CheckTimes()
    var groups = CheckGroups()

    private(set) var count = 0
    private(set) var setAside = 0
    /// Those whose checks stand in the journal.
    private(set) var noted = 0

    static func hash(_ id: String) -> Int {
        var id = id
        return id.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    static func hash(_ id: UnsafeRawBufferPointer) -> Int {
        // FNV-1a: the same in every process, unlike Swift's own.
        Int(bitPattern: UInt(id.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }))
    }

    // MARK: Coming and going

    /// Adds a half of a producer group; one whose key is there already changes nothing.
    mutating func add(_ new: Entry, group name: String) {
        var entry = new
        entry.group = groups.number(name)
        guard add(entry) else { return }
        if entry.isMoved { moved.add(entry.queueOffset, entry.key) }
    }

    /// Adds many, eldest first, whose groups have their numbers already.
    mutating func restore(_ entries: some Sequence<Entry>, about count: Int) {
        if count > 10_000 { ids.reserve(count) }
        var places: [(Int64, Int64)] = []
        for entry in entries where add(entry) && entry.isMoved { places.append((entry.queueOffset, entry.key)) }
        for (queueOffset, key) in places.sorted(by: { $0.0 < $1.0 }) { moved.add(queueOffset, key) }
    }

    /// False when there is one with that key.
    private mutating func add(_ new: Entry) -> Bool {
        var entry = new
        entry.isWaiting = false
        guard list.insert(Packed(entry)) else { return false }
        link(entry)
        count += 1
        if entry.isNoted { noted += 1 }
        groups[entry.group].unresolved += 1
        if entry.isSetAside {
            setAside += 1
            groups[entry.group].setAside += 1
        } else {
            times.add(entry.key, at: entry.nextCheck)
        }
        return true
    }

    @discardableResult
    mutating func remove(_ key: Int64) -> Entry? {
        guard let place = list.position(of: key) else { return nil }
        let entry = list.take(place)
        unlink(entry)
        count -= 1
        if entry.isMoved { moved.remove(entry.queueOffset) }
        if entry.isNoted { noted -= 1 }
        if entry.isSetAside {
            setAside -= 1
            groups[entry.group].setAside -= 1
        } else {
            leaveTime(entry)
        }
        groups.leave(entry.group)
        return entry
    }

    /// A half was asked about, or set aside (`next` is `.max`), or is to be asked anew.
    mutating func checked(_ key: Int64, checks: Int32, next: Int64) {
        guard let place = list.position(of: key) else { return }
        var entry = list[place].entry
        if entry.isSetAside != (next == .max) {
            setAside += next == .max ? 1 : -1
            groups[entry.group].setAside += next == .max ? 1 : -1
        }
        if !entry.isSetAside { leaveTime(entry) }
        if !entry.isNoted { noted += 1 }
        entry.checks = checks
        entry.nextCheck = next
        entry.isNoted = true
        entry.isWaiting = false
        list.replace(place, with: entry)
        if next != .max { times.add(key, at: next) }
    }

    /// A half was copied to another place; with `until` the record it was copied from is owed until the log is safe up to
    /// there.
    mutating func move(_ key: Int64, queueOffset: Int64, physicalOffset: Int64, until end: Int64? = nil) {
        guard let place = list.position(of: key) else { return }
        var entry = list[place].entry
        if let end { freshCopies.append(FreshCopy(from: entry.physicalOffset, to: end)) }
        if entry.isMoved { moved.remove(entry.queueOffset) }
        entry.queueOffset = queueOffset
        entry.physicalOffset = physicalOffset
        // Its note names the old place.
        if entry.isNoted { noted -= 1 }
        entry.isNoted = false
        list.replace(place, with: entry)
        if entry.isMoved { moved.add(queueOffset, key) }
    }

    /// Copies before `end` cannot be lost any more.
    mutating func keepCopies(before end: Int64) {
        guard let first = freshCopies.first, first.to <= end else { return }
        freshCopies.removeAll { $0.to <= end }
    }

    // MARK: Ids

    private mutating func link(_ entry: Entry) {
        guard let older = ids.find(entry.idHash, { isOther($0, entry) }) else {
            return ids.insert(entry.idHash, entry.key)
        }
        ids.replace(entry.idHash, older, with: entry.key)
        twins[older, default: Twins()].newer = entry.key
        twins[entry.key] = Twins(older: older)
    }

    private func isOther(_ key: Int64, _ entry: Entry) -> Bool {
        guard key != entry.key, let place = list.position(of: key) else { return false }
        return list[place].idHash == entry.idHash
    }

    private mutating func unlink(_ entry: Entry) {
        guard !twins.isEmpty, let own = twins.removeValue(forKey: entry.key) else {
            return ids.remove(entry.idHash, entry.key)
        }
        if let newer = own.newer {
            twins[newer]?.older = own.older
            if own.older == nil, twins[newer]?.newer == nil { twins[newer] = nil }
        } else if let older = own.older {
            ids.replace(entry.idHash, entry.key, with: older)
        }
        if let older = own.older {
            twins[older]?.newer = own.newer
            if own.newer == nil, twins[older]?.older == nil { twins[older] = nil }
        }
    }
}
