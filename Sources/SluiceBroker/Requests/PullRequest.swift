import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Asks for messages of one queue.
public struct PullRequest: Sendable {
    public var group: String
    public var queue: QueueID
    public var offset: Int64
    /// Queue units to hand out at most.
    public var limit: Int
    /// Messages wanted at most, where more units than that are looked through for those that pass; nil is `limit`.
    public var most: Int?
    public var filter: TagFilter
    /// Milliseconds to wait for a message when there is none.
    public var wait: Int64
    public var client: String?
    /// It waited, and a message came.
    public internal(set) var isWoken = false
    /// It waited at the group's gate, and this is its turn.
    var hasTurn = false

    public init(
        group: String, queue: QueueID, offset: Int64, limit: Int, most: Int? = nil, filter: TagFilter = .all,
        wait: Int64 = 0, client: String? = nil
    ) {
        self.group = group
        self.queue = queue
        self.offset = offset
        self.limit = limit
        self.most = most
        self.filter = filter
        self.wait = wait
        self.client = client
    }
}

/// What a pull found.
public struct PullAnswer: Sendable {
    public enum Status: String, Sendable, Equatable, Codable {
        /// There are units to read.
        case found
        /// Nothing new at this offset yet.
        case noNewMessage
        /// The offset is before the oldest or behind the newest message; `next` is where to go on.
        case offsetMoved
    }
    public var status: Status
    public var next: Int64
    public var minOffset: Int64
    public var maxOffset: Int64
    /// What to read, by the asking thread.
    public var units: UnitSource?
    public var reader: LogReader?
    /// What was read already, where the broker is in another process.
    public var fetched: Fetch?
    /// The pull had to wait for this.
    public var isWoken = false
    public var filter: TagFilter
    /// Count what passed the filter and reached a consumer.
    public var delivered: [DeliveryCounter]
    /// Counts records that were left out since they do not match their sums.
    public var damaged: DeliveryCounter
    /// What the group's gate lets through; nil where it is open.
    var ticket: GateTicket?
    var handOut: HandOut?

    /// Messages that the reader may pass on; nil is as many as it likes.
    public var most: Int? { ticket?.count }
}

extension PullAnswer {
    /// The units among these that may pass the tag filter and the gate, and where to go on when all of them were read.
    public func wanted(
        _ units: [(offset: Int64, unit: QueueUnit)]
    ) -> (units: ArraySlice<(offset: Int64, unit: QueueUnit)>, end: Int64) {
        let end = units.last.map { $0.offset + 1 } ?? next
        let passing = filter.passesAll ? units : units.filter { filter.mayPass(code: $0.unit.tagCode) }
        guard let most, passing.count > most, most > 0 else { return (passing[...], end) }
        return (passing[..<most], passing[most - 1].offset + 1)
    }

    /// Counts what was read as delivered: all of it, or what passed a further filter. Every reader has to call it, since
    /// the group's gate lives from it.
    public func count(_ fetch: Fetch, passed: Int? = nil) {
        ticket?.passed(passed ?? fetch.count)
        if fetch.count > 0 { handOut?.raise(to: fetch.next) }
        // What tags sort out is counted by the units of the queue.
        if filter.passesAll { handOut?.count(passed: passed ?? fetch.count, of: fetch.count) }
        for counter in delivered { counter.add(passed ?? fetch.count) }
        if !fetch.damaged.isEmpty { damaged.add(fetch.damaged.count) }
    }
}
