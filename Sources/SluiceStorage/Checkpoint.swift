import SluiceMessage

/// Up to where everything derived from the log is on the disk: recovery begins there.
struct Checkpoint: Sendable {
    /// Physical offset: queues, index and pending state hold all records before it.
    var offset: Int64
    /// Sealed index reached so far.
    var indexedTo: Int64
    /// True when the folder was closed in order: the log ends at `offset`.
    var clean: Bool
    /// What the broker keeps beside the queues (pending delays and halves), in its own encoding.
    var state: [UInt8]

    static let path = "checkpoint"
    private static let version: UInt8 = 1

    func save(_ disk: any Disk) throws(DiskError) {
        // In one piece: the state can be some megabytes.
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.reserveCapacity(26 + state.count)
        bytes += [Self.version, clean ? 1 : 0]
        for value in [offset, indexedTo] {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(contentsOf: state)
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            base.putBig(UInt32(raw.count - 8), at: 0)
            base.putBig(Record.sum(UnsafeRawBufferPointer(rebasing: raw[8...])), at: 4)
        }
        try disk.replace(Self.path, with: bytes)
    }

    /// Nil when there is none that is whole: everything is then rebuilt from the log.
    static func load(_ disk: any Disk) throws(DiskError) -> Checkpoint? {
        guard disk.exists(path) else { return nil }
        let bytes = try disk.readAll(path)
        return bytes.withUnsafeBytes { raw -> Checkpoint? in
            guard raw.count >= 26, let base = raw.baseAddress else { return nil }
            let length = Int(base.big(UInt32.self, at: 0))
            guard length == raw.count - 8, raw[8] == version else { return nil }
            let payload = UnsafeRawBufferPointer(rebasing: raw[8...])
            guard Record.sum(payload) == base.big(UInt32.self, at: 4) else { return nil }
            return Checkpoint(
                offset: base.big(Int64.self, at: 10), indexedTo: base.big(Int64.self, at: 18), clean: raw[9] == 1,
                state: Array(raw[26...]))
        }
    }
}

/// A checkpoint on its way: queue units and sealed index entries, the log behind them, then the file that makes it count.
/// Made by the owner, run on the maintenance thread, given back.
///
/// `@unchecked Sendable`: it belongs to one thread at a time.
public final class CheckpointJob: @unchecked Sendable {
    let disk: any Disk
    let segments: SegmentSet
    let flush: QueueFlush
    let seal: KeyIndexSeal?
    var checkpoint: Checkpoint
    let syncFrom: Int64
    /// Makes the last part of the state, where the owner has no time for it.
    public var moreState: (@Sendable () -> [UInt8])?
    /// Journals whose entries have to be as durable as the records that speak of them.
    let journals: [String]
    public private(set) var failure: DiskError?

    init(
        disk: any Disk, segments: SegmentSet, flush: QueueFlush, seal: KeyIndexSeal?, checkpoint: Checkpoint,
        syncFrom: Int64, journals: [String]
    ) {
        self.disk = disk
        self.segments = segments
        self.flush = flush
        self.seal = seal
        self.checkpoint = checkpoint
        self.syncFrom = syncFrom
        self.journals = journals
    }

    public func run() {
        do throws(DiskError) {
            // The log first: a checkpoint must never speak of records that a lost machine takes back.
            var start = segments.start(of: syncFrom)
            while start < checkpoint.offset {
                try segments.log(start, create: true).sync()
                try segments.sums(start, create: true).sync()
                start += segments.segmentBytes
            }
            // In async mode nothing else makes them so: a lost machine would keep a topic's records and not the topic.
            for path in journals { try disk.open(path, create: true).sync() }
            try flush.run()
            try seal?.run()
            if let file = seal?.result { checkpoint.indexedTo = file.to }
            if let moreState { checkpoint.state += moreState() }
            moreState = nil
            try checkpoint.save(disk)
        } catch {
            failure = error
        }
    }
}
