/// The folder's `format` file: what it is, of which version, and whose.
public struct DataFolder: Sendable, Equatable {
    /// The version this program writes and reads.
    public static let version = 1
    static let path = "format"
    private static let title = "sluice data folder"

    /// Random, made once: tells this folder from every other.
    public var identity: String

    static let folders = [
        SegmentSet.logFolder, SegmentSet.sumsFolder, QueueStore.folder, KeyIndex.folder, DelayRunFile.folder,
    ]

    /// Looks whether a folder is ours, or empty, without touching anything in it.
    /// - Throws: a ``DiskError`` that says why the folder is not to be touched.
    public static func check(_ disk: any Disk) throws(DiskError) {
        if disk.exists(path) {
            _ = try parse(try disk.readAll(path))
            return
        }
        var others = try disk.list("").filter { $0 != "lock" && $0 != "format.new" && $0 != "lost+found" }
        // Empty ones of our own are left by a start that was cut short.
        for name in others where folders.contains(name) {
            if try disk.list(name).isEmpty { others.removeAll { $0 == name } }
        }
        guard others.isEmpty else {
            throw refusal(
                "it holds other files and no `format` file, so it is not a data folder of Sluice; name another one")
        }
    }

    /// Reads the `format` file, or writes one into an empty folder. The caller holds the folder's lock.
    /// - Throws: a ``DiskError`` that says why the folder is not to be touched.
    public static func open(_ disk: any Disk, create: Bool, newIdentity: String) throws(DiskError) -> DataFolder {
        if disk.exists(path) { return try parse(try disk.readAll(path)) }
        try check(disk)
        guard create else { throw refusal("there is nothing in it yet; publish something first") }
        for folder in folders { try disk.createDirectory(folder) }
        let text = "\(title)\nversion \(version)\nidentity \(newIdentity)\n"
        try disk.replace(path, with: Array(text.utf8))
        return DataFolder(identity: newIdentity)
    }

    private static func parse(_ bytes: [UInt8]) throws(DiskError) -> DataFolder {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first.map(String.init) == title else { throw refusal("its `format` file is not one of Sluice's") }
        var identity = ""
        var found: Int?
        for line in lines.dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0] == "version" { found = Int(parts[1]) }
            if parts[0] == "identity" { identity = String(parts[1]) }
        }
        guard let found else { throw refusal("its `format` file names no version") }
        guard found <= version else {
            throw refusal(
                "its format is version \(found) and this program knows up to \(version); use a newer sluice, nothing was changed"
            )
        }
        return DataFolder(identity: identity)
    }

    private static func refusal(_ reason: String) -> DiskError { DiskError("use", "the data folder", reason: reason) }
}
