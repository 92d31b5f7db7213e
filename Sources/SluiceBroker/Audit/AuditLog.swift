import SluiceAPI
import SluiceStorage

/// The audit as its owner has it: the end of the chain, and where lines stand in the file. Not the entries.
///
/// Confined to the owner; lines reach the file with the log thread's batches.
final class AuditLog {
    static let path = "audit.jsonl"
    /// Lines between two whose place is kept.
    static let stride = 256

    private let journal: Journal
    private let file: any DiskFile
    private var lines: Int64
    private var end: Int64
    private var number: Int64
    private var head: String
    /// Where lines 0, 256, 512… begin.
    private var places: [Int64]
    /// Lines that the log thread has not brought back, by their batch, and what is written for sure.
    private var unwritten: [(batch: Int, lines: Int64, end: Int64)] = []
    private var writtenLines: Int64
    private var writtenEnd: Int64

    /// Opens or makes the file. A line that a crash tore is cut off; whether the chain fits is for
    /// ``AuditReading/verification()`` to say.
    static func open(_ disk: any Disk) throws(DiskError) -> AuditLog {
        let isNew = !disk.exists(path)
        let file = try disk.open(path, create: true)
        if isNew { try disk.syncDirectory("") }
        let size = try file.size()
        var scan = Scan(size: size)
        let rest = try LineScan.lines(file, from: 0, to: size) { scan.take($0, $1) }
        let end = scan.torn ?? rest
        if end < size { try file.truncate(to: end) }
        return AuditLog(disk, file, scan, end: end)
    }

    private init(_ disk: any Disk, _ file: any DiskFile, _ scan: Scan, end: Int64) {
        journal = Journal.lines(disk, Self.path, file, from: end)
        self.file = file
        self.end = end
        lines = scan.lines
        places = scan.places
        let last = scan.last.withUnsafeBytes { AuditLine.parse($0) }
        number = last?.number ?? lines
        // Behind a line that cannot be read the chain goes on from what stands there.
        head = last?.hash ?? (lines == 0 ? AuditLine.firstPrevious : SHA256.hex(scan.last))
        writtenLines = lines
        writtenEnd = end
    }

    /// What one pass over the file finds.
    private struct Scan {
        let size: Int64
        var lines: Int64 = 0
        var places: [Int64] = []
        var last: [UInt8] = []
        /// Where the first line begins that a crash tore.
        var torn: Int64?

        init(size: Int64) { self.size = size }

        mutating func take(_ line: UnsafeRawBufferPointer, _ at: Int64) -> Bool {
            // A sector that did not reach the disk reads as zeros, which no line holds; far from the end it was no crash.
            if size - at <= LineScan.longest, line.contains(0) {
                torn = at
                return false
            }
            if lines % Int64(AuditLog.stride) == 0 { places.append(at) }
            lines += 1
            if size - at <= 2 * Int64(LineScan.longest) { last = Array(line) }
            return true
        }
    }

    // MARK: Noting

    /// Adds an entry to the next batch, ahead of everything else in it. Returns its number.
    @discardableResult
    func note(_ entry: AuditEntry, _ store: Store) -> Int64 {
        var entry = entry
        entry.number = number + 1
        entry.previous = head
        let (bytes, written) = AuditLine.encode(entry)
        store.journal(JournalChange(journal, first: bytes))
        if lines % Int64(Self.stride) == 0 { places.append(end) }
        lines += 1
        end += Int64(bytes.count)
        number = written.number
        head = written.hash
        settle(store)
        unwritten.append((store.currentBatch, lines, end))
        return number
    }

    private func settle(_ store: Store) {
        let done = unwritten.prefix { $0.batch <= store.writtenBatches }
        guard let last = done.last else { return }
        (writtenLines, writtenEnd) = (last.lines, last.end)
        unwritten.removeFirst(done.count)
    }

    /// What is in the file, for who reads it on a thread of his own.
    func reading(_ question: AuditReading.Question, _ store: Store) -> AuditReading {
        settle(store)
        return AuditReading(question: question, file: file, lines: writtenLines, end: writtenEnd, places: places)
    }
}
