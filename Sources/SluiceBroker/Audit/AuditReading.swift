import SluiceAPI
import SluiceStorage

/// A question about the audit with what it takes to answer it: the file may be large, so whoever asks reads it, on a thread
/// that may block.
public struct AuditReading: Sendable {
    enum Question: Sendable {
        /// As ``OperatorQuestion/audit(from:limit:)``.
        case entries(from: Int64, limit: Int)
        case verification
    }
    let question: Question
    let file: any DiskFile
    /// Lines, and the bytes they take.
    let lines: Int64
    let end: Int64
    /// Where every ``AuditLog/stride``th line begins.
    let places: [Int64]

    /// Entries asked for at most.
    static let mostEntries = 1_000

    /// Reads the file; blocks.
    public func answer() throws(DiskError) -> OperatorAnswer {
        switch question {
        case .entries(let from, let limit): .audit(try entries(from, limit), total: lines)
        case .verification: .auditVerified(try verification())
        }
    }

    private func entries(_ from: Int64, _ limit: Int) throws(DiskError) -> [AuditEntry] {
        let first = from < 0 ? max(0, lines + from) : max(0, from - 1)
        var left = min(max(limit, 0), Self.mostEntries)
        let place = Int(first) / AuditLog.stride
        guard left > 0, first < lines, place < places.count else { return [] }
        var line = Int64(place * AuditLog.stride)
        var entries: [AuditEntry] = []
        try LineScan.lines(file, from: places[place], to: end) { bytes, _ in
            defer { line += 1 }
            guard line >= first else { return true }
            entries.append(AuditLine.parse(bytes) ?? Self.unreadable(line + 1))
            left -= 1
            return left > 0
        }
        return entries
    }

    /// Stands where a line is that is none of ours: it is seen that something is there.
    private static func unreadable(_ number: Int64) -> AuditEntry {
        AuditEntry(
            number: number, time: 0, phase: .before, begun: nil, actor: Actor(name: "", host: "", isProven: false),
            action: "unreadable", target: "", reason: "", state: "line \(number) of \(AuditLog.path) cannot be read",
            outcome: nil, previous: "", hash: "")
    }

    /// Goes through the whole chain.
    func verification() throws(DiskError) -> AuditVerification {
        var found = AuditVerification(
            entries: 0, brokenAt: nil, problem: nil, unfinished: [], head: AuditLine.firstPrevious)
        var open: Set<Int64> = []
        try LineScan.lines(file, from: 0, to: end) { bytes, _ in
            found.entries += 1
            guard let entry = AuditLine.parse(bytes) else {
                found.breaks(at: found.entries, "line \(found.entries) cannot be read: it is no entry of the audit")
                return true
            }
            found.check(entry, AuditLine.hash(of: bytes))
            if let begun = entry.begun { open.remove(begun) } else { open.insert(entry.number) }
            return true
        }
        if found.entries < lines {
            found.breaks(at: found.entries + 1, "the file ends before line \(lines), which was written: it was cut")
        }
        found.unfinished = open.sorted()
        return found
    }
}

extension AuditVerification {
    fileprivate mutating func breaks(at number: Int64, _ problem: String) {
        guard brokenAt == nil else { return }
        brokenAt = number
        self.problem = problem
    }

    /// Holds an entry against the one before it, whose hash is the head so far.
    fileprivate mutating func check(_ entry: AuditEntry, _ hash: String?) {
        if entry.hash != hash {
            breaks(at: entries, "entry \(entries) was changed: its hash is not that of its content")
        } else if entry.previous != head {
            breaks(
                at: entry.number,
                "entry \(entry.number) does not follow the one before it: one was removed, added, moved or changed")
        } else if entry.number != entries {
            breaks(at: entry.number, "entry \(entry.number) stands on line \(entries)")
        }
        head = entry.hash
    }
}
