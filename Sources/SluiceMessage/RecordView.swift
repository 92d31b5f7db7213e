/// A record in memory, taken apart without a copy. It must not outlive the bytes it looks at.
///
/// Made by ``init(_:)``, which checks every length against the bytes there are, so that what a view answers is always
/// inside of them.
public struct RecordView {
    public let bytes: UnsafeRawBufferPointer
    private let base: UnsafeRawPointer
    private let topicAt: Int
    private let propertiesAt: Int

    /// The record at the start of `bytes`; nil when there is none that is whole and consistent in itself.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count >= Record.fixedBytes else { return nil }
        let total = Int(base.big(UInt32.self, at: 0))
        guard total >= Record.fixedBytes, total <= bytes.count, total <= Limits.maxRecordBytes,
            base.big(UInt32.self, at: Record.Position.magic) == Record.magic
        else { return nil }
        let hostsV6 = SystemFlag.bornHostV6 | SystemFlag.storeHostV6
        guard base.big(Int32.self, at: Record.Position.systemFlag) & hostsV6 == 0 else { return nil }
        let body = Int(base.big(UInt32.self, at: Record.Position.bodyLength))
        let topicAt = Record.Position.bodyLength + 4 + body
        guard topicAt + 3 <= total else { return nil }
        let propertiesAt = topicAt + 1 + Int(base.load(fromByteOffset: topicAt, as: UInt8.self))
        guard propertiesAt + 2 <= total,
            propertiesAt + 2 + Int(base.big(UInt16.self, at: propertiesAt)) == total
        else { return nil }
        self.bytes = UnsafeRawBufferPointer(start: base, count: total)
        self.base = base
        self.topicAt = topicAt
        self.propertiesAt = propertiesAt
    }

    public var size: Int { bytes.count }
    public var queue: Int32 { base.big(Int32.self, at: Record.Position.queue) }
    public var queueOffset: Int64 { base.big(Int64.self, at: Record.Position.queueOffset) }
    public var physicalOffset: Int64 { base.big(Int64.self, at: Record.Position.physicalOffset) }
    public var systemFlag: Int32 { base.big(Int32.self, at: Record.Position.systemFlag) }
    public var bornTimestamp: Int64 { base.big(Int64.self, at: Record.Position.bornTimestamp) }
    public var storeTimestamp: Int64 { base.big(Int64.self, at: Record.Position.storeTimestamp) }
    public var reconsumeTimes: Int32 { base.big(Int32.self, at: Record.Position.reconsumeTimes) }
    public var preparedOffset: Int64 { base.big(Int64.self, at: Record.Position.preparedOffset) }
    public var storedBodyCRC: UInt32 { base.big(UInt32.self, at: Record.Position.bodyCRC) }
    public var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(Record.Position.bodyLength + 4)..<topicAt])
    }
    public var topic: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[(topicAt + 1)..<propertiesAt]) }
    public var properties: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(propertiesAt + 2)...])
    }
    public var topicName: String { String(decoding: topic, as: UTF8.self) }

    /// The header fields, to store the message again under other ones.
    public var header: RecordHeader {
        RecordHeader(
            queue: queue, flag: base.big(Int32.self, at: Record.Position.flag), queueOffset: queueOffset,
            physicalOffset: physicalOffset, systemFlag: systemFlag, bornTimestamp: bornTimestamp,
            bornHost: host(at: Record.Position.bornHost), storeTimestamp: storeTimestamp,
            storeHost: host(at: Record.Position.storeHost), reconsumeTimes: reconsumeTimes,
            preparedOffset: preparedOffset)
    }

    private func host(at position: Int) -> HostAddress {
        HostAddress(address: base.big(UInt32.self, at: position), port: base.big(UInt32.self, at: position + 4))
    }

    /// The record as a value of its own.
    public func message() -> StoredMessage {
        let header = header
        return StoredMessage(
            topic: topicName, queue: Int(header.queue), queueOffset: header.queueOffset,
            physicalOffset: header.physicalOffset, size: size, flag: header.flag, systemFlag: header.systemFlag,
            bornTimestamp: header.bornTimestamp, bornHost: header.bornHost.text,
            storeTimestamp: header.storeTimestamp, storeHost: header.storeHost.text,
            reconsumeTimes: header.reconsumeTimes, preparedTransactionOffset: header.preparedOffset,
            properties: PropertyCoding.decode(properties), body: Array(body))
    }
}
