/// What opening a folder found and did.
public struct RecoveryReport: Sendable, Equatable {
    /// Log bytes read again, and records in them.
    public var scannedBytes: Int64 = 0
    public var records = 0
    /// True when the queues, the index and what is pending were made anew from the whole log.
    public var rebuilt = false
    /// True when the folder had been closed in order.
    public var clean = false
    /// Bytes of a torn end that were cut off: nothing in them was ever acknowledged in sync mode.
    public var cutBytes: Int64 = 0
    /// Physical offsets of records that do not match their sums any more.
    public var damaged: [Int64] = []
    /// Parts of the log, by physical offset, whose files are too short or not there, so that what stood there is lost.
    public var missing: [Range<Int64>] = []
    /// Journals of which a damaged entry and all behind it were cut off.
    public var damagedJournals: [String] = []
    public var milliseconds: Int64 = 0

    public init() {}

    /// One line for people.
    public var text: String {
        if clean, records == 0, damaged.isEmpty, missing.isEmpty, damagedJournals.isEmpty {
            return "closed in order, nothing to recover"
        }
        var parts = ["read \(records) records (\(scannedBytes >> 20) MiB) again in \(milliseconds) ms"]
        if rebuilt { parts.append("rebuilt queues and index from the log") }
        if cutBytes > 0 { parts.append("cut a torn end of \(cutBytes) bytes") }
        if !damaged.isEmpty {
            let places = damaged.prefix(3).map(String.init).joined(separator: ", ")
            parts.append("\(damaged.count) damaged records skipped (physical offset \(places)…)")
        }
        if let first = missing.first {
            let bytes = missing.reduce(0) { $0 + $1.count }
            parts.append(
                "\(bytes) bytes of the log are not there (from physical offset \(first.lowerBound) on): a file was cut off or removed, and what it held is lost"
            )
        }
        for journal in damagedJournals {
            parts.append(
                "\(journal) was damaged: what it held behind that place is lost, look at its topics and offsets")
        }
        return parts.joined(separator: "; ")
    }
}
