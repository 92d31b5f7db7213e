import SluiceMessage

/// What a checkpoint and a snapshot of the journal need of the index: cheap to take on the owner, put into bytes elsewhere.
struct HalfSnapshot: Sendable {
    fileprivate let list: HalfBlocks
    fileprivate let groups: [String]
    fileprivate let count: Int
}

extension HalfIndex {
    var snapshot: HalfSnapshot { HalfSnapshot(list: list, groups: groups.names, count: count) }

    /// Takes up what ``HalfSnapshot/encoded()`` wrote; what comes behind a damaged place is left out.
    mutating func restore(_ reader: inout ByteReader) {
        guard let names = reader.take(UInt32.self) else { return }
        var numbers: [Int32] = []
        for _ in 0..<names {
            guard let name = reader.takeText() else { return }
            numbers.append(groups.number(name))
        }
        guard let length = reader.take(Int64.self), let body = reader.takeBytes(Int(clamping: length)) else { return }
        body.withUnsafeBytes { raw in restore(EntryReader(raw, numbers), about: raw.count / 26) }
    }
}

extension HalfSnapshot {
    /// 20 to 30 bytes a half: differences to the one before, seven bits a byte.
    func encoded() -> [UInt8] {
        var head = ByteWriter()
        head.put(UInt32(groups.count))
        for name in groups { head.put(name) }
        let lengthAt = head.bytes.count
        var body = NumberWriter(head.bytes + [UInt8](repeating: 0, count: 8), more: count * 26)
        var last = HalfIndex.Entry(
            queueOffset: 0, physicalOffset: 0, storeTimestamp: 0, idHash: 0, checks: 0, nextCheck: 0)
        for block in list.blocks {
            for item in block.items {
                let entry = item.entry
                body.put(entry, after: last)
                last = entry
            }
        }
        let length = Int64(body.bytes.count - lengthAt - 8)
        body.bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length.bigEndian, toByteOffset: lengthAt, as: Int64.self)
        }
        return body.bytes
    }

    /// Notes of all halves that were asked about, as the journal holds them.
    func notes() -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var notes = CheckNotes()
        for block in list.blocks {
            for item in block.items where item.entry.isNoted { notes.add(item.entry) }
            if notes.count >= 4_096 { payloads.append(notes.take()) }
        }
        if notes.count > 0 { payloads.append(notes.take()) }
        return payloads
    }
}

/// Numbers in as few bytes as they need.
private struct NumberWriter {
    var bytes: [UInt8] = []

    init(_ head: [UInt8], more: Int) {
        bytes.reserveCapacity(head.count + more)
        bytes += head
    }

    mutating func put(_ value: UInt64) {
        var rest = value
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ value: Int64) { put(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func put(_ entry: HalfIndex.Entry, after last: HalfIndex.Entry) {
        put(UInt64((entry.isNoted ? 1 : 0) | (entry.isSetAside ? 2 : 0) | (entry.isMoved ? 4 : 0)))
        put(entry.key - last.key)
        if entry.isMoved { put(entry.queueOffset - entry.key) }
        put(entry.physicalOffset - last.physicalOffset)
        put(entry.storeTimestamp - last.storeTimestamp)
        if !entry.isSetAside { put(entry.nextCheck - entry.storeTimestamp) }
        put(UInt64(entry.checks))
        put(UInt64(UInt32(bitPattern: entry.group)))
        withUnsafeBytes(of: entry.idHash.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads what ``NumberWriter`` wrote, entry by entry; ends at the first that is not whole.
private struct EntryReader: Sequence, IteratorProtocol {
    private let raw: UnsafeRawBufferPointer
    private let groups: [Int32]
    private var at = 0
    private var last = HalfIndex.Entry(
        queueOffset: 0, physicalOffset: 0, storeTimestamp: 0, idHash: 0, checks: 0, nextCheck: 0)

    init(_ raw: UnsafeRawBufferPointer, _ groups: [Int32]) {
        self.raw = raw
        self.groups = groups
    }

    private mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < raw.count, shift < 64 {
            let byte = raw[at]
            at += 1
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func signed() -> Int64? {
        number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    mutating func next() -> HalfIndex.Entry? {
        guard let flags = number(), let key = signed() else { return nil }
        var entry = last
        entry.key = last.key &+ key
        entry.queueOffset = entry.key
        if flags & 4 != 0 {
            guard let moved = signed() else { return nil }
            entry.queueOffset = entry.key &+ moved
        }
        guard let place = signed(), let stored = signed() else { return nil }
        entry.physicalOffset = last.physicalOffset &+ place
        entry.storeTimestamp = last.storeTimestamp &+ stored
        entry.nextCheck = .max
        if flags & 2 == 0 {
            guard let wait = signed() else { return nil }
            entry.nextCheck = entry.storeTimestamp &+ wait
        }
        guard let checks = number(), let group = number(), group < groups.count, at + 8 <= raw.count else { return nil }
        entry.checks = Int32(clamping: checks)
        entry.group = groups[Int(group)]
        entry.isNoted = flags & 1 != 0
        entry.idHash = Int(Int64(bigEndian: raw.loadUnaligned(fromByteOffset: at, as: Int64.self)))
        at += 8
        last = entry
        return entry
    }
}
