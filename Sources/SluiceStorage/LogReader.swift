import Glibc
import SluiceMessage

/// Reads records of the log and checks them against their sums. Any thread may use it.
public struct LogReader: Sendable {
    let segments: SegmentSet
    /// End of what was confirmed when this was made.
    let confirmed: Int64

    /// The records of these units, laid back to back as a pull answer carries them, up to `maxBytes` but always one.
    /// Neighbours in the log are read at once.
    public func fetch(_ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, maxBytes: Int) throws(DiskError) -> Fetch {
        let (units, total) = Self.upTo(maxBytes, units)
        let fetch = Fetch(capacity: total)
        try eachRun(units) { (run, bytes) throws(DiskError) in try fetch.read(segments, run, bytes) }
        fetch.next = units.last.map { $0.offset + 1 } ?? fetch.next
        return fetch
    }

    /// The same without waiting for the disk; nil where some of it is not in memory, or is not what it should be. Parts of
    /// the log that are read from again and again become windows, if ``takeMapJob(now:isIdleLook:)`` is asked for.
    /// - Parameter now: epoch ms.
    public func fetchCached(
        _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, maxBytes: Int, now: Int64
    ) throws(DiskError) -> Fetch? {
        let (units, total) = Self.upTo(maxBytes, units)
        let fetch = Fetch(capacity: total)
        guard try fetch.readCached(self, units, now) else { return nil }
        fetch.next = units.last.map { $0.offset + 1 } ?? fetch.next
        return fetch
    }

    /// Windows that are worth making, on a thread that may wait for the disk; nil when there are none.
    /// - Parameters:
    ///   - now: epoch ms.
    ///   - isIdleLook: there is a job in any case, since windows that nobody reads from have to go; every 10 s or so.
    public func takeMapJob(now: Int64, isIdleLook: Bool = false) -> MapJob? {
        segments.windows.takeJob(segments, confirmed: confirmed, now: now, isIdleLook: isIdleLook)
    }

    /// The first of these units, up to so many bytes but always one, and their bytes.
    private static func upTo(
        _ maxBytes: Int, _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>
    ) -> (ArraySlice<(offset: Int64, unit: QueueUnit)>, Int) {
        let units = units.allSatisfy({ isPossible($0.unit) }) ? units : units.map(withoutImpossible)[...]
        var total = 0
        var end = units.startIndex
        while end < units.endIndex, total == 0 || total + Int(units[end].unit.size) <= maxBytes {
            total += Int(units[end].unit.size)
            end += 1
        }
        return (units[..<end], total)
    }

    /// Runs of units whose records are neighbours in a segment, and their bytes.
    func eachRun(
        _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>,
        _ body: (ArraySlice<(offset: Int64, unit: QueueUnit)>, Int) throws(DiskError) -> Void
    ) throws(DiskError) {
        var at = units.startIndex
        while at < units.endIndex {
            let first = units[at].unit
            var run = Int64(first.size)
            var last = at + 1
            while last < units.endIndex, units[last].unit.physicalOffset == first.physicalOffset + run,
                segments.start(of: first.physicalOffset) == segments.start(of: first.physicalOffset + run)
            {
                run += Int64(units[last].unit.size)
                last += 1
            }
            try body(units[at..<last], Int(run))
            at = last
        }
    }

    private static func isPossible(_ unit: QueueUnit) -> Bool {
        unit.size <= UInt32(Limits.maxRecordBytes) && unit.physicalOffset >= 0
    }

    /// A unit that was damaged on the disk names no record.
    private static func withoutImpossible(
        _ item: (offset: Int64, unit: QueueUnit)
    ) -> (offset: Int64, unit: QueueUnit) {
        if isPossible(item.unit) { return item }
        return (item.offset, QueueUnit(physicalOffset: 0, size: 0, tagCode: item.unit.tagCode, sum: 0))
    }

    /// Bytes of the first read of a record by its place: most records are no larger.
    private static let guess = 2_048

    /// The record at a physical offset, checked; nil when there is none or it is damaged.
    public func record(at offset: Int64) throws(DiskError) -> Fetch? {
        let fetch = Fetch(capacity: Self.guess)
        let got = try fetch.load(segments, at: offset, size: Self.guess)
        guard got >= 8, let size = fetch.recordSize else { return nil }
        if size <= got { return try fetch.accept(segments, at: offset, size: size) ? fetch : nil }
        // One that ends behind what can be read does not pass its check.
        let larger = Fetch(capacity: size)
        guard try larger.load(segments, at: offset, size: size) == size else { return nil }
        return try larger.accept(segments, at: offset, size: size) ? larger : nil
    }
}

