import SluiceMessage

/// All consume queues of a data folder: their units in one extent file, their chunks and counts in a journal. Confined to
/// the owner, but for the flush jobs it hands out.
final class QueueStore {
    private let disk: any Disk
    let extents: any DiskFile
    private let journal: Journal
    private var queues: [QueueID: ConsumeQueue] = [:]
    private var dirty: [ConsumeQueue] = []
    private var nextNumber: UInt32 = 1
    private var extentEnd: Int64 = 0
    /// Chunks that may be used again, by capacity.
    private var free: [Int32: [Int64]] = [:]
    /// Chunks given back since the last flush: they may be used again once the journal says that they are free.
    private var givenBack: [ConsumeQueue.Chunk] = []
    /// True after a failed flush: the journal lacks what it should have learned.
    private var needsSnapshot = false
    /// Journal records since the last flush.
    private var records = RecordWriter()
    private var liveRecords = 0

    static let folder = "queues"

    init(disk: any Disk) throws(DiskError) {
        self.disk = disk
        extents = try disk.open("\(Self.folder)/extents", create: true)
        let opened = try Journal.open(disk, "\(Self.folder)/journal")
        journal = opened.journal
        var byNumber: [UInt32: ConsumeQueue] = [:]
        for entry in opened.entries { replay(entry, &byNumber) }
        for queue in byNumber.values { queues[QueueID(queue.topic, Int(queue.queue))] = queue }
    }

    var all: some Collection<ConsumeQueue> { queues.values }
    var journalBytes: Int64 { journal.bytes }

    func existing(_ id: QueueID) -> ConsumeQueue? { queues[id] }

    /// The queue by that name, made when it is not there yet.
    func queue(_ id: QueueID) -> ConsumeQueue {
        if let queue = queues[id] { return queue }
        let queue = ConsumeQueue(topic: id.topic, queue: Int32(id.queue), number: nextNumber)
        nextNumber += 1
        queues[id] = queue
        records.define(queue)
        return queue
    }

    /// Forgets a queue and gives its chunks back.
    func remove(_ id: QueueID) {
        guard let queue = queues.removeValue(forKey: id) else { return }
        givenBack += queue.chunks
        queue.chunks = []
        records.delete(queue.number)
    }

    @inline(__always)
    func append(_ unit: QueueUnit, to queue: ConsumeQueue) {
        queue.append(unit)
        if !queue.isDirty {
            queue.isDirty = true
            dirty.append(queue)
        }
    }

    // MARK: Flushing

    /// Copies all units not yet on the disk into a job, giving them room in the extent file.
    func beginFlush() -> QueueFlush {
        var writes: [QueueFlush.Write] = []
        var done: [(ConsumeQueue, Int64)] = []
        // In order: the same history makes the same bytes, however a dictionary lies in memory.
        dirty.sort { $0.number < $1.number }
        givenBack.sort { $0.position < $1.position }
        for queue in dirty {
            queue.isDirty = false
            guard queues[QueueID(queue.topic, Int(queue.queue))] === queue else { continue }
            var from = max(queue.flushed, queue.inMemoryFrom)
            while from < queue.maxOffset {
                let (position, available) = queue.position(of: from) ?? allocate(for: queue, at: from)
                let to = min(queue.maxOffset, from + Int64(available))
                var bytes = [UInt8](repeating: 0, count: Int(to - from) * QueueUnit.bytes)
                bytes.withUnsafeMutableBytes { raw in
                    if let base = raw.baseAddress { queue.copyTail(from: from, to: to, into: base) }
                }
                writes.append(QueueFlush.Write(position: position, bytes: bytes))
                from = to
            }
            records.flushed(queue)
            done.append((queue, queue.maxOffset))
        }
        dirty.removeAll(keepingCapacity: true)
        defer { givenBack = [] }
        return QueueFlush(
            extents: extents, writes: writes, change: journalChange(), progress: done, givenBack: givenBack)
    }

    func finishFlush(_ flush: QueueFlush) {
        for chunk in flush.givenBack { free[chunk.capacity, default: []].append(chunk.position) }
        for (queue, offset) in flush.progress where queue.flushed <= offset && queue.maxOffset >= offset {
            queue.dropTail(before: offset)
        }
    }

    /// A flush that failed: its units are still in memory, and the next one takes them again.
    func abandonFlush(_ flush: QueueFlush) {
        needsSnapshot = true
        givenBack += flush.givenBack
        for (queue, _) in flush.progress where !queue.isDirty {
            queue.isDirty = true
            dirty.append(queue)
        }
    }

