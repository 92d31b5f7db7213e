import HeapModule
import SluiceMessage

/// The unresolved half messages, in the order they came, with when each is to be checked next. A value without clock or
/// files.
struct HalfIndex {
    struct Entry {
        /// Offset in the half queue: the entry's name in this index.
        var queueOffset: Int64
        var physicalOffset: Int64
        var storeTimestamp: Int64
        /// Hash of the id people use.
        var idHash: Int
        var checks: Int32
        /// Epoch ms; `.max` when it was set aside.
        var nextCheck: Int64
        var isSetAside: Bool { nextCheck == .max }
    }

    private struct Check: Comparable {
        var at: Int64
        var queueOffset: Int64
        static func < (a: Check, b: Check) -> Bool { (a.at, a.queueOffset) < (b.at, b.queueOffset) }
    }

    private var entries: [Int64: Entry] = [:]
    private var order: [Int64] = []
    private var gone = 0
    /// Everything in `order` before it is gone.
    private var head = 0
    private var byID: [Int: Int64] = [:]
    private var checks = Heap<Check>()
    private(set) var setAside = 0

    var count: Int { entries.count }

    static func hash(_ id: String) -> Int {
        // FNV-1a: the same in every process, unlike Swift's own.
        Int(bitPattern: UInt(id.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }))
    }

    mutating func add(_ entry: Entry) {
        guard entries.updateValue(entry, forKey: entry.queueOffset) == nil else { return }
        order.append(entry.queueOffset)
        byID[entry.idHash] = entry.queueOffset
        if entry.isSetAside {
            setAside += 1
        } else {
            checks.insert(Check(at: entry.nextCheck, queueOffset: entry.queueOffset))
        }
    }

    @discardableResult
    mutating func remove(_ queueOffset: Int64) -> Entry? {
        guard let entry = entries.removeValue(forKey: queueOffset) else { return nil }
        if byID[entry.idHash] == queueOffset { byID[entry.idHash] = nil }
        if entry.isSetAside { setAside -= 1 }
        gone += 1
        while head < order.count, entries[order[head]] == nil { head += 1 }
        if gone > 1_024, gone * 2 > order.count {
            order.removeAll { entries[$0] == nil }
            gone = 0
            head = 0
        }
        return entry
    }

    func entry(_ queueOffset: Int64) -> Entry? { entries[queueOffset] }
    func entry(id: String) -> Entry? { byID[Self.hash(id)].flatMap { entries[$0] } }

    /// The oldest unresolved one.
    var oldest: Entry? { head < order.count ? entries[order[head]] : nil }

    /// Entries oldest first.
    func page(skip: Int, limit: Int) -> [Entry] {
        Array(order.lazy.compactMap { entries[$0] }.dropFirst(skip).prefix(limit))
    }

    var all: some Sequence<Entry> { order.lazy.compactMap { entries[$0] } }

    /// When the next check-back is due.
    mutating func nextCheck() -> Int64? {
        while let check = checks.min, entries[check.queueOffset]?.nextCheck != check.at { checks.removeMin() }
        return checks.min?.at
    }

    /// Takes the next entry whose check is due; ``checked(_:checks:next:)`` has to follow.
    mutating func popDue(now: Int64) -> Entry? {
        guard let at = nextCheck(), at <= now, let check = checks.popMin() else { return nil }
        return entries[check.queueOffset]
    }

    mutating func checked(_ queueOffset: Int64, checks count: Int32, next: Int64) {
        guard var entry = entries[queueOffset] else { return }
        if entry.isSetAside != (next == .max) { setAside += next == .max ? 1 : -1 }
        entry.checks = count
        entry.nextCheck = next
        entries[queueOffset] = entry
        if next != .max { checks.insert(Check(at: next, queueOffset: queueOffset)) }
    }
}