/// Records read from the log, back to back, each one whole and checked.
///
/// `@unchecked Sendable`: filled by the one that made it, read-only afterwards.
public final class Fetch: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0
    private var ends: [Int] = []
    /// The queue offset to go on from.
    public internal(set) var next: Int64 = 0
    /// Units looked at, those filtered out included.
    public internal(set) var scanned = 0
    /// Offsets of records that do not match their sums and were left out.
    public private(set) var damaged: [Int64] = []

    init(capacity: Int) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: max(1, capacity), alignment: 8)
    }

    deinit { base.deallocate() }

    /// Records that were read elsewhere, back to back; what follows the last whole one is left out.
    public convenience init(_ records: UnsafeRawBufferPointer, next: Int64) {
        self.init(capacity: records.count)
        self.next = next
        while used < records.count,
            let view = RecordView(UnsafeRawBufferPointer(rebasing: records[used...])),
            let source = view.bytes.baseAddress
        {
            (base + used).copyMemory(from: source, byteCount: view.size)
            used += view.size
            ends.append(used)
        }
    }

    public static var empty: Fetch { Fetch(capacity: 0) }

    /// Calls `body` with all records, as a pull answer's body. Without the explicit lifetime the optimiser may free this
    /// object, and the memory with it, once `base` was loaded.
    @inline(__always)
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(self) { body(UnsafeRawBufferPointer(start: base, count: used)) }
    }

    /// Bytes of all records together.
    public var byteCount: Int { used }
    public var count: Int { ends.count }

    /// Calls `body` with each record in order.
    @inline(__always)
    public func eachRecord(_ body: (RecordView) -> Void) {
        withExtendedLifetime(self) {
            var start = 0
            for end in ends {
                if let view = RecordView(UnsafeRawBufferPointer(start: base + start, count: end - start)) { body(view) }
                start = end
            }
        }
    }

    /// Keeps the records that pass a test, at most `limit` of them; `stoppedAt` is the queue offset of the first record
    /// that was not looked at any more.
    public func filtered(limit: Int, _ passes: (RecordView) -> Bool) -> (kept: Int, stoppedAt: Int64?) {
        var kept: [Int] = []
        var to = 0
        var start = 0
        for end in ends {
            let record = UnsafeRawBufferPointer(start: base + start, count: end - start)
            if let view = RecordView(record), passes(view) {
                if kept.count == limit {
                    let stopped = view.queueOffset
                    (used, ends) = (to, kept)
                    return (kept.count, stopped)
                }
                if to != start { memmove(base + to, base + start, end - start) }
                to += end - start
                kept.append(to)
            }
            start = end
        }
        (used, ends) = (to, kept)
        return (kept.count, nil)
    }

    public func messages() -> [StoredMessage] {
        var messages: [StoredMessage] = []
        messages.reserveCapacity(count)
        eachRecord { messages.append($0.message()) }
        return messages
    }

    func read(
        _ segments: SegmentSet, _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, _ bytes: Int
    ) throws(DiskError) {
        guard let first = units.first, bytes > 0, used + bytes <= capacity else {
            damaged += units.map(\.offset)
            return
        }
        let target = UnsafeMutableRawBufferPointer(start: base + used, count: bytes)
        let got: Int
        do throws(DiskError) {
            got = try segments.read(at: first.unit.physicalOffset, into: target)
        } catch  where error.code == ENOENT {
            // A unit that points at no segment: retention took it just now, or the unit is damaged.
            got = 0
        }
        var from = used
        var to = used
        for (offset, unit) in units {
            let size = Int(unit.size)
            let record = UnsafeRawBufferPointer(start: base + from, count: size)
            if size > 0, from - used + size <= got, Record.sum(record) == unit.sum {
                // Records behind a damaged one close the gap.
                if to != from { (base + to).copyMemory(from: base + from, byteCount: size) }
                to += size
                ends.append(to)
            } else {
                damaged.append(offset)
            }
            from += size
        }
        used = to
    }

    /// Reads these, which fill it, from memory; false where some are not there or do not match their sums.
    func readCached(
        _ reader: LogReader, _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, _ now: Int64
    ) throws(DiskError) -> Bool {
        let missing = reader.segments.windows.copy(units, to: base, confirmed: reader.confirmed, now: now)
        do throws(DiskError) {
            guard try readCached(reader, units, missing) else { return false }
        } catch  where error.code == ENOENT {
            return false
        }
        ends.reserveCapacity(units.count)
        var end = 0
        for (_, unit) in units {
            let record = UnsafeRawBufferPointer(start: base + end, count: Int(unit.size))
            guard record.count > 0, Record.sum(record) == unit.sum else { return false }
            end += record.count
            ends.append(end)
        }
        used = end
        return true
    }

    private func readCached(
        _ reader: LogReader, _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, _ missing: [Range<Int>]
    ) throws(DiskError) -> Bool {
        var isThere = true
        var place = 0
        var at = units.startIndex
        for range in missing {
            while at < range.lowerBound {
                place += Int(units[at].unit.size)
                at += 1
            }
            try reader.eachRun(units[range]) { (run, bytes) throws(DiskError) in
                guard isThere, let first = run.first else { return }
                let target = UnsafeMutableRawBufferPointer(start: base + place, count: bytes)
                isThere = try reader.segments.readCached(at: first.unit.physicalOffset, into: target) == bytes
                place += bytes
            }
            at = range.upperBound
        }
        return isThere
    }

    /// Reads so many bytes from a place to the front; returns how many there are.
    func load(_ segments: SegmentSet, at offset: Int64, size: Int) throws(DiskError) -> Int {
        try segments.read(at: offset, into: UnsafeMutableRawBufferPointer(start: base, count: min(size, capacity)))
    }

    /// The size that the record at the front claims; nil when there is none that could be.
    var recordSize: Int? {
        let (magic, size) = withExtendedLifetime(self) {
            let front = UnsafeRawPointer(base)
            return (front.big(UInt32.self, at: Record.Position.magic), Int(front.big(UInt32.self, at: 0)))
        }
        guard magic == Record.magic else { return nil }
        return (Record.fixedBytes...Limits.maxRecordBytes).contains(size) ? size : nil
    }

    /// Makes the record at the front the only one, if it is what it claims to be.
    func accept(_ segments: SegmentSet, at offset: Int64, size: Int) throws(DiskError) -> Bool {
        let bytes = UnsafeRawBufferPointer(start: base, count: size)
        guard let view = RecordView(bytes), view.size == size, view.physicalOffset == offset,
            Record.bodyCRC(view.body) == view.storedBodyCRC,
            try segments.sum(at: offset).map({ $0 == Record.sum(view.bytes) }) ?? true
        else { return false }
        used = size
        ends = [size]
        return true
    }
}
