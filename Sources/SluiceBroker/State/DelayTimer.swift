import SluiceMessage

/// Which delayed messages are due when: a value that takes `now`, holds no clock and reads no file.
///
/// Entries stand in buckets of 1,024 ms; a bucket is put in order only when somebody looks into it.
struct DelayTimer {
    struct Entry: Equatable {
        /// Epoch ms.
        var due: Int64
        /// The waiting record.
        var physicalOffset: Int64
        /// 1... for a level, 0 for an exact time.
        var level: Int32
    }

    private var buckets: [Int64: [Entry]] = [:]
    /// Bucket numbers in order.
    private var keys: [Int64] = []
    private(set) var count = 0

    private static let shift: Int64 = 10

    mutating func add(_ entry: Entry) {
        let key = entry.due >> Self.shift
        if buckets[key] == nil { keys.insert(key, at: position(of: key)) }
        buckets[key, default: []].append(entry)
        count += 1
        nextDue = min(nextDue ?? .max, entry.due)
    }

    private func position(of key: Int64) -> Int {
        if let last = keys.last, last < key { return keys.count }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// When the next entry falls due; nil without entries.
    private(set) var nextDue: Int64?

    private mutating func findNextDue() {
        nextDue = keys.first.flatMap { buckets[$0]?.min { $0.due < $1.due }?.due }
    }

    /// Takes out what is due, in order of time and place, at most `limit`.
    mutating func popDue(now: Int64, limit: Int) -> [Entry] {
        var due: [Entry] = []
        while due.count < limit, let key = keys.first, key << Self.shift <= now, var entries = buckets[key] {
            entries.sort(by: Self.precedes)
            let ready = entries.prefix { $0.due <= now }.prefix(limit - due.count)
            due += ready
            if ready.count == entries.count {
                buckets[key] = nil
                keys.removeFirst()
            } else {
                buckets[key] = Array(entries.dropFirst(ready.count))
                break
            }
        }
        count -= due.count
        findNextDue()
        return due
    }

    private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
        (a.due, a.physicalOffset) < (b.due, b.physicalOffset)
    }

    /// Takes out the entries of these records, which were delivered already.
    mutating func remove(physicalOffsets gone: Set<Int64>) {
        guard !gone.isEmpty else { return }
        for key in keys {
            buckets[key]?.removeAll { gone.contains($0.physicalOffset) }
            if buckets[key]?.isEmpty == true { buckets[key] = nil }
        }
        keys.removeAll { buckets[$0] == nil }
        count = buckets.values.reduce(0) { $0 + $1.count }
        findNextDue()
    }

    /// Takes out one record's entry; false when it is not there.
    mutating func remove(_ physicalOffset: Int64) -> Bool {
        for key in keys {
            guard let index = buckets[key]?.firstIndex(where: { $0.physicalOffset == physicalOffset }) else { continue }
            buckets[key]?.remove(at: index)
            if buckets[key]?.isEmpty == true {
                buckets[key] = nil
                keys.remove(at: position(of: key))
            }
            count -= 1
            findNextDue()
            return true
        }
        return false
    }

    /// Calls `body` with the entries, soonest first, until it says stop.
    mutating func forEachSoonest(_ body: (Entry) -> Bool) {
        for key in keys {
            buckets[key]?.sort(by: Self.precedes)
            for entry in buckets[key] ?? [] where !body(entry) { return }
        }
    }

    /// Counts of what is due in `[start + i·width, …)`; what is overdue is in the first, what is later in the last.
    func histogram(start: Int64, width: Int64, buckets wanted: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: wanted)
        for entry in buckets.values.joined() {
            counts[Int(min(max((entry.due - start) / width, 0), Int64(wanted - 1)))] += 1
        }
        return counts
    }

    var all: some Sequence<Entry> { keys.lazy.flatMap { buckets[$0] ?? [] } }

    /// Physical offset of the oldest waiting record; nil without entries.
    var oldestRecord: Int64? { buckets.values.lazy.flatMap { $0 }.map(\.physicalOffset).min() }
}

/// The levels of delayed messages: RocketMQ's `messageDelayLevel`, a list of numbers with s, m, h or d.
public struct DelayLevels: Sendable, Equatable {
    /// Milliseconds by level, level 1 first.
    public let milliseconds: [Int64]

    public static let standard = DelayLevels(
        milliseconds: [
            1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1_200, 1_800, 3_600, 7_200,
        ].map { $0 * 1_000 })

    init(milliseconds: [Int64]) { self.milliseconds = milliseconds }

    /// The list again, each with the largest unit that divides it.
    public var text: String {
        milliseconds.map { span in
            for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000)] where span % size == 0 {
                return "\(span / size)\(unit)"
            }
            return "\(span / 1_000)s"
        }.joined(separator: " ")
    }

    /// Nil when the text is not such a list.
    public init?(_ text: String) {
        var found: [Int64] = []
        for part in text.split(separator: " ") {
            let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            guard let unit = part.last.flatMap({ units[$0] }), let number = Int64(part.dropLast()), number > 0,
                number < 1 << 40
            else { return nil }
            found.append(number * unit)
        }
        guard !found.isEmpty else { return nil }
        milliseconds = found
    }

    /// Milliseconds of the level that a queue of the schedule topic holds, which is one more than its number.
    public func delay(ofQueue queue: Int) -> Int64 { milliseconds(queue + 1) }

    /// Milliseconds of a level; above the last one it is the last, as in RocketMQ.
    func milliseconds(_ level: Int) -> Int64 { milliseconds[min(max(level, 1), milliseconds.count) - 1] }
}
