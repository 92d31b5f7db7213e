import SluiceMessage
import Synchronization

/// The files of the commit log: segments of equal length named by the physical offset they start at (20 digits), each with
/// a file of record sums beside it. Shared by the threads that write, prepare and read.
public final class SegmentSet: Sendable {
    public let segmentBytes: Int64
    private let disk: any Disk
    private let state: Mutex<[Int64: Files]> = Mutex([:])
    let windows: LogWindows

    private struct Files {
        var log: (any DiskFile)?
        var sums: (any DiskFile)?
    }

    static let logFolder = "commitlog"
    static let sumsFolder = "sums"

    public init(disk: any Disk, segmentBytes: Int64) {
        self.disk = disk
        self.segmentBytes = segmentBytes
        windows = LogWindows(segmentBytes: segmentBytes)
    }

    static func name(_ start: Int64) -> String {
        let digits = String(start)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    /// Where the segment that holds a physical offset starts.
    public func start(of offset: Int64) -> Int64 { offset - offset % segmentBytes }

    func log(_ start: Int64, create: Bool = false) throws(DiskError) -> any DiskFile {
        if let file = state.withLock({ $0[start]?.log }) { return file }
        let path = "\(Self.logFolder)/\(Self.name(start))"
        let isNew = create && !disk.exists(path)
        let file = try disk.open(path, create: create)
        // What is written to a file is durable only where its name is.
        if isNew { try disk.syncDirectory(Self.logFolder) }
        return state.withLock { files in
            if let other = files[start]?.log { return other }
            files[start, default: Files()].log = file
            return file
        }
    }

    func sums(_ start: Int64, create: Bool = false) throws(DiskError) -> any DiskFile {
        if let file = state.withLock({ $0[start]?.sums }) { return file }
        let path = "\(Self.sumsFolder)/\(Self.name(start))"
        let isNew = create && !disk.exists(path)
        let file = try disk.open(path, create: create)
        if isNew { try disk.syncDirectory(Self.sumsFolder) }
        return state.withLock { files in
            if let other = files[start]?.sums { return other }
            files[start, default: Files()].sums = file
            return file
        }
    }

    /// Reads log bytes; never over the end of a segment.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        let start = start(of: offset)
        return try log(start).read(at: offset - start, into: buffer)
    }

    /// The same of what is in memory already: fewer bytes where the rest would have to come from the disk.
    func readCached(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        let start = start(of: offset)
        return try log(start).readCached(at: offset - start, into: buffer)
    }

    /// The CRC-32C noted for the record at a physical offset; nil where none is (its side file is gone, or no record
    /// starts there).
    func sum(at offset: Int64) throws(DiskError) -> UInt32? {
        let start = start(of: offset)
        let file = try sums(start, create: true)
        return try SumSearch(file).sum(at: UInt64(offset - start))
    }

    /// Starts of the segments on the disk, in order.
    func starts() throws(DiskError) -> [Int64] {
        try disk.list(Self.logFolder).compactMap { $0.count == 20 ? Int64($0) : nil }.sorted()
    }

    /// Deletes a segment and its sums. A reader that holds the file open still finishes.
    func remove(_ start: Int64) throws(DiskError) {
        _ = state.withLock { $0.removeValue(forKey: start) }
        windows.forget(segment: start)
        try disk.remove("\(Self.logFolder)/\(Self.name(start))")
        try disk.remove("\(Self.sumsFolder)/\(Self.name(start))")
    }
}
