import SluiceMessage

/// A small append-only file of entries, each with length and CRC-32C, read back in full at the start.
///
/// Changes go to the disk with the log thread's batches: entries appended, or a snapshot in place of all of them when the
/// file has grown far beyond what it describes.
///
/// `@unchecked Sendable`: `file` and `size` are touched by the thread that appends only (after the owner has read it at start).
public final class Journal: @unchecked Sendable {
    private let disk: any Disk
    private let path: String
    private var file: any DiskFile
    private var size: Int64

    /// Opens or creates a journal and returns the payloads it holds. A torn end is cut off; what stands behind a damaged
    /// entry is lost, and `damaged` says so.
    public static func open(
        _ disk: any Disk, _ path: String
    ) throws(DiskError) -> (journal: Journal, entries: [[UInt8]], damaged: Bool) {
        var entries: [[UInt8]] = []
        let (journal, damaged) = try open(disk, path) { entries.append(Array($0)) }
        return (journal, entries, damaged)
    }

    /// The same, with the payloads handed to `body` one after the other in place of copies of all.
    public static func open(
        _ disk: any Disk, _ path: String, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(DiskError) -> (journal: Journal, damaged: Bool) {
        let isNew = !disk.exists(path)
        let file = try disk.open(path, create: true)
        if isNew { try disk.syncDirectory(path.split(separator: "/").dropLast().joined(separator: "/")) }
        let bytes = try file.readAll()
        var at = 0
        bytes.withUnsafeBytes { raw in
            while let payload = entry(raw, at: at) {
                body(payload)
                at += 8 + payload.count
            }
        }
        let damaged = bytes[at...].contains { $0 != 0 }
        if at < bytes.count { try file.truncate(to: Int64(at)) }
        return (Journal(disk, path, file, Int64(at)), damaged)
    }

    /// A journal whose lines have a form of their own (``JournalChange/init(_:first:)``); the caller has read what the file
    /// holds and goes on after `size` bytes.
    public static func lines(
        _ disk: any Disk, _ path: String, _ file: any DiskFile, from size: Int64
    ) -> Journal { Journal(disk, path, file, size) }

    private init(_ disk: any Disk, _ path: String, _ file: any DiskFile, _ size: Int64) {
        self.disk = disk
        self.path = path
        self.file = file
        self.size = size
    }

    private static func entry(_ raw: UnsafeRawBufferPointer, at: Int) -> UnsafeRawBufferPointer? {
        guard let base = raw.baseAddress, raw.count - at >= 8 else { return nil }
        let length = Int(base.big(UInt32.self, at: at))
        guard length > 0, length <= raw.count - at - 8 else { return nil }
        let payload = UnsafeRawBufferPointer(start: base + at + 8, count: length)
        return Record.sum(payload) == base.big(UInt32.self, at: at + 4) ? payload : nil
    }

    /// Frames a payload as an entry.
    public static func frame(_ payload: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8 + payload.count)
        bytes.withUnsafeMutableBytes { target in
            payload.withUnsafeBytes { raw in
                guard let base = target.baseAddress else { return }
                base.putBig(UInt32(raw.count), at: 0)
                base.putBig(Record.sum(raw), at: 4)
                _ = base.put(raw, at: 8)
            }
        }
        return bytes
    }

    /// Carries a change out. On the log thread only, once the owner runs.
    func apply(_ change: JournalChange, durable: Bool) throws(DiskError) {
        let bytes = change.bytes
        if change.replacesAll {
            try disk.replace(path, with: bytes)
            file = try disk.open(path, create: false)
            size = Int64(bytes.count)
        } else {
            try file.write(bytes, at: size)
            size += Int64(bytes.count)
            if durable || change.isDurable { try file.sync() }
        }
    }

    /// Bytes of the file; by the thread that appends, or at the start.
    public var bytes: Int64 { size }
}

/// What is to happen to a journal: framed entries to append, or all it shall hold from now on.
public struct JournalChange: Sendable {
    public let journal: Journal
    public let replacesAll: Bool
    /// It has to be on the disk before anything else of its batch, the log included.
    public let goesFirst: Bool
    /// Is synced in async mode, too.
    let isDurable: Bool
    private var ready: [UInt8]
    private let make: (@Sendable () -> [[UInt8]])?
    /// The bytes to write; made when they are asked for, where that was left to the thread that writes.
    public var bytes: [UInt8] { make.map { $0().flatMap(Journal.frame) } ?? ready }

    /// - Parameter durable: true syncs it whatever the mode: for what is rare and what records depend on.
    public init(_ journal: Journal, append payloads: [[UInt8]], durable: Bool = false) {
        self.journal = journal
        ready = payloads.flatMap(Journal.frame)
        make = nil
        replacesAll = false
        goesFirst = false
        isDurable = durable
    }

    /// Appends bytes as they are, before the rest of the batch: what is noted of an action is there before its effect.
    public init(_ journal: Journal, first bytes: [UInt8]) {
        self.journal = journal
        ready = bytes
        make = nil
        replacesAll = false
        goesFirst = true
        isDurable = false
    }

    /// Adds what is to be appended by the same write.
    mutating func append(_ other: JournalChange) { ready += other.ready }

    public init(_ journal: Journal, replaceAll payloads: [[UInt8]]) {
        self.journal = journal
        ready = payloads.flatMap(Journal.frame)
        make = nil
        replacesAll = true
        goesFirst = false
        isDurable = true
    }

    /// A snapshot that the writing thread puts into bytes: for one that the owner has no time for.
    public init(_ journal: Journal, replaceAll payloads: @escaping @Sendable () -> [[UInt8]]) {
        ready = []
        make = payloads
        replacesAll = true
        goesFirst = false
        isDurable = true
        self.journal = journal
    }
}
