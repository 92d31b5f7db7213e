import SluiceMessage
import SluiceStorage

/// What a checkpoint holds of the timer: the run files by number, with how far each is used up, and all that is in memory.
extension DelayTimer {
    func save() -> [UInt8] {
        var writer = ByteWriter()
        let inline = runs.reduce(fresh.count) { $0 + $1.gone.count + ($1.file == nil ? $1.count : 0) }
        writer.reserve(inline * DelayEntry.bytes + 4_096)
        writer.put(UInt8(isDamaged ? 1 : 0))
        let used = topics.names.indices.filter { topics.count(Int32($0)) > 0 }
        writer.put(Int32(used.count))
        for number in used {
            writer.put(Int32(number))
            writer.put(topics.names[number] ?? "")
            writer.put(Int64(topics.count(Int32(number))))
        }
        writer.put(Int32(levels.count))
        for (level, count) in levels.sorted(by: { $0.key < $1.key }) {
            writer.put(level)
            writer.put(Int64(count))
        }
        Self.put(Array(fresh.all), &writer)
        let inMemory = runs.filter { $0.file == nil }
        writer.put(Int32(inMemory.count))
        for run in inMemory { Self.put(Array(run.walk(from: nil)), &writer) }
        let written = runs.compactMap { run in run.file.map { (run, $0) } }
        writer.put(Int32(written.count))
        for (run, file) in written {
            writer.put(file.number)
            writer.put(Int64(run.cursor))
            Self.put(Array(run.gone.all), &writer)
        }
        files.save(Set(written.map(\.1.number)))
        return writer.bytes
    }

    private static func put(_ entries: [Entry], _ writer: inout ByteWriter) {
        writer.put(Int64(entries.count))
        entries.withUnsafeBytes { writer.put($0) }
    }

    private static func take(_ reader: inout ByteReader) -> [Entry]? {
        guard let count = reader.take(Int64.self), count >= 0, count < 1 << 40,
            let bytes = reader.takeBytes(Int(count) * DelayEntry.bytes)
        else { return nil }
        return bytes.withUnsafeBytes { [Entry](bytes: $0) }
    }

    /// The timer as ``save()`` left it; nil where it has to be rebuilt from the log: a run file is gone or damaged.
    static func restore(_ bytes: [UInt8], _ disk: any Disk, most: Int) throws(DiskError) -> DelayTimer? {
        let timer = DelayTimer(most: most)
        var reader = ByteReader(bytes)
        guard reader.take(UInt8.self) == 0, timer.takeCounts(&reader), let fresh = take(&reader),
            let inMemory = reader.take(Int32.self)
        else { return nil }
        timer.fresh = SortedDelays(sorted: fresh)
        for _ in 0..<max(0, inMemory) {
            guard let entries = take(&reader) else { return nil }
            if !entries.isEmpty { timer.join(DelayRun(entries)) }
        }
        guard let written = reader.take(Int32.self) else { return nil }
        var numbers: Set<Int64> = []
        for _ in 0..<max(0, written) {
            guard let number = reader.take(Int64.self), let cursor = reader.take(Int64.self),
                let gone = take(&reader), let file = try DelayRunFile.open(disk, number),
                (0...Int64(file.count)).contains(cursor)
            else { return nil }
            numbers.insert(number)
            let run = DelayRun(file, cursor: Int(cursor), gone: SortedDelays(sorted: gone))
            if run.count > 0 { timer.join(run) }
        }
        timer.files.restored(numbers)
        return timer
    }

    private func takeCounts(_ reader: inout ByteReader) -> Bool {
        guard let topics = reader.take(Int32.self) else { return false }
        for _ in 0..<max(0, topics) {
            guard let number = reader.take(Int32.self), let name = reader.takeText(),
                let count = reader.take(Int64.self), number >= 0, number < 1 << 24
            else { return false }
            self.topics.restore(number, name, Int(count))
        }
        guard let levels = reader.take(Int32.self) else { return false }
        for _ in 0..<max(0, levels) {
            guard let level = reader.take(Int32.self), let count = reader.take(Int64.self) else { return false }
            self.levels[level] = Int(count)
        }
        return true
    }

    /// Deletes the run files that the timer does not know: no checkpoint speaks of them any more.
    func tidy(_ disk: any Disk) throws(DiskError) {
        let known = Set(runs.compactMap { $0.file?.number })
        for number in try DelayRunFile.numbers(disk) {
            files.use(number)
            if !known.contains(number) { try disk.remove(DelayRunFile.path(number)) }
        }
    }
}
