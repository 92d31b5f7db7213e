import SluiceMessage

/// A run of pending delays on the disk: entries in order, in blocks of 256, behind them the sparse index with a sum per
/// block, and a trailer of 64 bytes. Written once, never changed; what became of its entries is kept elsewhere.
///
/// The sparse index stays in memory: 48 bytes per block, 2 MB for ten million entries. Any thread may read.
public final class DelayRunFile: Sendable {
    /// What is known of a block without reading it; 40 bytes in the file.
    public struct Block: Sendable {
        public var firstDue: Int64
        public var firstOffset: Int64
        /// Lowest physical offset of its entries.
        public var lowestOffset: Int64
        /// A bit for each topic (``DelayEntry/topicBit(_:)``) and level in it.
        public var topics: UInt64
        public var levels: UInt32
        var sum: UInt32

        @inlinable public var first: DelayEntry { .key(firstDue, firstOffset) }
    }

    public static let folder = "timer"
    public static let blockEntries = 256
    static let blockBytes = blockEntries * DelayEntry.bytes
    static let indexBytes = 40
    static let trailerBytes = 64
    static let magic: UInt64 = 0x534C_5549_4345_4452

    /// Names the file; never used twice while a checkpoint may speak of it.
    public let number: Int64
    public let count: Int
    public let blocks: [Block]
    /// By block: the lowest physical offset in it and all that follow.
    public let lowestFrom: [Int64]
    private let file: any DiskFile

    init(number: Int64, count: Int, blocks: [Block], file: any DiskFile) {
        self.number = number
        self.count = count
        self.blocks = blocks
        self.file = file
        var lowest = [Int64](repeating: .max, count: blocks.count)
        var least = Int64.max
        for at in blocks.indices.reversed() {
            least = min(least, blocks[at].lowestOffset)
            lowest[at] = least
        }
        lowestFrom = lowest
    }

    public static func path(_ number: Int64) -> String { "\(folder)/\(SegmentSet.name(number))" }

    /// Numbers of the run files of a folder, those that were cut short included.
    public static func numbers(_ disk: any Disk) throws(DiskError) -> [Int64] {
        try disk.list(folder).compactMap { Int64($0) }.sorted()
    }

    /// Opens a run and checks its index; nil when it is not there or not whole. Blocks are checked when they are read.
    public static func open(_ disk: any Disk, _ number: Int64) throws(DiskError) -> DelayRunFile? {
        guard disk.exists(path(number)) else { return nil }
        let file = try disk.open(path(number), create: false)
        let size = try file.size()
        guard size >= Int64(trailerBytes) else { return nil }
        let trailer = try file.readBytes(at: size - Int64(trailerBytes), count: trailerBytes)
        guard trailer.count == trailerBytes else { return nil }
        let fields = trailer.withUnsafeBytes { raw in
            (0..<5).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        let count = Int(truncatingIfNeeded: fields[1])
        guard fields[0] == magic, fields[2] == UInt64(bitPattern: number), fields[4] == check(fields), count > 0,
            count <= Int(size) / DelayEntry.bytes
        else { return nil }
        let blockCount = (count + blockEntries - 1) / blockEntries
        let indexAt = Int64(count * DelayEntry.bytes)
        guard size == indexAt + Int64(blockCount * indexBytes + trailerBytes) else { return nil }
        let index = try file.readBytes(at: indexAt, count: blockCount * indexBytes)
        return index.withUnsafeBytes { raw -> DelayRunFile? in
            guard raw.count == blockCount * indexBytes, fields[3] == UInt64(Record.sum(raw)) else { return nil }
            let blocks = (0..<blockCount).map { block(raw, at: $0 * indexBytes) }
            return DelayRunFile(number: number, count: count, blocks: blocks, file: file)
        }
    }

    static func check(_ fields: [UInt64]) -> UInt64 { fields[..<4].withUnsafeBytes { UInt64(Record.sum($0)) } }

    private static func block(_ raw: UnsafeRawBufferPointer, at: Int) -> Block {
        Block(
            firstDue: raw.loadUnaligned(fromByteOffset: at, as: Int64.self),
            firstOffset: raw.loadUnaligned(fromByteOffset: at + 8, as: Int64.self),
            lowestOffset: raw.loadUnaligned(fromByteOffset: at + 16, as: Int64.self),
            topics: raw.loadUnaligned(fromByteOffset: at + 24, as: UInt64.self),
            levels: raw.loadUnaligned(fromByteOffset: at + 32, as: UInt32.self),
            sum: raw.loadUnaligned(fromByteOffset: at + 36, as: UInt32.self))
    }

    /// How many entries a block has.
    @inlinable
    public func entries(in block: Int) -> Int { min(Self.blockEntries, count - block * Self.blockEntries) }

    /// The entries of a block.
    /// - Throws: also when they do not match their sum; the error then has the code 0.
    public func load(_ block: Int) throws(DiskError) -> [DelayEntry] { try load(block..<(block + 1)) }

    /// The entries of neighbouring blocks, read at once.
    public func load(_ range: Range<Int>) throws(DiskError) -> [DelayEntry] {
        let first = range.lowerBound * Self.blockEntries
        let wanted = min(count, range.upperBound * Self.blockEntries) - first
        var got = 0
        var failure: DiskError?
        let entries = [DelayEntry](unsafeUninitializedCapacity: wanted) { target, filled in
            let raw = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<(wanted * 24)])
            do throws(DiskError) {
                got = try file.read(at: Int64(first * DelayEntry.bytes), into: raw)
                if got < raw.count || !matches(UnsafeRawBufferPointer(raw), range) { failure = damaged(range) }
            } catch {
                failure = error
            }
            filled = got == raw.count ? wanted : 0
        }
        if let failure { throw failure }
        return entries
    }

    private func matches(_ raw: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        range.allSatisfy { block in
            let from = (block - range.lowerBound) * Self.blockBytes
            let bytes = entries(in: block) * DelayEntry.bytes
            return Record.sum(UnsafeRawBufferPointer(rebasing: raw[from..<(from + bytes)])) == blocks[block].sum
        }
    }

    private func damaged(_ range: Range<Int>) -> DiskError {
        DiskError(
            "read", Self.path(number),
            reason: "entries from \(range.lowerBound * Self.blockEntries) on do not match their sums")
    }
}
