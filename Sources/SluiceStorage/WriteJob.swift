/// A batch for the log thread: bytes of one segment, their sums, and journal entries. Made by the owner, run once by the
/// log thread, given back to the owner.
///
/// `@unchecked Sendable`: it belongs to one thread at a time, and the queues between them order the hand-over.
public final class WriteJob: @unchecked Sendable {
    let buffer: LogBuffer?
    /// Entries for the journals, by journal.
    let journals: [JournalChange]
    let segments: SegmentSet
    public let durable: Bool
    /// Where the sums of this batch belong in their file.
    let sumsAt: Int64
    /// Records in it.
    public var records: Int { buffer?.sums.count ?? 0 }
    /// Bytes of log in it.
    public var bytes: Int { buffer?.used ?? 0 }
    /// Rewrites a whole journal.
    public var replacesJournals: Bool { journals.contains(where: \.replacesAll) }
    /// What went wrong; nil after a run that wrote everything.
    public private(set) var failure: DiskError?

    /// Physical offset behind the last byte of the log once this job is done.
    public let end: Int64

    init(
        buffer: LogBuffer?, journals: [JournalChange], segments: SegmentSet, durable: Bool,
        sumsAt: Int64, end: Int64
    ) {
        self.buffer = buffer
        self.journals = journals
        self.segments = segments
        self.durable = durable
        self.sumsAt = sumsAt
        self.end = end
    }

    /// Writes everything, and makes it durable where that is asked for.
    public func run() {
        do throws(DiskError) {
            for change in journals where change.goesFirst { try change.journal.apply(change, durable: durable) }
            try writeLog()
            for change in journals where !change.goesFirst { try change.journal.apply(change, durable: durable) }
        } catch {
            failure = error
        }
    }

    private func writeLog() throws(DiskError) {
        guard let buffer, buffer.used > 0 else { return }
        let start = segments.start(of: buffer.start)
        let log = try segments.log(start, create: true)
        // Sums first: a killed process leaves either no record without its sum, or sums of bytes that read as zero.
        let sums = try segments.sums(start, create: true)
        try buffer.sums.withUnsafeBufferPointer { (part) throws(DiskError) in
            try sums.write(UnsafeRawBufferPointer(part), at: sumsAt)
        }
        try log.write(UnsafeRawBufferPointer(start: buffer.base, count: buffer.used), at: buffer.start - start)
        #if Plants
            if Plant.isOn(.ackBeforeSync) { return }
        #endif
        if durable { try log.sync() }
    }
}

/// Room for the log made ahead of its tail, by a thread of its own: zeros on the disk where batches will be synced (a
/// sync into a zero-filled file needs no metadata and is two to three times as fast), mere reservations elsewhere.
public final class PrepareJob: @unchecked Sendable {
    let segments: SegmentSet
    public let from: Int64
    /// How far it got; `from` when there was no room at all.
    public private(set) var reached: Int64
    private let target: Int64
    private let zeroFill: Bool
    private let disk: any Disk
    public private(set) var failure: DiskError?

    init(segments: SegmentSet, disk: any Disk, from: Int64, to: Int64, zeroFill: Bool) {
        self.segments = segments
        self.disk = disk
        self.from = from
        reached = from
        target = to
        self.zeroFill = zeroFill
    }

    private static let step = 1 << 20

    /// Goes on in steps of 1 MiB until the target or the water mark of the disk is reached.
    public func run() {
        let zeros = zeroFill ? [UInt8](repeating: 0, count: Self.step) : []
        do throws(DiskError) {
            while reached < target {
                let (free, total) = disk.space()
                guard free > Self.reserve(total: total) + Int64(Self.step) else {
                    throw DiskError("make room for", "the commit log", code: 28, reason: Self.fullText(free))
                }
                let start = segments.start(of: reached)
                let end = min(target, start + segments.segmentBytes, reached + Int64(Self.step))
                let file = try segments.log(start, create: true)
                if zeroFill {
                    try file.write(Array(zeros[..<Int(end - reached)]), at: reached - start)
                    try file.sync()
                } else {
                    try file.reserve(to: end - start)
                }
                reached = end
            }
        } catch {
            failure = error
        }
    }

    /// Bytes of the disk that the log leaves to queues, index, journals and the rest of the machine.
    static func reserve(total: Int64) -> Int64 { min(max(total / 16, 1 << 20), 64 << 20) }

    private static func fullText(_ free: Int64) -> String {
        "only \(free >> 20) MiB are free on the disk; publishing goes on by itself when there is room"
    }
}
