import CSluice
import SluiceMessage

/// How a store lays out and keeps its data.
public struct StoreOptions: Sendable {
    /// Bytes of a log segment; a multiple of 4096 with room for the largest record.
    public var segmentBytes: Int64 = 256 << 20
    /// True makes each batch durable before it is confirmed.
    public var durable = true
    /// Log bytes between two checkpoints.
    public var checkpointBytes: Int64 = 256 << 20
    /// Index entries in memory (8 bytes each, beside 20 of a message's unit) that make a checkpoint due sooner.
    public var indexEntries = 1 << 20
    /// Milliseconds a segment is kept after its last record.
    public var retainMilliseconds: Int64 = 72 * 3_600_000
    /// Bytes of log to keep; nil keeps by age only.
    public var retainBytes: Int64?

    public init() {}
}

/// The commit log with its queues and index: the owner's side. Confined to the owner; what has to touch the disk comes out
/// as jobs (``takeWrite()``, ``takePrepare()``, ``takeCheckpoint(state:clean:)``) that other threads run and the owner
/// takes back.
public final class Store {
    public let disk: any Disk
    public private(set) var options: StoreOptions
    public let segments: SegmentSet
    let queues: QueueStore
    let index: KeyIndex

    /// The oldest physical offset kept.
    public internal(set) var minOffset: Int64 = 0
    /// Where the next record goes.
    public internal(set) var tail: Int64 = 0
    /// Everything before it is written (and durable where asked for): readers see no further.
    public internal(set) var confirmed: Int64 = 0
    var preparedTo: Int64 = 0
    var prepareStep: Int64 = 4 << 20
    var preparing = false
    var mayRetryRoom = true
    /// No checkpoint before this offset: the last one failed.
    var checkpointHold: Int64 = 0
    /// Why there is no more room, until there is again.
    public internal(set) var noRoom: String?
    /// What stopped the log for good: a failed write or sync. Publishing is refused until a restart.
    public private(set) var broken: DiskError?

    private var open: LogBuffer?
    private var spare: [LogBuffer] = []
    private var sealed: [WriteJob] = []
    private var inFlight = 0
    /// Records of the batch handed out last.
    private var newestInFlight = 0
    private var sealedBatches = 0
    /// Batches that came back from the log thread since the start.
    public private(set) var writtenBatches = 0
    private var bytesInFlight = 0
    private var journals: [JournalChange] = []
    var sumsInSegment: Int64 = 0
    /// Where a start would begin to read the log.
    public internal(set) var lastCheckpoint: Int64 = 0
    var checkpointing = false
    var isCheckpointAsked = false
    var wasClean = false
    var isRebuilding = false

    init(disk: any Disk, options: StoreOptions, segments: SegmentSet, queues: QueueStore, index: KeyIndex) {
        self.disk = disk
        self.options = options
        self.segments = segments
        self.queues = queues
        self.index = index
    }

    // MARK: Appending

    /// True when the owner should let the disk catch up before it takes more.
    public var isSaturated: Bool {
        bytesInFlight > 32 << 20 || (preparing && noRoom == nil && tail + (1 << 20) > preparedTo)
    }

    /// True when what the broker stores by itself should wait, so that requests find room and a checkpoint that is due its
    /// quiet moment.
    public var isOccupied: Bool { bytesInFlight > 8 << 20 || isSaturated || wantsCheckpoint }

    /// True when a record of this size can be taken now.
    public func hasRoom(for size: Int) -> Bool { tail + Int64(size) + 2 * 8 + fillerAllowance(size) <= preparedTo }

    private func fillerAllowance(_ size: Int) -> Int64 {
        let within = tail % segments.segmentBytes
        return within + Int64(size) + 8 > segments.segmentBytes ? segments.segmentBytes - within : 0
    }

    /// Room for a record of `size` bytes at the tail, which the caller fills at once by ``commit(_:_:)``.
    func reserve(_ size: Int) -> (target: UnsafeMutableRawPointer, offset: Int64) {
        let within = tail % segments.segmentBytes
        if within + Int64(size) + 8 > segments.segmentBytes { endSegment(Int(segments.segmentBytes - within)) }
        if let open, open.room >= size { return (open.base + open.used, tail) }
        sealOpen()
        let buffer = takeBuffer(size)
        buffer.begin(at: tail)
        open = buffer
        return (buffer.base, tail)
    }

    /// Stores a message at the tail, as a unit of its queue and under its keys. Returns its physical offset.
    ///
    /// The header's offsets are set here. The caller has made sure that there is room (``hasRoom(for:)``).
    @discardableResult
    public func append(
        to queue: ConsumeQueue, topic: UnsafeRawBufferPointer, header: inout RecordHeader,
        properties: UnsafeRawBufferPointer, moreProperties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        scan: borrowing PropertyScan, topicHash: UInt32
    ) -> Int64 {
        let size = Record.size(
            body: body.count, topic: topic.count, properties: properties.count + moreProperties.count)
        let (target, offset) = reserve(size)
        header.queueOffset = queue.maxOffset
        header.physicalOffset = offset
        let sum = Record.encode(
            header, topic: topic, properties: properties, moreProperties: moreProperties, body: body, into: target)
        if let open {
            open.sums.append(UInt64(offset % segments.segmentBytes) << 32 | UInt64(sum))
            open.used += size
        }
        tail += Int64(size)
        queues.append(
            QueueUnit(physicalOffset: offset, size: UInt32(size), tagCode: TagCode.of(scan.tags), sum: sum), to: queue)
        #if Plants
            if Plant.isOn(.unitTwice), header.queueOffset % 32 == 31 {
                queues.append(
                    QueueUnit(physicalOffset: offset, size: UInt32(size), tagCode: TagCode.of(scan.tags), sum: sum),
                    to: queue)
            }
        #endif
        queue.lastStored = header.storeTimestamp
        addKeys(scan, topicHash: topicHash, at: offset)
        return offset
    }