    private func allocate(for queue: ConsumeQueue, at first: Int64) -> (position: Int64, available: Int) {
        let last = Int(queue.chunks.last?.capacity ?? 0)
        let waiting = Int(queue.maxOffset - first)
        var capacity = max(ConsumeQueue.smallestChunk, min(ConsumeQueue.largestChunk, last * 4))
        while capacity < waiting, capacity < ConsumeQueue.largestChunk { capacity *= 4 }
        capacity = min(capacity, ConsumeQueue.largestChunk)
        let position: Int64
        if let reused = free[Int32(capacity)]?.popLast() {
            position = reused
        } else {
            position = extentEnd
            extentEnd += Int64(capacity * QueueUnit.bytes)
        }
        let chunk = ConsumeQueue.Chunk(position: position, first: first, capacity: Int32(capacity))
        queue.chunks.append(chunk)
        records.chunk(queue.number, chunk)
        return (position, capacity)
    }

    /// Gives back the chunks wholly before the queue's oldest offset.
    func trim(_ queue: ConsumeQueue) {
        var gone = 0
        for chunk in queue.chunks where chunk.first + Int64(chunk.capacity) <= queue.minOffset {
            givenBack.append(chunk)
            gone += 1
        }
        queue.chunks.removeFirst(gone)
        if !queue.isDirty {
            queue.isDirty = true
            dirty.append(queue)
        }
    }

    /// What the journal is to learn; a snapshot when it holds far more than that.
    private func journalChange() -> JournalChange? {
        defer {
            records = RecordWriter()
            needsSnapshot = false
        }
        if needsSnapshot || journal.bytes > (4 << 20) + 8 * Int64(queues.count) * 64 {
            var snapshot = RecordWriter()
            for queue in queues.values.sorted(by: { $0.number < $1.number }) {
                snapshot.define(queue)
                for chunk in queue.chunks { snapshot.chunk(queue.number, chunk) }
                snapshot.flushed(queue)
            }
            return JournalChange(journal, replaceAll: [snapshot.bytes])
        }
        return records.bytes.isEmpty ? nil : JournalChange(journal, append: [records.bytes])
    }

    // MARK: Start

    private func replay(_ entry: [UInt8], _ byNumber: inout [UInt32: ConsumeQueue]) {
        var reader = RecordReader(entry)
        while let record = reader.next() {
            switch record {
            case .define(let number, let queue, let topic):
                byNumber[number] = ConsumeQueue(topic: topic, queue: queue, number: number)
                nextNumber = max(nextNumber, number + 1)
            case .chunk(let number, let chunk):
                byNumber[number]?.chunks.append(chunk)
                free[chunk.capacity]?.removeAll { $0 == chunk.position }
                extentEnd = max(extentEnd, chunk.position + Int64(chunk.capacity) * Int64(QueueUnit.bytes))
            case .flushed(let number, let offset, let min):
                guard let queue = byNumber[number] else { continue }
                queue.restore(flushed: offset, min: min)
                for chunk in queue.chunks where chunk.first + Int64(chunk.capacity) <= min {
                    free[chunk.capacity, default: []].append(chunk.position)
                }
                queue.chunks.removeAll { $0.first + Int64($0.capacity) <= min }
            case .delete(let number):
                for chunk in byNumber.removeValue(forKey: number)?.chunks ?? [] {
                    free[chunk.capacity, default: []].append(chunk.position)
                }
            }
        }
    }
}

/// Units on their way to the extent file. Run on the maintenance thread.
///
/// `@unchecked Sendable`: the queues in `progress` are touched by the owner only, after the job came back.
final class QueueFlush: @unchecked Sendable {
    struct Write {
        var position: Int64
        var bytes: [UInt8]
    }
    private let extents: any DiskFile
    private let writes: [Write]
    private let change: JournalChange?
    let progress: [(ConsumeQueue, Int64)]
    let givenBack: [ConsumeQueue.Chunk]

    init(
        extents: any DiskFile, writes: [Write], change: JournalChange?, progress: [(ConsumeQueue, Int64)],
        givenBack: [ConsumeQueue.Chunk]
    ) {
        self.givenBack = givenBack
        self.extents = extents
        self.writes = writes
        self.change = change
        self.progress = progress
    }

    /// Units first, then the journal that makes them count.
    func run() throws(DiskError) {
        for write in writes { try extents.write(write.bytes, at: write.position) }
        if !writes.isEmpty { try extents.sync() }
        if let change { try change.journal.apply(change, durable: true) }
    }
}
