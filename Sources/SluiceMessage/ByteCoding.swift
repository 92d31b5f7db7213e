/// Appends big-endian numbers and length-prefixed text.
public struct ByteWriter {
    public private(set) var bytes: [UInt8] = []
    public init() {}

    /// Makes room for so many bytes more, so that many small ones need no larger array again and again.
    public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    public mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Bytes as they are, without a length.
    public mutating func put(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

    /// Text of at most 65,535 bytes.
    public mutating func put(_ text: String) {
        let utf8 = text.utf8.prefix(Int(UInt16.max))
        put(UInt16(utf8.count))
        bytes.append(contentsOf: utf8)
    }
}

/// Reads what ``ByteWriter`` wrote; nil at the first thing that is not there.
public struct ByteReader {
    private let bytes: [UInt8]
    private var at = 0
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var isAtEnd: Bool { at >= bytes.count }

    public mutating func take<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard at + MemoryLayout<T>.size <= bytes.count else { return nil }
        defer { at += MemoryLayout<T>.size }
        return bytes.withUnsafeBytes { T(bigEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
    }

    public mutating func takeBytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= bytes.count - at else { return nil }
        defer { at += count }
        return Array(bytes[at..<(at + count)])
    }

    public mutating func takeText() -> String? {
        guard let count = take(UInt16.self).map(Int.init), at + count <= bytes.count else { return nil }
        defer { at += count }
        return String(decoding: bytes[at..<(at + count)], as: UTF8.self)
    }
}