    private func endSegment(_ remaining: Int) {
        if open == nil || (open?.room ?? 0) < 8 {
            sealOpen()
            let buffer = takeBuffer(8)
            buffer.begin(at: tail)
            open = buffer
        }
        if let open, remaining >= 8 {
            (open.base + open.used).putBig(UInt32(remaining), at: 0)
            (open.base + open.used).putBig(Record.fillerMagic, at: 4)
            open.used += 8
        }
        tail += Int64(remaining)
        sealOpen()
        sumsInSegment = 0
    }

    private func takeBuffer(_ size: Int) -> LogBuffer {
        if size <= LogBuffer.ordinary, let buffer = spare.popLast() { return buffer }
        return LogBuffer(capacity: max(LogBuffer.ordinary, size))
    }

    /// The batch that holds the newest of what was appended or journaled: done when ``writtenBatches`` has reached it.
    public var currentBatch: Int {
        (open?.used ?? 0) > 0 || !journals.isEmpty ? sealedBatches + 1 : sealedBatches
    }

    /// Adds a change of a journal to the next batch.
    public func journal(_ change: JournalChange) {
        // Those that go first share a write, and a sync.
        guard change.goesFirst,
            let at = journals.firstIndex(where: { $0.goesFirst && $0.journal === change.journal })
        else { return journals.append(change) }
        journals[at].append(change)
    }

    // MARK: Jobs of the log thread

    private func sealOpen() {
        guard let buffer = open else { return }
        open = nil
        guard buffer.used > 0 else { return spare.append(buffer) }
        seal(buffer)
    }

    private func seal(_ buffer: LogBuffer?) {
        let end = buffer?.end ?? tail
        // A filler stands for all that is left of its segment.
        let rolled = end % segments.segmentBytes != 0 && segments.start(of: end) != segments.start(of: tail)
        sealed.append(
            WriteJob(
                buffer: buffer, journals: journals, segments: segments, durable: options.durable,
                sumsAt: sumsInSegment * 8, end: rolled ? segments.start(of: end) + segments.segmentBytes : end))
        sealedBatches += 1
        sumsInSegment += Int64(buffer?.sums.count ?? 0)
        bytesInFlight += buffer?.used ?? 0
        journals = []
    }

    /// Records gathered for the next batch; nil when a full one waits already.
    public var gathered: Int? { sealed.isEmpty ? open?.sums.count ?? 0 : nil }

    /// The next batch for the log thread; nil when there is nothing to write or enough is on its way already.
    public func takeWrite() -> WriteJob? {
        if sealed.isEmpty {
            let waiting = (open?.used ?? 0) > 0 || !journals.isEmpty
            guard waiting, inFlight == 0 || (inFlight == 1 && isWorthASecond) else { return nil }
            if (open?.used ?? 0) > 0 { sealOpen() } else { seal(nil) }
        }
        guard inFlight < 4, !sealed.isEmpty else { return nil }
        inFlight += 1
        let job = sealed.removeFirst()
        newestInFlight = job.records
        return job
    }

    /// A batch on its way gathers the next. A second one goes behind it when it is large enough to be worth its system
    /// calls, in sync mode its sync: as large as the first, so that the log thread finds it there when it is done.
    private var isWorthASecond: Bool {
        guard let open else { return false }
        return options.durable ? open.sums.count >= max(2, newestInFlight) : open.used >= 1 << 16
    }

    /// Keeps segments for so long from now on.
    public func retain(milliseconds: Int64) { options.retainMilliseconds = milliseconds }

    /// Takes a written batch back: what it held is confirmed, or the log is broken.
    public func finish(_ job: WriteJob) {
        inFlight -= 1
        writtenBatches += 1
        if let buffer = job.buffer {
            bytesInFlight -= buffer.used
            if buffer.capacity == LogBuffer.ordinary, spare.count < 8 { spare.append(buffer) }
        }
        if let failure = job.failure {
            broken = broken ?? failure
        } else if broken == nil {
            confirmed = max(confirmed, job.end)
        }
    }

    /// True when the room that is left is too little to go on and no more can be made.
    public var isFull: Bool { noRoom != nil && preparedTo - tail < 64 << 10 }

    /// True while batches are unwritten or on their way.
    public var hasUnwritten: Bool { inFlight > 0 || !sealed.isEmpty || (open?.used ?? 0) > 0 || !journals.isEmpty }
}
