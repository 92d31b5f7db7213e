/// One entry of a consume queue: where a message is, its tag code and the CRC-32C of its whole record, so that a pull can
/// check what it reads without another look-up.
///
/// 20 bytes in memory and in the extent file: physical offset 8, size 4, tag code 4, sum 4, little-endian. A unit of size 0
/// stands for a record that was lost to damage.
public struct QueueUnit: Sendable, Equatable {
    public var physicalOffset: Int64
    public var size: UInt32
    public var tagCode: Int32
    public var sum: UInt32

    public static let bytes = 20

    @inlinable
    public init(physicalOffset: Int64, size: UInt32, tagCode: Int32, sum: UInt32) {
        self.physicalOffset = physicalOffset
        self.size = size
        self.tagCode = tagCode
        self.sum = sum
    }

    @inlinable @inline(__always)
    public init(from base: UnsafeRawPointer) {
        physicalOffset = base.loadUnaligned(as: Int64.self)
        size = base.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        tagCode = base.loadUnaligned(fromByteOffset: 12, as: Int32.self)
        sum = base.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
    }

    @inlinable @inline(__always)
    public func store(to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: physicalOffset, as: Int64.self)
        base.storeBytes(of: size, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: tagCode, toByteOffset: 12, as: Int32.self)
        base.storeBytes(of: sum, toByteOffset: 16, as: UInt32.self)
    }
}
