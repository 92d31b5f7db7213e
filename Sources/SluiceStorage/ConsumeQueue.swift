/// One message queue's units: the newest in memory, the older ones in chunks of the shared extent file. Confined to the
/// owner.
///
/// A queue that rests costs this object and its chunk list, no buffer and no descriptor.
public final class ConsumeQueue {
    public let topic: String
    public let queue: Int32
    /// Short name of the queue in the journal.
    let number: UInt32
    /// The oldest offset whose message is still in the log.
    public internal(set) var minOffset: Int64 = 0
    /// The offset the next message gets.
    public internal(set) var maxOffset: Int64 = 0
    /// Store time of the newest message, epoch ms; 0 when not known.
    public var lastStored: Int64 = 0

    /// Room in the extent file for units `first ..< first + capacity`.
    struct Chunk: Sendable {
        var position: Int64
        var first: Int64
        var capacity: Int32
    }
    var chunks: [Chunk] = []
    /// Units before this one are in chunks, written and journaled.
    var flushed: Int64 = 0
    /// True while listed as having units to flush.
    var isDirty = false

    private var tail: UnsafeMutableRawPointer?
    private var tailCapacity = 0
    private var tailStart: Int64 = 0

    init(topic: String, queue: Int32, number: UInt32) {
        self.topic = topic
        self.queue = queue
        self.number = number
    }

    deinit { tail?.deallocate() }

    /// Units of a first chunk; the following ones grow fourfold up to the last.
    static let smallestChunk = 16
    static let largestChunk = 16_384

    func append(_ unit: QueueUnit) {
        let count = Int(maxOffset - tailStart)
        if count == tailCapacity { growTail(count) }
        if let tail { unit.store(to: tail + count * QueueUnit.bytes) }
        maxOffset += 1
    }

    private func growTail(_ count: Int) {
        let capacity = max(Self.smallestChunk, tailCapacity * 2)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity * QueueUnit.bytes, alignment: 8)
        if let tail {
            grown.copyMemory(from: tail, byteCount: count * QueueUnit.bytes)
            tail.deallocate()
        }
        tail = grown
        tailCapacity = capacity
    }

    /// Takes up at the state a journal describes, with nothing in memory.
    func restore(flushed: Int64, min: Int64) {
        self.flushed = flushed
        minOffset = min
        maxOffset = flushed
        tailStart = flushed
    }

    /// A unit still in memory; nil when it is on the disk or does not exist.
    public func tailUnit(_ offset: Int64) -> QueueUnit? {
        guard let tail, offset >= tailStart, offset < maxOffset else { return nil }
        return QueueUnit(from: tail + Int(offset - tailStart) * QueueUnit.bytes)
    }

    /// Copies the units `from ..< to`, which must be in memory, to `target`.
    func copyTail(from: Int64, to: Int64, into target: UnsafeMutableRawPointer) {
        guard let tail, from >= tailStart, to > from else { return }
        target.copyMemory(
            from: tail + Int(from - tailStart) * QueueUnit.bytes, byteCount: Int(to - from) * QueueUnit.bytes)
    }

    /// The first offset in memory.
    var inMemoryFrom: Int64 { tail == nil ? maxOffset : tailStart }

    /// Forgets the units before `offset`, which the disk holds now.
    func dropTail(before offset: Int64) {
        flushed = offset
        let rest = Int(maxOffset - offset)
        guard rest > 0 else {
            tail?.deallocate()
            tail = nil
            tailCapacity = 0
            tailStart = maxOffset
            return
        }
        let capacity = max(Self.smallestChunk, rest * 2)
        let kept = UnsafeMutableRawPointer.allocate(byteCount: capacity * QueueUnit.bytes, alignment: 8)
        copyTail(from: offset, to: maxOffset, into: kept)
        tail?.deallocate()
        tail = kept
        tailCapacity = capacity
        tailStart = offset
    }

    /// Forgets units from `offset` on: their records did not survive.
    func cut(at offset: Int64) {
        guard offset < maxOffset else { return }
        maxOffset = max(offset, 0)
        minOffset = min(minOffset, maxOffset)
        if maxOffset <= tailStart {
            tail?.deallocate()
            tail = nil
            tailCapacity = 0
            tailStart = maxOffset
        }
        flushed = min(flushed, maxOffset)
    }

    /// The chunk that holds an offset and the bytes of the extent file where its unit stands.
    func position(of offset: Int64) -> (position: Int64, available: Int)? {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].first + Int64(chunks[middle].capacity) <= offset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < chunks.count, chunks[low].first <= offset else { return nil }
        let chunk = chunks[low]
        let within = offset - chunk.first
        return (chunk.position + within * Int64(QueueUnit.bytes), Int(Int64(chunk.capacity) - within))
    }
}
