/// A message as a producer hands it over: what is to be stored, before the broker has given it a place.
public struct Message: Sendable, Equatable {
    /// Topic name, 1...127 characters of `[%|a-zA-Z0-9_-]`.
    public var topic: String
    /// The body: any bytes, at most ``Limits/maxBodyBytes``. Text is only a way to look at it.
    public var body: [UInt8]
    /// The tag consumers filter by (property `TAGS`).
    public var tag: String?
    /// Business keys, each of them indexed (property `KEYS`, separated by a space). A key holds no white space.
    public var keys: [String]
    /// Properties of the user, in the order given.
    public var properties: [Property]
    /// An opaque number of the application.
    public var flag: Int32
    /// When it is to become visible; nil is at once.
    public var delay: Delay?
    /// The queue asked for; nil lets the producer choose.
    public var queue: Int?

    public init(
        topic: String, body: [UInt8], tag: String? = nil, keys: [String] = [], properties: [Property] = [],
        flag: Int32 = 0, delay: Delay? = nil, queue: Int? = nil
    ) {
        self.topic = topic
        self.body = body
        self.tag = tag
        self.keys = keys
        self.properties = properties
        self.flag = flag
        self.delay = delay
        self.queue = queue
    }
}

/// One name and value of a message's properties. Neither may hold the characters U+0001 and U+0002, and an empty value
/// is lost on RocketMQ's wire.
public struct Property: Sendable, Equatable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// When a message becomes visible.
public enum Delay: Sendable, Equatable {
    /// One of the configured levels, counted from 1 (RocketMQ's property `DELAY`).
    case level(Int)
    /// So many milliseconds after the broker stored it (RocketMQ 5's `TIMER_DELAY_MS`).
    case after(milliseconds: Int64)
    /// At this moment, epoch milliseconds (RocketMQ 5's `TIMER_DELIVER_MS`).
    case at(Int64)
}

/// A message queue: one ordered lane of a topic.
public struct QueueID: Sendable, Hashable, Comparable, Codable {
    public var topic: String
    public var queue: Int

    public init(_ topic: String, _ queue: Int) {
        self.topic = topic
        self.queue = queue
    }

    public static func < (a: QueueID, b: QueueID) -> Bool {
        a.topic == b.topic ? a.queue < b.queue : a.topic < b.topic
    }
}

/// A message as the broker stored it, taken apart.
public struct StoredMessage: Sendable, Equatable {
    public var topic: String
    public var queue: Int
    /// Index in its queue.
    public var queueOffset: Int64
    /// Byte position in the commit log.
    public var physicalOffset: Int64
    /// Size of the whole record in bytes.
    public var size: Int
    public var flag: Int32
    public var systemFlag: Int32
    /// Epoch milliseconds by the producer's clock.
    public var bornTimestamp: Int64
    /// `ip:port` of the producer.
    public var bornHost: String
    /// Epoch milliseconds by the broker's clock.
    public var storeTimestamp: Int64
    /// `ip:port` of the broker.
    public var storeHost: String
    public var reconsumeTimes: Int32
    /// Of a committed transaction or a delivered delay: where its first record is. Otherwise 0.
    public var preparedTransactionOffset: Int64
    public var properties: [Property]
    /// The body as stored; compressed if `systemFlag` says so.
    public var body: [UInt8]

    public init(
        topic: String, queue: Int, queueOffset: Int64, physicalOffset: Int64, size: Int, flag: Int32,
        systemFlag: Int32, bornTimestamp: Int64, bornHost: String, storeTimestamp: Int64, storeHost: String,
        reconsumeTimes: Int32, preparedTransactionOffset: Int64, properties: [Property], body: [UInt8]
    ) {
        self.topic = topic
        self.queue = queue
        self.queueOffset = queueOffset
        self.physicalOffset = physicalOffset
        self.size = size
        self.flag = flag
        self.systemFlag = systemFlag
        self.bornTimestamp = bornTimestamp
        self.bornHost = bornHost
        self.storeTimestamp = storeTimestamp
        self.storeHost = storeHost
        self.reconsumeTimes = reconsumeTimes
        self.preparedTransactionOffset = preparedTransactionOffset
        self.properties = properties
        self.body = body
    }

    /// The value of a property; of several by that name the last one wins, as in RocketMQ's clients.
    public func property(_ name: String) -> String? {
        properties.last { $0.name == name }?.value
    }

    public var tag: String? { property(PropertyName.tags) }
    public var keys: [String] {
        property(PropertyName.keys)?.split(separator: " ").map(String.init) ?? []
    }
    /// The id shown to people: the unique key its producer made, else the offset id.
    public var id: String { property(PropertyName.uniqueKey) ?? property(PropertyName.identity) ?? offsetID }
    /// RocketMQ's offset message id: store host and physical offset in 32 hex digits (message format, ids).
    public var offsetID: String { OffsetID.text(storeHost: storeHost, physicalOffset: physicalOffset) }
    /// The topic people mean: the target of a half, delayed or retried message, else its own.
    public var realTopic: String {
        property(PropertyName.retryTopic) ?? property(PropertyName.realTopic) ?? topic
    }
}
