/// Bytes of the commit log on their way to the disk, with the sums of the records in them.
///
/// Not Sendable by itself: a ``WriteJob`` hands it from the owner to the log thread and back, and only one of them touches
/// it at a time.
final class LogBuffer {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// Physical offset of the first byte.
    var start: Int64 = 0
    var used = 0
    /// One entry a record: place in its segment in the upper, CRC-32C in the lower 32 bits.
    var sums: [UInt64] = []

    /// Bytes of an ordinary buffer; a larger record gets one of its own.
    static let ordinary = 1 << 20

    init(capacity: Int) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
    }

    deinit { base.deallocate() }

    func begin(at offset: Int64) {
        start = offset
        used = 0
        sums.removeAll(keepingCapacity: true)
    }

    var end: Int64 { start + Int64(used) }
    var room: Int { capacity - used }
}
