import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Records as brokers elsewhere send them, made ours: queue numbers say which broker, and what only newer or IPv6 brokers
/// write is put into the one form that is read here.
enum WireRecords {
    /// Of 5.x, for topics of more than 127 characters: the topic's length has two bytes.
    private static let longTopicMagic: UInt32 = 0xDAA3_20AB

    /// - Throws: `.failed` when the bytes are not whole records: none is left out silently.
    static func fetch(_ bytes: UnsafeRawBufferPointer, next: Int64, broker: Int) throws(APIError) -> Fetch {
        let own = isPlain(bytes, broker) ? nil : try translated(bytes, broker)
        let fetch = own?.withUnsafeBytes { Fetch($0, next: next) } ?? Fetch(bytes, next: next)
        guard fetch.byteCount == own?.count ?? bytes.count else { throw damaged(fetch.byteCount) }
        return fetch
    }

    private static func damaged(_ at: Int) -> APIError {
        APIError(.failed, "the broker sent records of which the one at byte \(at) cannot be read")
    }

    /// They can be taken as they are.
    private static func isPlain(_ bytes: UnsafeRawBufferPointer, _ broker: Int) -> Bool {
        guard broker == 0 else { return false }
        var at = 0
        while let view = RecordView(UnsafeRawBufferPointer(rebasing: bytes[at...])) { at += view.size }
        return at == bytes.count
    }

    private static func translated(_ bytes: UnsafeRawBufferPointer, _ broker: Int) throws(APIError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            guard let size = append(UnsafeRawBufferPointer(rebasing: bytes[at...]), broker, to: &out) else {
                throw damaged(at)
            }
            at += size
        }
        return out
    }

    /// Appends the record in its plain form; its size as it came, nil when it is none.
    private static func append(
        _ record: UnsafeRawBufferPointer, _ broker: Int, to out: inout [UInt8]
    ) -> Int? {
        func number<T: FixedWidthInteger>(_ type: T.Type, _ at: Int) -> T? {
            guard at >= 0, at + MemoryLayout<T>.size <= record.count else { return nil }
            return T(bigEndian: record.loadUnaligned(fromByteOffset: at, as: T.self))
        }
        guard let total = number(Int32.self, 0).map({ Int($0) }), total >= Record.fixedBytes, total <= record.count,
            let magic = number(UInt32.self, Record.Position.magic),
            magic == Record.magic || magic == longTopicMagic,
            let flags = number(Int32.self, Record.Position.systemFlag),
            let queue = number(Int32.self, Record.Position.queue), (0..<65_536).contains(queue)
        else { return nil }
        let start = out.count
        func copy(_ range: Range<Int>) -> Bool {
            guard range.upperBound <= total else { return false }
            out.append(contentsOf: record[range])
            return true
        }
        let born = flags & SystemFlag.bornHostV6 == 0 ? 8 : 20
        let store = flags & SystemFlag.storeHostV6 == 0 ? 8 : 20
        let storedAt = Record.Position.bornHost + born
        let rest = storedAt + 8 + store
        guard copy(0..<Record.Position.bornHost), host(record, Record.Position.bornHost, born, total, &out),
            copy(storedAt..<(storedAt + 8)), host(record, storedAt + 8, store, total, &out),
            let body = number(Int32.self, rest + 12), body >= 0, copy(rest..<(rest + 16 + Int(body)))
        else { return nil }
        let topicAt = rest + 16 + Int(body)
        let prefix = magic == longTopicMagic ? 2 : 1
        let length =
            prefix == 2 ? number(UInt16.self, topicAt).map { Int($0) } : number(UInt8.self, topicAt).map { Int($0) }
        guard let length, let short = UInt8(exactly: length) else { return nil }
        out.append(short)
        guard topicAt + prefix <= total, copy((topicAt + prefix)..<total) else { return nil }
        put(UInt32(out.count - start), at: start, &out)
        put(Record.magic, at: start + Record.Position.magic, &out)
        let number = ClusterQueue.number(broker: broker, queue: Int(queue))
        put(UInt32(truncatingIfNeeded: number), at: start + Record.Position.queue, &out)
        let plain = flags & ~(SystemFlag.bornHostV6 | SystemFlag.storeHostV6)
        put(UInt32(bitPattern: plain), at: start + Record.Position.systemFlag, &out)
        return total
    }

    /// Copies a host; an IPv6 address has no place here and becomes 0.0.0.0 with its port.
    private static func host(
        _ record: UnsafeRawBufferPointer, _ at: Int, _ size: Int, _ total: Int, _ out: inout [UInt8]
    ) -> Bool {
        guard at + size <= total else { return false }
        if size == 8 {
            out.append(contentsOf: record[at..<(at + 8)])
        } else {
            out.append(contentsOf: repeatElement(0, count: 4))
            out.append(contentsOf: record[(at + 16)..<(at + 20)])
        }
        return true
    }

    private static func put(_ value: UInt32, at position: Int, _ out: inout [UInt8]) {
        for byte in 0..<4 { out[position + byte] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * byte)) }
    }
}
