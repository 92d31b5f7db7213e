/// What storage asks of a disk. The real one is ``RealDisk``; tests and simulations hand in others that tear, lie and fill
/// up by contract.
///
/// Paths are relative to the data folder and use `/`. Every call may be made from any thread.
public protocol Disk: Sendable {
    /// Opens a file for reading and writing.
    func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile
    func exists(_ path: String) -> Bool
    /// Names in a directory, unsorted; empty when there is no such directory.
    func list(_ directory: String) throws(DiskError) -> [String]
    /// Makes a directory unless it is there.
    func createDirectory(_ path: String) throws(DiskError)
    func remove(_ path: String) throws(DiskError)
    /// Renames over an existing file, atomically.
    func rename(_ from: String, to: String) throws(DiskError)
    /// Makes creations, removals and renames in a directory durable.
    func syncDirectory(_ path: String) throws(DiskError)
    /// Bytes free to us, and bytes in all.
    func space() -> (free: Int64, total: Int64)
}

/// An open file. Reads and writes name their place; there is no cursor.
public protocol DiskFile: AnyObject, Sendable {
    /// Reads up to `buffer.count` bytes; fewer only at the end of the file.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int
    /// Reads what is in memory already, without waiting for the disk; fewer bytes where the rest is not.
    func readCached(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int
    /// Maps `count` bytes from `offset` on, a multiple of 64 KiB, for reading them without a call each; waits for the disk.
    /// Nil where that is not possible.
    func map(at offset: Int64, count: Int) -> MappedPart?
    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError)
    /// Makes written bytes durable.
    func sync() throws(DiskError)
    /// Reserves room up to `end`, growing the file with bytes that read as zero.
    func reserve(to end: Int64) throws(DiskError)
    func size() throws(DiskError) -> Int64
    func truncate(to size: Int64) throws(DiskError)
}

/// A failed call on the disk: what was tried, where, and the system's reason.
public struct DiskError: Error, Sendable, CustomStringConvertible {
    public var operation: String
    public var path: String
    /// `errno` of the call; 0 where the contents were at fault.
    public var code: Int32
    public var reason: String

    public init(_ operation: String, _ path: String, code: Int32 = 0, reason: String) {
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = reason
    }
    /// What is made from the log is not there, so that only the folder's owner can make it again.
    public static let rebuildNeeded = DiskError(
        "read", "the data folder", code: 117,
        reason: "its queues and index have to be made again from the log first, which its owner does")
    public var isRebuildNeeded: Bool { code == Self.rebuildNeeded.code }
    public var description: String { "cannot \(operation) \(path): \(reason)" }
}

extension Disk {
    /// The whole of a file.
    public func readAll(_ path: String) throws(DiskError) -> [UInt8] {
        let file = try open(path, create: false)
        return try file.readAll()
    }

    /// Replaces a file so that after a crash either the old or the new content is there.
    public func replace(_ path: String, with bytes: [UInt8]) throws(DiskError) {
        let temporary = path + ".new"
        let file = try open(temporary, create: true)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(temporary, to: path)
        try syncDirectory(path.split(separator: "/").dropLast().joined(separator: "/"))
    }
}

extension DiskFile {
    public func map(at offset: Int64, count: Int) -> MappedPart? { nil }

    public func readCached(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try read(at: offset, into: buffer)
    }

    public func write(_ bytes: [UInt8], at offset: Int64) throws(DiskError) {
        try bytes.withUnsafeBufferPointer { (part) throws(DiskError) in
            try write(UnsafeRawBufferPointer(part), at: offset)
        }
    }

    public func readAll() throws(DiskError) -> [UInt8] { try readBytes(at: 0, count: Int(try size())) }

    /// Up to `count` bytes from `offset` on.
    public func readBytes(at offset: Int64, count: Int) throws(DiskError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBufferPointer { (part) throws(DiskError) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(part))
        }
        bytes.removeLast(count - got)
        return bytes
    }
}
