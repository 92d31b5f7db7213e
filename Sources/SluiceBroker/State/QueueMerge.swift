import HeapModule
import SluiceMessage
import SluiceStorage

/// Runs of several queues as one run, in the order their records were stored, which is that of their places in the log.
struct QueueMerge {
    struct Item {
        var physicalOffset: Int64
        var queue: Int
        var queueOffset: Int64
    }
    private struct Lane {
        let queue: ConsumeQueue
        /// The first offset not yet handed out.
        var next: Int64
        let end: Int64
        var units: ArraySlice<(offset: Int64, unit: QueueUnit)> = []
    }
    private struct Head: Comparable {
        var physicalOffset: Int64
        var lane: Int
        static func < (a: Head, b: Head) -> Bool { (a.physicalOffset, a.lane) < (b.physicalOffset, b.lane) }
    }
    private var lanes: [Lane]
    private var heads = Heap<Head>()
    /// Offsets of the runs whose units are gone or cannot be read.
    private(set) var lost: Int64 = 0
    /// Units read at once.
    private static let block: Int64 = 64

    init(_ runs: [(queue: ConsumeQueue, range: Range<Int64>)], _ store: Store) {
        lanes = runs.map { Lane(queue: $0.queue, next: $0.range.lowerBound, end: $0.range.upperBound) }
        for lane in lanes.indices { advance(lane, store) }
    }

    /// The next record; nil when all were handed out.
    mutating func next(_ store: Store) -> Item? {
        guard let head = heads.popMin(), let first = lanes[head.lane].units.popFirst() else { return nil }
        let item = Item(
            physicalOffset: first.unit.physicalOffset, queue: Int(lanes[head.lane].queue.queue),
            queueOffset: first.offset)
        lanes[head.lane].next = first.offset + 1
        advance(head.lane, store)
        return item
    }

    /// Puts a lane's next record among the heads.
    private mutating func advance(_ index: Int, _ store: Store) {
        if lanes[index].units.isEmpty { load(index, store) }
        guard let first = lanes[index].units.first else { return }
        heads.insert(Head(physicalOffset: first.unit.physicalOffset, lane: index))
    }

    private mutating func load(_ index: Int, _ store: Store) {
        let lane = lanes[index]
        guard lane.next < lane.end else { return }
        let source = store.units(lane.queue, from: lane.next, limit: Int(min(Self.block, lane.end - lane.next)))
        let units = ((try? source.load()) ?? []).filter { $0.offset < lane.end }
        // Retention may have taken the first ones meanwhile; where there are none any more, the lane ends.
        lost += (units.first?.offset ?? lane.end) - lane.next
        lanes[index].next = units.first?.offset ?? lane.end
        lanes[index].units = units[...]
    }
}
