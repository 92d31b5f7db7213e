import SluiceMessage

/// A sealed part of the key index: a header of 64 bytes, then entries sorted by hash, then by place. Named by the physical
/// offsets it covers. Immutable, so any thread may search it.
struct KeyIndexFile: Sendable {
    let path: String
    /// Physical offset that entries are relative to.
    let base: Int64
    /// It holds the entries of all records in `from ..< to`.
    let from: Int64
    let to: Int64
    let count: Int
    private let file: any DiskFile

    private static let headerBytes = 64
    private static let magic: UInt64 = 0x534C_5549_4345_4958

    /// Opens a file; nil when it is not a whole one (it is then removed by the caller's rebuild).
    static func open(_ disk: any Disk, _ path: String) throws(DiskError) -> KeyIndexFile? {
        let file = try disk.open(path, create: false)
        let header = try file.readBytes(at: 0, count: headerBytes)
        guard header.count == headerBytes else { return nil }
        let fields = header.withUnsafeBytes { raw in
            (0..<6).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        guard fields[0] == magic, fields[5] == check(fields) else { return nil }
        let count = Int(truncatingIfNeeded: fields[4])
        guard count >= 0, try file.size() == Int64(headerBytes) + Int64(count) * 8 else { return nil }
        return KeyIndexFile(
            path: path, base: Int64(bitPattern: fields[1]), from: Int64(bitPattern: fields[2]),
            to: Int64(bitPattern: fields[3]), count: count, file: file)
    }

    private static func check(_ fields: [UInt64]) -> UInt64 {
        fields[..<5].withUnsafeBytes { UInt64(Record.sum($0)) }
    }

    static func write(
        _ disk: any Disk, _ entries: [UInt64], base: Int64, from: Int64, to: Int64
    ) throws(DiskError) -> KeyIndexFile {
        let path = "\(KeyIndex.folder)/\(SegmentSet.name(from))-\(SegmentSet.name(to))"
        let file = try disk.open(path + ".new", create: true)
        try file.truncate(to: 0)
        var fields: [UInt64] = [
            magic, UInt64(bitPattern: base), UInt64(bitPattern: from), UInt64(bitPattern: to), UInt64(entries.count), 0,
            0,
            0,
        ]
        fields[5] = check(fields)
        try fields.withUnsafeBufferPointer { (raw) throws(DiskError) in
            try file.write(UnsafeRawBufferPointer(raw), at: 0)
        }
        try entries.withUnsafeBufferPointer { (raw) throws(DiskError) in
            try file.write(UnsafeRawBufferPointer(raw), at: Int64(headerBytes))
        }
        try file.sync()
        try disk.rename(path + ".new", to: path)
        try disk.syncDirectory(KeyIndex.folder)
        return KeyIndexFile(path: path, base: base, from: from, to: to, count: entries.count, file: file)
    }

    func entries() throws(DiskError) -> [UInt64] {
        var entries = [UInt64](repeating: 0, count: count)
        _ = try entries.withUnsafeMutableBufferPointer { (raw) throws(DiskError) in
            try file.read(at: Int64(Self.headerBytes), into: UnsafeMutableRawBufferPointer(raw))
        }
        return entries
    }

    /// Physical offsets with this hash, newest first, at most `limit`.
    func search(_ hash: UInt32, limit: Int) throws(DiskError) -> [Int64] {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try entry(middle) >> 32 < UInt64(hash) { low = middle + 1 } else { high = middle }
        }
        var found: [Int64] = []
        var at = low
        while at < count {
            let block = try file.readBytes(at: Int64(Self.headerBytes + at * 8), count: min(512, count - at) * 8)
            let entries = block.withUnsafeBytes { raw in
                (0..<(raw.count / 8)).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
            }
            let matching = entries.prefix { $0 >> 32 == UInt64(hash) }
            found += matching.map { base + Int64($0 & 0xFFFF_FFFF) }
            guard matching.count == entries.count, !entries.isEmpty else { break }
            at += entries.count
        }
        return found.suffix(limit).reversed()
    }

    private func entry(_ index: Int) throws(DiskError) -> UInt64 {
        var value: UInt64 = 0
        let file = file
        let got = try withUnsafeMutableBytes(of: &value) { (raw) throws(DiskError) in
            try file.read(at: Int64(Self.headerBytes + index * 8), into: raw)
        }
        guard got == 8 else {
            throw DiskError("read", path, reason: "it is shorter than its header says; delete it to have it rebuilt")
        }
        return value
    }

    /// Sorts by hash, keeping the order of equal ones: three passes of 11 bits.
    static func sort(_ entries: inout [UInt64]) {
        var other = [UInt64](repeating: 0, count: entries.count)
        for shift in [32, 43, 54] {
            var starts = [Int](repeating: 0, count: 2049)
            for entry in entries { starts[Int(entry >> UInt64(shift)) & 2047 + 1] += 1 }
            for k in 1...2048 { starts[k] += starts[k - 1] }
            entries.withUnsafeBufferPointer { source in
                other.withUnsafeMutableBufferPointer { target in
                    for entry in source {
                        let digit = Int(entry >> UInt64(shift)) & 2047
                        target[starts[digit]] = entry
                        starts[digit] += 1
                    }
                }
            }
            swap(&entries, &other)
        }
    }
}
