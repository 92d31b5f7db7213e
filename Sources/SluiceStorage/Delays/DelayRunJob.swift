/// Work on the run files of the timer, beside the owner: entries become a file, several files become one, and files that
/// nothing speaks of any more go. Made by the owner, run on the maintenance thread, given back.
///
/// `@unchecked Sendable`: it belongs to one thread at a time.
public final class DelayRunJob: @unchecked Sendable {
    /// A run to be merged: its entries from `from` on but those of `without`, which are in order.
    public struct Input: Sendable {
        public var file: DelayRunFile
        public var from: Int
        public var without: [DelayEntry]

        public init(file: DelayRunFile, from: Int, without: [DelayEntry]) {
            self.file = file
            self.from = from
            self.without = without
        }
    }
    public enum Work: Sendable {
        /// Entries in order.
        case write([DelayEntry])
        case merge([Input])
        case tidy
    }

    public let work: Work
    /// The number of the file to be made.
    public let number: Int64
    /// Files to be deleted first.
    public let obsolete: [Int64]
    /// The new run; nil when nothing was left to write, or on failure.
    public private(set) var result: DelayRunFile?
    public private(set) var failure: DiskError?
    /// The input that could not be read.
    public private(set) var unreadable: Int64?
    private let disk: any Disk

    public init(_ disk: any Disk, _ work: Work, number: Int64, obsolete: [Int64]) {
        self.disk = disk
        self.work = work
        self.number = number
        self.obsolete = obsolete
    }

    public func run() {
        do throws(DiskError) {
            for number in obsolete { try disk.remove(DelayRunFile.path(number)) }
            switch work {
            case .tidy: break
            case .write(let entries): result = try write(entries)
            case .merge(let inputs): result = try merge(inputs)
            }
        } catch {
            failure = error
            // Half a file is of no use, and the disk may be full.
            if result == nil { try? disk.remove(DelayRunFile.path(number)) }
        }
    }

    private func write(_ entries: [DelayEntry]) throws(DiskError) -> DelayRunFile? {
        var writer = try DelayRunWriter(disk, number: number)
        for entry in entries { try writer.append(entry) }
        return try writer.finish()
    }

    private func merge(_ inputs: [Input]) throws(DiskError) -> DelayRunFile? {
        var sources: [DelayRunReader] = []
        for input in inputs {
            var source = DelayRunReader(input)
            try advance(&source)
            sources.append(source)
        }
        var writer = try DelayRunWriter(disk, number: number)
        while true {
            var soonest = -1
            for at in sources.indices where !sources[at].isAtEnd {
                if soonest < 0 || sources[at].entry < sources[soonest].entry { soonest = at }
            }
            guard soonest >= 0 else { return try writer.finish() }
            try writer.append(sources[soonest].entry)
            try advance(&sources[soonest])
        }
    }

    private func advance(_ source: inout DelayRunReader) throws(DiskError) {
        do throws(DiskError) {
            try source.advance()
        } catch {
            unreadable = source.number
            throw error
        }
    }
}

/// The entries of a run that are left, one after the other, read 16 blocks at a time.
private struct DelayRunReader {
    private let input: DelayRunJob.Input
    private var buffer: [DelayEntry] = []
    private var next = 0
    private var nextBlock: Int
    private var skip: Int
    private var without = 0
    private(set) var entry = DelayEntry.key(0, 0)
    private(set) var isAtEnd = false

    var number: Int64 { input.file.number }

    init(_ input: DelayRunJob.Input) {
        self.input = input
        nextBlock = input.from / DelayRunFile.blockEntries
        skip = input.from % DelayRunFile.blockEntries
    }

    mutating func advance() throws(DiskError) {
        while true {
            if next == buffer.count {
                guard nextBlock < input.file.blocks.count else {
                    isAtEnd = true
                    return
                }
                let end = min(nextBlock + 16, input.file.blocks.count)
                buffer = try input.file.load(nextBlock..<end)
                nextBlock = end
                next = min(skip, buffer.count)
                skip = 0
                continue
            }
            entry = buffer[next]
            next += 1
            while without < input.without.count, input.without[without] < entry { without += 1 }
            if without < input.without.count, input.without[without].physicalOffset == entry.physicalOffset { continue }
            return
        }
    }
}
