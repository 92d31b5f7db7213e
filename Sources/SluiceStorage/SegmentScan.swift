import SluiceMessage

/// Reads one segment record by record, checks each against its sum, goes on behind damaged ones, and makes missing sums.
struct SegmentScan {
    let segments: SegmentSet
    let start: Int64
    private(set) var at: Int64
    /// Places of damaged records in the segment.
    var damaged: [Int64] = []
    private(set) var bytes: Int64 = 0
    /// Bytes of damage passed over.
    private(set) var skipped: Int64 = 0
    /// Entries in the file of sums when done.
    private(set) var sums: Int64 = 0
    /// True when the segment ended with its filler.
    var endsSegment = false
    /// Take zeros where a record was written for the end of the log.
    private let endsAtHoles: Bool
    /// True when the log ends here since a part of it did not reach the disk, whatever did behind it.
    private(set) var endsAtHole = false

    var known: [UInt64] = []
    /// The first sum that was made here.
    private var madeFrom = Int.max
    var next = 0

    /// - Parameter endsAtHoles: the log was written without syncs, so that a lost machine may have kept what came later
    ///   and lost what came before: then the later is to go, too.
    init(segments: SegmentSet, start: Int64, from: Int64, endsAtHoles: Bool = false) {
        self.endsAtHoles = endsAtHoles
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

    /// Calls `body` for each whole record with its sum and the bytes skipped so far. Returns the place behind the last one in the segment, or the
    /// segment's length when it ended with its filler.
    mutating func run(_ body: (RecordView, UInt32, Int64) -> Void) throws(DiskError) -> Int64 {
        try loadSums()
        let file = try segments.log(start)
        let size = min(try file.size(), segments.segmentBytes)
        var block: [UInt8] = []
        var blockAt: Int64 = 0
        while at < size {
            let within = Int(at - blockAt)
            if block.isEmpty || (blockAt + Int64(block.count) < size && !Self.holdsWhole(block, at: within)) {
                blockAt = at
                block = try file.readBytes(at: at, count: Int(min(Int64(Self.window), size - at)))
                if block.isEmpty { break }
            }
            guard at - blockAt < block.count else { break }
            let from = Int(at - blockAt)
            let step = block.withUnsafeBytes { raw in
                take(UnsafeRawBufferPointer(rebasing: raw[from...]), body)
            }
            guard let step else { break }
            at += step
            bytes += step
            if endsSegment { break }
        }
        if endsAtHoles, at >= size, !endsSegment { endsAtHole = true }
        sums = Int64(next)
        try saveSums()
        return endsSegment ? segments.segmentBytes : at
    }

    /// True when a block holds enough from a place on to judge what is there: all of a record, or as much as any may have.
    private static func holdsWhole(_ block: [UInt8], at within: Int) -> Bool {
        let rest = block.count - within
        guard rest < Limits.maxRecordBytes else { return true }
        guard rest >= Record.fixedBytes else { return false }
        return block.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            return base.big(UInt32.self, at: within + 4) == Record.magic && base.big(UInt32.self, at: within) <= rest
        }
    }

    /// What to advance by; nil at the end of the log.
    private mutating func take(_ raw: UnsafeRawBufferPointer, _ body: (RecordView, UInt32, Int64) -> Void) -> Int64? {
        while next < known.count, known[next] != 0, Self.place(known[next]) < at { next += 1 }
        // 0 stands where a sum did not reach the disk before the machine went.
        let entry = next < known.count ? known[next] : 0
        let sumHere = entry != 0 && Self.place(entry) == at ? UInt32(truncatingIfNeeded: entry) : nil
        if let view = RecordView(raw), view.physicalOffset == start + at {
            let sum = Record.sum(view.bytes)
            // Without a sum the body's own CRC has to do; the missing sum is made.
            // One whose place lies further on is that of a later record: this one's was lost in an earlier crash.
            let isMissing =
                sumHere == nil && Record.bodyCRC(view.body) == view.storedBodyCRC
                && !isHole(raw, from: view.size - view.properties.count, to: view.size)
            if isMissing { make(sum) }
            if sumHere == sum || isMissing {
                next += 1
                body(view, sum, skipped)
                return Int64(view.size)
            }
        } else if sumHere == nil, raw.count >= 8, let base = raw.baseAddress,
            base.big(UInt32.self, at: 4) == Record.fillerMagic,
            Int64(base.big(UInt32.self, at: 0)) == segments.segmentBytes - at
        {
            endsSegment = true
            return segments.segmentBytes - at
        }
        let size = sumHere == nil ? nil : sizeBySums()
        if endsAtHoles, isHole(raw, from: 0, to: min(raw.count, size ?? claimedSize(raw))) || lacksHead(raw) {
            endsAtHole = true
            return nil
        }
        let step = skipDamage()
        skipped += step ?? 0
        return step
    }

    static func place(_ entry: UInt64) -> Int64 { Int64(entry >> 32) }

    private mutating func make(_ sum: UInt32) {
        let entry = UInt64(at) << 32 | UInt64(sum)
        if next < known.count, known[next] == 0 { known[next] = entry } else { known.insert(entry, at: next) }
        madeFrom = min(madeFrom, next)
    }

    private mutating func loadSums() throws(DiskError) {
        let file = try segments.sums(start, create: true)
        let bytes = try file.readAll()
        known = bytes.withUnsafeBytes { raw in
            (0..<(raw.count / 8)).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        // Places only grow; whatever comes after a step back was not written by this log.
        var last: Int64 = -1
        for k in known.indices where known[k] != 0 {
            guard Self.place(known[k]) > last else {
                known.removeSubrange(k...)
                break
            }
            last = Self.place(known[k])
        }
        while known.last == 0 { known.removeLast() }
        // Zeros of an earlier loss may stand before it.
        next = (known.lastIndex { $0 != 0 && Self.place($0) < at } ?? -1) + 1
    }

    private func saveSums() throws(DiskError) {
        guard madeFrom < known.count else { return }
        let file = try segments.sums(start, create: true)
        try known[madeFrom...].withUnsafeBufferPointer { (raw) throws(DiskError) in
            try file.write(UnsafeRawBufferPointer(raw), at: Int64(madeFrom) * 8)
        }
    }
}
