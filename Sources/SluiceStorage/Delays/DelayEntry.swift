/// A delayed message that waits, as the timer keeps it: 24 bytes, in memory as in a run file (little-endian).
///
/// Ordered by when it is due, then by its place in the log, which also tells one entry from every other.
public struct DelayEntry: Sendable, Equatable, Comparable {
    /// Epoch ms.
    public var due: Int64
    /// The waiting record.
    public var physicalOffset: Int64
    /// 1... for a level, 0 for an exact time.
    public var level: Int32
    /// The timer's number for the topic people mean by the message.
    public var topic: Int32

    public static let bytes = 24

    public init(due: Int64, physicalOffset: Int64, level: Int32, topic: Int32 = 0) {
        self.due = due
        self.physicalOffset = physicalOffset
        self.level = level
        self.topic = topic
    }

    @inlinable @inline(__always)
    public static func < (a: DelayEntry, b: DelayEntry) -> Bool {
        a.due != b.due ? a.due < b.due : a.physicalOffset < b.physicalOffset
    }

    /// The bit of its topic in the mask of a block; topics share bits where there are more than 64.
    @inlinable
    public static func topicBit(_ topic: Int32) -> UInt64 { 1 << (UInt64(UInt32(bitPattern: topic)) & 63) }
    /// The bit of its level in the mask of a block.
    @inlinable
    public static func levelBit(_ level: Int32) -> UInt32 { 1 << (UInt32(bitPattern: level) & 31) }

    /// Where an entry of this place would stand among those of this moment.
    @inlinable
    public static func key(_ due: Int64, _ physicalOffset: Int64) -> DelayEntry {
        DelayEntry(due: due, physicalOffset: physicalOffset, level: 0)
    }
}

extension Array where Element == DelayEntry {
    /// Entries from their bytes; what is left over at the end is dropped.
    public init(bytes: UnsafeRawBufferPointer) {
        let count = bytes.count / DelayEntry.bytes
        self.init(unsafeUninitializedCapacity: count) { target, filled in
            if let from = bytes.baseAddress, let to = target.baseAddress {
                UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count * DelayEntry.bytes)
            }
            filled = count
        }
    }

    /// How many of these, which are in order, stand before `key`.
    @inlinable
    public func rank(_ key: DelayEntry) -> Int {
        withUnsafeBufferPointer { entries in
            var low = 0
            var high = entries.count
            while low < high {
                let middle = (low + high) / 2
                if entries[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
