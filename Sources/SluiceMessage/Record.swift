import CDeflate
import CSluice

/// The stored record: RocketMQ's message encoding, byte for byte what a pull answer carries (message format, 1).
///
/// All numbers are big-endian. Hosts are IPv4 here: 4 address bytes and the port as an int32.
public enum Record {
    /// Magic of a message with a one-byte topic length.
    public static let magic: UInt32 = 0xDAA3_20A7
    /// Magic of the filler that ends a segment.
    public static let fillerMagic: UInt32 = 0xCBD4_3194
    /// Bytes of everything but body, topic and properties.
    public static let fixedBytes = 91
    /// Where the fields stand that are read before a record is taken apart.
    public enum Position {
        public static let magic = 4
        public static let bodyCRC = 8
        public static let queue = 12
        public static let flag = 16
        public static let queueOffset = 20
        public static let physicalOffset = 28
        public static let systemFlag = 36
        public static let bornTimestamp = 40
        public static let bornHost = 48
        public static let storeTimestamp = 56
        public static let storeHost = 64
        public static let reconsumeTimes = 72
        public static let preparedOffset = 76
        public static let bodyLength = 84
    }

    /// Bytes of a record with parts of these sizes.
    @inlinable
    public static func size(body: Int, topic: Int, properties: Int) -> Int { fixedBytes + body + topic + properties }

    /// CRC-32 of a body as the record holds it: the sign bit cleared.
    public static func bodyCRC(_ body: UnsafeRawBufferPointer) -> UInt32 {
        libdeflate_crc32(0, body.baseAddress, body.count) & 0x7FFF_FFFF
    }

    /// CRC-32C of a whole record, as the sums beside the log and the queue units hold it.
    public static func sum(_ record: UnsafeRawBufferPointer) -> UInt32 {
        sluice_crc32c(0, record.baseAddress, record.count)
    }
}

/// What a record is made of besides its body, topic and properties.
public struct RecordHeader: Sendable, Equatable {
    public var queue: Int32
    public var flag: Int32
    public var queueOffset: Int64
    public var physicalOffset: Int64
    public var systemFlag: Int32
    public var bornTimestamp: Int64
    public var bornHost: HostAddress
    public var storeTimestamp: Int64
    public var storeHost: HostAddress
    public var reconsumeTimes: Int32
    public var preparedOffset: Int64

    public init(
        queue: Int32, flag: Int32 = 0, queueOffset: Int64 = 0, physicalOffset: Int64 = 0, systemFlag: Int32 = 0,
        bornTimestamp: Int64, bornHost: HostAddress, storeTimestamp: Int64 = 0, storeHost: HostAddress,
        reconsumeTimes: Int32 = 0, preparedOffset: Int64 = 0
    ) {
        self.queue = queue
        self.flag = flag
        self.queueOffset = queueOffset
        self.physicalOffset = physicalOffset
        self.systemFlag = systemFlag
        self.bornTimestamp = bornTimestamp
        self.bornHost = bornHost
        self.storeTimestamp = storeTimestamp
        self.storeHost = storeHost
        self.reconsumeTimes = reconsumeTimes
        self.preparedOffset = preparedOffset
    }
}

/// An IPv4 address and port as records and ids carry them.
public struct HostAddress: Sendable, Hashable {
    public var address: UInt32
    public var port: UInt32

    public init(address: UInt32, port: UInt32) {
        self.address = address
        self.port = port
    }

    /// `a.b.c.d:port`; zeros for what does not parse.
    public init(_ text: String) {
        let parts = OffsetID.parts(of: text)
        self.init(address: parts.address, port: parts.port)
    }

    public var text: String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
    }
}

extension Record {
    /// Writes a record to `target`, which must have room for ``size(body:topic:properties:)`` bytes, and returns its
    /// CRC-32C. `properties` may come in two pieces (the second one starts with its own separator where one is needed).
    public static func encode(
        _ header: borrowing RecordHeader, topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer,
        moreProperties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer
    ) -> UInt32 {
        let propertyBytes = properties.count + moreProperties.count
        let total = size(body: body.count, topic: topic.count, properties: propertyBytes)
        target.putBig(UInt32(total), at: 0)
        target.putBig(magic, at: Position.magic)
        target.putBig(bodyCRC(body), at: Position.bodyCRC)
        target.putBig(header.queue, at: Position.queue)
        target.putBig(header.flag, at: Position.flag)
        target.putBig(header.queueOffset, at: Position.queueOffset)
        target.putBig(header.physicalOffset, at: Position.physicalOffset)
        target.putBig(header.systemFlag, at: Position.systemFlag)
        target.putBig(header.bornTimestamp, at: Position.bornTimestamp)
        target.putBig(header.bornHost.address, at: Position.bornHost)
        target.putBig(header.bornHost.port, at: Position.bornHost + 4)
        target.putBig(header.storeTimestamp, at: Position.storeTimestamp)
        target.putBig(header.storeHost.address, at: Position.storeHost)
        target.putBig(header.storeHost.port, at: Position.storeHost + 4)
        target.putBig(header.reconsumeTimes, at: Position.reconsumeTimes)
        target.putBig(header.preparedOffset, at: Position.preparedOffset)
        target.putBig(UInt32(body.count), at: Position.bodyLength)
        var at = Position.bodyLength + 4
        at = target.put(body, at: at)
        target.storeBytes(of: UInt8(truncatingIfNeeded: topic.count), toByteOffset: at, as: UInt8.self)
        at = target.put(topic, at: at + 1)
        target.putBig(UInt16(truncatingIfNeeded: propertyBytes), at: at)
        at = target.put(properties, at: at + 2)
        at = target.put(moreProperties, at: at)
        return sum(UnsafeRawBufferPointer(start: target, count: total))
    }
}

extension UnsafeMutableRawPointer {
    @inlinable @inline(__always)
    public func putBig<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }

    /// Copies bytes to `offset` and returns the offset behind them.
    @inlinable @inline(__always)
    public func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        if let base = bytes.baseAddress, bytes.count > 0 {
            (self + offset).copyMemory(from: base, byteCount: bytes.count)
        }
        return offset + bytes.count
    }
}

extension UnsafeRawPointer {
    @inlinable @inline(__always)
    public func big<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension StoredMessage {
    /// The message as a record again: for peers that are sent one under another topic or queue than it is stored.
    public func record() -> [UInt8] {
        let header = RecordHeader(
            queue: Int32(truncatingIfNeeded: queue), flag: flag, queueOffset: queueOffset,
            physicalOffset: physicalOffset, systemFlag: systemFlag, bornTimestamp: bornTimestamp,
            bornHost: HostAddress(bornHost), storeTimestamp: storeTimestamp, storeHost: HostAddress(storeHost),
            reconsumeTimes: reconsumeTimes, preparedOffset: preparedTransactionOffset)
        let name = Array(topic.utf8.prefix(Limits.maxTopicLength))
        let encoded = PropertyCoding.encode(properties)
        let size = Record.size(body: body.count, topic: name.count, properties: encoded.count)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            name.withUnsafeBytes { name in
                encoded.withUnsafeBytes { properties in
                    body.withUnsafeBytes { body in
                        guard let base = buffer.baseAddress else { return }
                        _ = Record.encode(
                            header, topic: name, properties: properties,
                            moreProperties: UnsafeRawBufferPointer(start: nil, count: 0), body: body,
                            into: UnsafeMutableRawPointer(base))
                    }
                }
            }
            count = size
        }
    }
}
