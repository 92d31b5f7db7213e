import CSluice
import SluiceMessage
import Synchronization

/// Finds messages by key: entries of 8 bytes, a 32-bit hash of topic and key above the place in the log. The newest are in
/// memory in the order they came; a sealed file holds its entries sorted by hash. Confined to the owner, but for look-ups
/// in sealed files and for seal jobs.
final class KeyIndex {
    private let disk: any Disk
    private var hot: [UInt64] = []
    /// Physical offset that hot entries are relative to.
    private var base: Int64 = 0
    private var sealing: (entries: [UInt64], base: Int64)?
    private(set) var files: [KeyIndexFile] = []

    static let folder = "index"
    /// Hot entries that make a seal due.
    private let sealAt: Int
    /// A sealed file smaller than this is merged into the next one.
    static let smallFile = 1 << 18

    /// - Parameter sealAt: hot entries that make a seal due.
    init(disk: any Disk, sealAt: Int = 1 << 20) throws(DiskError) {
        self.disk = disk
        self.sealAt = sealAt
        for name in try disk.list(Self.folder).sorted() {
            if name.hasSuffix(".new") {
                try disk.remove("\(Self.folder)/\(name)")
            } else if let file = try KeyIndexFile.open(disk, "\(Self.folder)/\(name)") {
                files.append(file)
            }
        }
        // A merge that was interrupted after its result was in place leaves the merged files beside it.
        files.sort { ($0.from, -$0.to) < ($1.from, -$1.to) }
        var reached: Int64 = 0
        for file in files where file.to <= reached {
            try disk.remove(file.path)
        }
        files.removeAll { file in
            if file.to <= reached { return true }
            reached = file.to
            return false
        }
    }

    /// Physical offset up to which entries are in sealed files.
    var sealedTo: Int64 { files.last?.to ?? 0 }

    /// True when the sealed files hold the entries of all records in `from ..< to`, without a gap.
    func covers(from: Int64, to: Int64) -> Bool {
        guard to > from else { return true }
        guard let first = files.first, first.from <= from, sealedTo >= to else { return false }
        return zip(files, files.dropFirst()).allSatisfy { $0.to == $1.from }
    }

    @inline(__always)
    func append(hash: UInt32, physicalOffset: Int64) {
        if hot.isEmpty { base = physicalOffset }
        hot.append(UInt64(hash) << 32 | UInt64(truncatingIfNeeded: physicalOffset - base))
    }

    var wantsSeal: Bool { hot.count >= sealAt && sealing == nil }

    /// Hash of a topic's and a key's bytes.
    @inline(__always)
    static func hash(topic: UInt32, key: UnsafeRawPointer, count: Int) -> UInt32 { sluice_crc32c(topic, key, count) }
    static func topicHash(_ topic: String) -> UInt32 {
        var topic = topic
        return topic.withUTF8 { sluice_crc32c(0, $0.baseAddress, $0.count) }
    }

    /// Takes the hot entries, all of records before `end`, into a job that writes them as a file.
    func beginSeal(end: Int64) -> KeyIndexSeal? {
        guard !hot.isEmpty, sealing == nil else { return nil }
        sealing = (hot, base)
        let previous = files.last.flatMap { $0.count < Self.smallFile && end - $0.from < 1 << 32 ? $0 : nil }
        let seal = KeyIndexSeal(disk: disk, entries: hot, base: base, from: sealedTo, to: end, merging: previous)
        hot = []
        return seal
    }

    func finishSeal(_ seal: KeyIndexSeal) {
        defer { sealing = nil }
        if let file = seal.result {
            if seal.merging != nil { files.removeLast() }
            files.append(file)
        } else if let (entries, base) = sealing {
            // It failed: its entries go back in front of what came meanwhile.
            let shift = UInt64(truncatingIfNeeded: hot.isEmpty ? 0 : self.base - base)
            hot = entries + hot.map { $0 + shift }
            self.base = base
        }
    }

    /// Entries in memory that match, newest first, and the files to ask for older ones.
    func search(_ hash: UInt32) -> (offsets: [Int64], files: [KeyIndexFile]) {
        var offsets: [Int64] = []
        for (entries, base) in [(hot, base), sealing ?? ([], 0)] {
            for entry in entries.reversed() where entry >> 32 == UInt64(hash) {
                offsets.append(base + Int64(entry & 0xFFFF_FFFF))
            }
        }
        return (offsets, files.reversed())
    }

    /// Deletes the files of which every entry is before `offset`.
    func trim(before offset: Int64) throws(DiskError) {
        while let file = files.first, file.to <= offset, files.count > 1 {
            try disk.remove(file.path)
            files.removeFirst()
        }
    }
}

/// Hot entries on their way into a sealed file; run on the maintenance thread.
///
/// `@unchecked Sendable`: run once, then read by the owner.
final class KeyIndexSeal: @unchecked Sendable {
    private let disk: any Disk
    private var entries: [UInt64]
    private let base: Int64
    private let from: Int64
    private let to: Int64
    let merging: KeyIndexFile?
    private(set) var result: KeyIndexFile?

    init(disk: any Disk, entries: [UInt64], base: Int64, from: Int64, to: Int64, merging: KeyIndexFile?) {
        self.disk = disk
        self.entries = entries
        self.base = base
        self.from = from
        self.to = to
        self.merging = merging
    }

    func run() throws(DiskError) {
        var start = from
        var fileBase = base
        if let merging {
            let shift = UInt64(truncatingIfNeeded: base - merging.base)
            entries = try merging.entries() + entries.map { $0 + shift }
            start = merging.from
            fileBase = merging.base
        }
        KeyIndexFile.sort(&entries)
        result = try KeyIndexFile.write(disk, entries, base: fileBase, from: start, to: to)
        if let merging, merging.path != result?.path { try disk.remove(merging.path) }
    }
}
