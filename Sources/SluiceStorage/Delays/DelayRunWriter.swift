import SluiceMessage

/// Writes a run file front to back from entries that come in order.
struct DelayRunWriter {
    private let disk: any Disk
    private let number: Int64
    private let file: any DiskFile
    private var count = 0
    private var written: Int64 = 0
    private var buffer: [DelayEntry] = []
    private var blocks: [DelayRunFile.Block] = []

    /// Entries between two writes: 768 KiB.
    private static let buffered = DelayRunFile.blockEntries * 128

    init(_ disk: any Disk, number: Int64) throws(DiskError) {
        self.disk = disk
        self.number = number
        file = try disk.open(DelayRunFile.path(number), create: true)
        try file.truncate(to: 0)
        buffer.reserveCapacity(Self.buffered)
    }

    @inline(__always)
    mutating func append(_ entry: DelayEntry) throws(DiskError) {
        buffer.append(entry)
        if buffer.count == Self.buffered { try flush() }
    }

    private mutating func flush() throws(DiskError) {
        let entries = buffer
        var from = 0
        while from < entries.count {
            let to = min(from + DelayRunFile.blockEntries, entries.count)
            blocks.append(Self.describe(entries[from..<to]))
            from = to
        }
        let (file, at) = (file, written)
        try entries.withUnsafeBufferPointer { (raw) throws(DiskError) in
            try file.write(UnsafeRawBufferPointer(raw), at: at)
        }
        written += Int64(entries.count * DelayEntry.bytes)
        count += entries.count
        buffer.removeAll(keepingCapacity: true)
    }

    private static func describe(_ entries: ArraySlice<DelayEntry>) -> DelayRunFile.Block {
        var block = DelayRunFile.Block(
            firstDue: 0, firstOffset: 0, lowestOffset: .max, topics: 0, levels: 0,
            sum: entries.withUnsafeBytes { Record.sum($0) })
        if let first = entries.first { (block.firstDue, block.firstOffset) = (first.due, first.physicalOffset) }
        for entry in entries {
            block.lowestOffset = min(block.lowestOffset, entry.physicalOffset)
            block.topics |= DelayEntry.topicBit(entry.topic)
            block.levels |= DelayEntry.levelBit(entry.level)
        }
        return block
    }

    /// Makes the run durable; nil when there was no entry.
    mutating func finish() throws(DiskError) -> DelayRunFile? {
        try flush()
        guard count > 0 else {
            try disk.remove(DelayRunFile.path(number))
            return nil
        }
        var index: [UInt8] = []
        index.reserveCapacity(blocks.count * DelayRunFile.indexBytes + DelayRunFile.trailerBytes)
        for block in blocks {
            for value in [block.firstDue, block.firstOffset, block.lowestOffset] { Self.put(value, &index) }
            Self.put(block.topics, &index)
            Self.put(block.levels, &index)
            Self.put(block.sum, &index)
        }
        let sum = index.withUnsafeBytes { Record.sum($0) }
        var fields: [UInt64] = [DelayRunFile.magic, UInt64(count), UInt64(bitPattern: number), UInt64(sum), 0, 0, 0, 0]
        fields[4] = DelayRunFile.check(fields)
        for field in fields { Self.put(field, &index) }
        try file.write(index, at: written)
        try file.sync()
        try disk.syncDirectory(DelayRunFile.folder)
        return DelayRunFile(number: number, count: count, blocks: blocks, file: file)
    }

    private static func put<T: FixedWidthInteger>(_ value: T, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
