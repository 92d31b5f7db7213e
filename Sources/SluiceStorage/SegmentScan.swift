import SluiceMessage

/// Reads one segment record by record, checks each against its sum, goes on behind damaged ones, and makes missing sums.
struct SegmentScan {
    private let segments: SegmentSet
    private let start: Int64
    private var at: Int64
    /// Places of damaged records in the segment.
    private(set) var damaged: [Int64] = []
    private(set) var bytes: Int64 = 0
    /// Entries in the file of sums when done.
    private(set) var sums: Int64 = 0
    /// True when the segment ended with its filler.
    private(set) var endsSegment = false

    private var known: [UInt64] = []
    private var made: [UInt64] = []
    private var next = 0

    init(segments: SegmentSet, start: Int64, from: Int64) {
        self.segments = segments
        self.start = start
        at = from
    }

    /// True when a segment starts with a record or a filler.
    static func beginsWithRecord(_ segments: SegmentSet, _ start: Int64) throws(DiskError) -> Bool {
        let head = try segments.log(start).readBytes(at: 0, count: 8)
        guard head.count == 8 else { return false }
        let magic = head.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) }
        return magic == Record.magic || magic == Record.fillerMagic
    }

    private static let window = 8 << 20

    /// Calls `body` for each whole record with its sum. Returns the place behind the last one in the segment, or the
    /// segment's length when it ended with its filler.
    mutating func run(_ body: (RecordView, UInt32) -> Void) throws(DiskError) -> Int64 {
        try loadSums()
        let file = try segments.log(start)
        let size = min(try file.size(), segments.segmentBytes)
        var block: [UInt8] = []
        var blockAt: Int64 = 0
        while at < size {
            let within = Int(at - blockAt)
            if block.isEmpty || (block.count - within < Limits.maxRecordBytes && blockAt + Int64(block.count) < size) {
                blockAt = at
                block = try file.readBytes(at: at, count: Int(min(Int64(Self.window), size - at)))
                if block.isEmpty { break }
                continue
            }
            let step = block.withUnsafeBytes { raw in
                take(UnsafeRawBufferPointer(rebasing: raw[within...]), body)
            }
            guard let step else { break }
            at += step
            bytes += step
            if endsSegment { break }
        }
        sums = Int64(next)
        try saveSums()
        return endsSegment ? segments.segmentBytes : at
    }

    /// What to advance by; nil at the end of the log.
    private mutating func take(_ raw: UnsafeRawBufferPointer, _ body: (RecordView, UInt32) -> Void) -> Int64? {
        let sumHere =
            next < known.count && Int64(known[next] >> 32) == at ? UInt32(truncatingIfNeeded: known[next]) : nil
        if let view = RecordView(raw), view.physicalOffset == start + at {
            let sum = Record.sum(view.bytes)
            if let sumHere, sumHere == sum {
                next += 1
                body(view, sum)
                return Int64(view.size)
            }
            // Without a sum the body's own CRC has to do; the missing sum is made.
            if sumHere == nil, next >= known.count, Record.bodyCRC(view.body) == view.storedBodyCRC {
                made.append(UInt64(at) << 32 | UInt64(sum))
                known.append(UInt64(at) << 32 | UInt64(sum))
                next += 1
                body(view, sum)
                return Int64(view.size)
            }
        } else if sumHere == nil, raw.count >= 8, let base = raw.baseAddress,
            base.big(UInt32.self, at: 4) == Record.fillerMagic,
            Int64(base.big(UInt32.self, at: 0)) == segments.segmentBytes - at
        {
            endsSegment = true
            return segments.segmentBytes - at
        }
        return skipDamage(raw)
    }

    /// The way to the next record that stands where the sums say and matches; nil when there is none: the log ends here.
    private mutating func skipDamage(_ raw: UnsafeRawBufferPointer) -> Int64? {
        var candidate = next
        while candidate < known.count, Int64(known[candidate] >> 32) <= at { candidate += 1 }
        while candidate < known.count {
            let place = Int64(known[candidate] >> 32)
            guard let bytes = try? segments.log(start).readBytes(at: place, count: recordBytes(candidate)) else {
                return nil
            }
            let whole = bytes.withUnsafeBytes { part -> Bool in
                guard let view = RecordView(part) else { return false }
                return Record.sum(view.bytes) == UInt32(truncatingIfNeeded: known[candidate])
            }
            if whole {
                damaged += known[next..<candidate].map { Int64($0 >> 32) }
                if next == candidate { damaged.append(at) }
                next = candidate
                return place - at
            }
            candidate += 1
        }
        return endAfterDamage(raw)
    }

    /// A damaged record right before the filler is damage too, not the end of the log.
    private mutating func endAfterDamage(_ raw: UnsafeRawBufferPointer) -> Int64? {
        guard next < known.count, at == Int64(known[next] >> 32) else { return nil }
        guard let next = try? SegmentScan.beginsWithRecord(segments, start + segments.segmentBytes), next else {
            return nil
        }
        damaged += known[self.next...].map { Int64($0 >> 32) }
        self.next = known.count
        endsSegment = true
        return segments.segmentBytes - at
    }

    private func recordBytes(_ index: Int) -> Int {
        let from = Int64(known[index] >> 32)
        let to = index + 1 < known.count ? Int64(known[index + 1] >> 32) : segments.segmentBytes
        return Int(min(to - from, Int64(Limits.maxRecordBytes)))
    }

    private mutating func loadSums() throws(DiskError) {
        let file = try segments.sums(start, create: true)
        let bytes = try file.readAll()
        known = bytes.withUnsafeBytes { raw in
            (0..<(raw.count / 8)).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        // Places only grow; whatever comes after a step back was not written by this log.
        for k in 1..<max(1, known.count) where known[k] >> 32 <= known[k - 1] >> 32 {
            known.removeSubrange(k...)
            break
        }
        var low = 0
        var high = known.count
        while low < high {
            let middle = (low + high) / 2
            if Int64(known[middle] >> 32) < at { low = middle + 1 } else { high = middle }
        }
        next = low
    }

    private func saveSums() throws(DiskError) {
        guard !made.isEmpty else { return }
        let file = try segments.sums(start, create: true)
        try made.withUnsafeBufferPointer { (raw) throws(DiskError) in
            try file.write(UnsafeRawBufferPointer(raw), at: Int64(known.count - made.count) * 8)
        }
    }
}
