import Glibc
import SluiceAPI
import SluiceMessage

/// Messages on their way into the broker, and what became of each: filled by a producer (or a connection's decoder) in one
/// flat buffer, so that a message costs no allocation of its own; answered in place.
///
/// `@unchecked Sendable`: it belongs to the producer, then to the broker's owner, then to the producer again; each
/// hand-over goes through a lock.
public final class PublishBatch: @unchecked Sendable {
    /// A message's place in the buffer, and after the broker had it, its place in the log.
    public struct Entry {
        /// Index into ``PublishBatch/topics``.
        public var topic: Int32
        /// The queue asked for; negative lets the broker choose.
        public var queue: Int32
        public var flag: Int32
        public var systemFlag: Int32
        public var reconsumeTimes: Int32
        /// A message sent again to its retry topic becomes a dead letter from so many tries on; negative is the group's limit.
        public var maxReconsumeTimes: Int32 = -1
        /// Part of a batch, whose messages keep their property WAIT as RocketMQ's do.
        public var isOfBatch = false
        public var bornTimestamp: Int64
        var start: Int
        var propertyBytes: Int32
        var bodyBytes: Int32
        /// Index in ``PublishBatch/errors`` plus one; 0 when it was stored.
        public internal(set) var failed: Int32 = 0
        public internal(set) var queueOffset: Int64 = 0
        public internal(set) var physicalOffset: Int64 = 0
        /// Epoch ms at which a message with an exact time becomes visible; 0 for all others.
        public internal(set) var due: Int64 = 0
    }

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    public private(set) var bytes = 0
    public private(set) var entries: ContiguousArray<Entry> = []
    /// Names of the topics used.
    public private(set) var topics: [String] = []
    /// By topic: the queues its producer would like when its first message makes the topic; 0 for the broker's default.
    public private(set) var queuesWanted: [Int32] = []
    private var numbers: [String: Int32] = [:]
    /// As queues wanted: the topic is not to be made.
    public static let noTemplate: Int32 = -1
    /// Why entries failed.
    public internal(set) var errors: [APIError] = []
    public var bornHost: HostAddress
    public var storeHost = HostAddress(address: 0, port: 0)
    /// By a broker's number, where the batch went to several.
    public var storeHosts: [Int: HostAddress] = [:]
    /// What the maker wants to find again with the answers, such as the number of the first message.
    public var tag: UInt64 = 0
    /// How far the broker got with it.
    var taken = 0
    /// The broker's topics by entry, valid for one generation of its topic table.
    var resolved: [Topic?] = []
    var resolvedGeneration: UInt64 = 0
    /// Log offset that must be confirmed before it is answered.
    var end: Int64 = 0

    public init(bornHost: HostAddress, capacity: Int = 64 << 10) {
        self.bornHost = bornHost
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    public var count: Int { entries.count }

    /// Forgets all messages; topics stay known.
    public func reset() {
        bytes = 0
        entries.removeAll(keepingCapacity: true)
        errors.removeAll()
        taken = 0
        end = 0
    }

    /// The number by which entries name a topic here.
    public func topic(_ name: String, queuesWanted wanted: Int32 = 0) -> Int32 {
        if let known = numbers[name] { return known }
        numbers[name] = Int32(topics.count)
        topics.append(name)
        queuesWanted.append(wanted)
        resolvedGeneration = 0
        return Int32(topics.count - 1)
    }

    /// Adds a message and returns where the caller has to write its properties and, behind them, its body, at once.
    public func add(
        topic: Int32, queue: Int32, flag: Int32 = 0, systemFlag: Int32 = 0, reconsumeTimes: Int32 = 0,
        maxReconsumeTimes: Int32 = -1, isOfBatch: Bool = false, bornTimestamp: Int64, propertyBytes: Int,
        bodyBytes: Int
    ) -> UnsafeMutableRawPointer {
        let start = bytes
        makeRoom(propertyBytes + bodyBytes)
        bytes += propertyBytes + bodyBytes
        entries.append(
            Entry(
                topic: topic, queue: queue, flag: flag, systemFlag: systemFlag, reconsumeTimes: reconsumeTimes,
                maxReconsumeTimes: maxReconsumeTimes, isOfBatch: isOfBatch, bornTimestamp: bornTimestamp, start: start,
                propertyBytes: Int32(propertyBytes), bodyBytes: Int32(bodyBytes)))
        return base + start
    }

    private func makeRoom(_ count: Int) {
        guard bytes + count > capacity else { return }
        capacity = max(capacity * 2, bytes + count)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        grown.copyMemory(from: base, byteCount: bytes)
        base.deallocate()
        base = grown
    }

    func properties(_ entry: borrowing Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + entry.start, count: Int(entry.propertyBytes))
    }

    /// Takes the property WAIT out of an entry's properties where they stand.
    func dropWait(_ index: Int) {
        let entry = entries[index]
        let properties = UnsafeMutableRawBufferPointer(start: base + entry.start, count: Int(entry.propertyBytes))
        let body = base + entry.start + Int(entry.propertyBytes)
        let kept = PropertyCoding.drop("WAIT", from: properties)
        // The body moves up behind them.
        memmove(base + entry.start + kept, body, Int(entry.bodyBytes))
        entries[index].propertyBytes = Int32(kept)
    }

    /// The unique key that an entry's producer made; nil when it made none.
    public func uniqueKey(_ index: Int) -> String? { PropertyScan(properties(entries[index])).uniqueKey?.text }

    func body(_ entry: borrowing Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + entry.start + Int(entry.propertyBytes), count: Int(entry.bodyBytes))
    }

    @inline(__always)
    func stored(_ index: Int, queue: Int32, queueOffset: Int64, physicalOffset: Int64) {
        entries[index].queue = queue
        entries[index].queueOffset = queueOffset
        entries[index].physicalOffset = physicalOffset
    }

    func due(_ index: Int, _ time: Int64) { entries[index].due = time }

    func fail(_ index: Int, _ error: APIError) {
        errors.append(error)
        entries[index].failed = Int32(errors.count)
    }

    /// Fails whatever was not refused already: the log could not be written.
    func failAll(_ error: APIError) {
        for index in entries.indices where entries[index].failed == 0 { fail(index, error) }
    }

    /// Refuses the whole batch, before a broker had it.
    public func refuse(_ error: APIError) { failAll(error) }

    /// Makes the topic numbers of this batch those of a producer's own list.
    public func use(topics names: [String]) {
        guard names.count != topics.count else { return }
        topics = names
        queuesWanted = Array(repeating: 0, count: names.count)
        numbers = [:]
        resolvedGeneration = 0
    }

    /// Why an entry failed; nil when it was stored.
    public func error(_ index: Int) -> APIError? {
        let failed = Int(entries[index].failed)
        return failed == 0 ? nil : errors[failed - 1]
    }
}

/// Where batches come from: the broker's owner takes one when it has time, so that what comes meanwhile gathers in the
/// next.
public protocol PublishSource: AnyObject, Sendable {
    /// The batch gathered so far; nil when there is none. Called by the owner.
    func take() -> PublishBatch?
    /// Every entry has its result. Called by the owner; must be short and must not block.
    func finished(_ batch: PublishBatch)
}
