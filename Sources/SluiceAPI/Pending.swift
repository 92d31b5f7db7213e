import SluiceMessage

/// A delayed message that waits for its moment.
public struct PendingDelay: Sendable, Codable, Equatable {
    /// Unique key, or the offset id where its producer made none.
    public var id: String
    public var topic: String
    public var queue: Int
    /// Epoch ms at which it becomes visible.
    public var due: Int64
    /// 1... for one of the levels; 0 for an exact time.
    public var level: Int
    public var storeTimestamp: Int64
    public var tag: String?
    public var keys: [String]
    public var bodySize: Int
    /// True for a failed message on its way back to its group.
    public var isRetry: Bool
    public var physicalOffset: Int64

    public init(
        id: String, topic: String, queue: Int, due: Int64, level: Int, storeTimestamp: Int64, tag: String?,
        keys: [String], bodySize: Int, isRetry: Bool, physicalOffset: Int64
    ) {
        self.id = id
        self.topic = topic
        self.queue = queue
        self.due = due
        self.level = level
        self.storeTimestamp = storeTimestamp
        self.tag = tag
        self.keys = keys
        self.bodySize = bodySize
        self.isRetry = isRetry
        self.physicalOffset = physicalOffset
    }
}

/// Which pending delays to list, soonest first.
public struct DelayQuery: Sendable, Codable, Hashable {
    /// Only those for this topic.
    public var topic: String?
    /// Only those whose id or one of whose keys is this.
    public var key: String?
    /// Skip so many of the matching ones.
    public var skip: Int
    /// At most so many, 1...10,000.
    public var limit: Int

    public init(topic: String? = nil, key: String? = nil, skip: Int = 0, limit: Int = 100) {
        self.topic = topic
        self.key = key
        self.skip = skip
        self.limit = limit
    }
}

/// One page of pending delays.
public struct DelayPage: Sendable, Codable, Equatable {
    /// All pending ones, whatever the query.
    public var total: Int
    public var items: [PendingDelay]
    /// The configured levels in milliseconds, level 1 first.
    public var levels: [Int64]
    /// What is left out, in a sentence; nil where nothing is.
    public var note: String?
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(total: Int, items: [PendingDelay], levels: [Int64]) {
        self.total = total
        self.items = items
        self.levels = levels
    }
}

/// How many delays fall due when: bucket `i` counts those due in `[start + i·width, start + (i+1)·width)`; the first
/// one also holds what is overdue, the last one whatever comes later.
public struct DelayHistogram: Sendable, Codable, Equatable {
    /// Epoch ms.
    public var start: Int64
    /// Milliseconds a bucket.
    public var width: Int64
    public var counts: [Int]
    /// What is left out, in a sentence; nil where nothing is.
    public var note: String?
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(start: Int64, width: Int64, counts: [Int]) {
        self.start = start
        self.width = width
        self.counts = counts
    }
}

/// An unresolved half message: sent as part of a transaction, neither committed nor rolled back.
public struct HalfMessage: Sendable, Codable, Equatable {
    /// Unique key, or the offset id where its producer made none.
    public var id: String
    public var topic: String
    public var queue: Int
    public var producerGroup: String
    public var storeTimestamp: Int64
    /// How often its producer group was asked already.
    public var checks: Int
    /// Checks after which it is set aside.
    public var maxChecks: Int
    /// Epoch ms of the next check-back; nil when it was set aside.
    public var nextCheck: Int64?
    /// Live producers of its group.
    public var producersOnline: Int
    public var tag: String?
    public var keys: [String]
    public var bodySize: Int
    /// The first 256 bytes of the body.
    public var bodyPeek: [UInt8]
    public var physicalOffset: Int64

    public init(
        id: String, topic: String, queue: Int, producerGroup: String, storeTimestamp: Int64, checks: Int,
        maxChecks: Int, nextCheck: Int64?, producersOnline: Int, tag: String?, keys: [String], bodySize: Int,
        bodyPeek: [UInt8], physicalOffset: Int64
    ) {
        self.id = id
        self.topic = topic
        self.queue = queue
        self.producerGroup = producerGroup
        self.storeTimestamp = storeTimestamp
        self.checks = checks
        self.maxChecks = maxChecks
        self.nextCheck = nextCheck
        self.producersOnline = producersOnline
        self.tag = tag
        self.keys = keys
        self.bodySize = bodySize
        self.bodyPeek = bodyPeek
        self.physicalOffset = physicalOffset
    }
    /// True when the check limit was reached and only an operator will resolve it.
    public var isSetAside: Bool { nextCheck == nil }
}

/// One page of unresolved halves, oldest first.
public struct HalfPage: Sendable, Codable, Equatable {
    /// All unresolved ones, those set aside included.
    public var total: Int
    public var setAside: Int
    /// Store time of the oldest, epoch ms; nil when there is none.
    public var oldest: Int64?
    public var items: [HalfMessage]
    /// What is left out, in a sentence; nil where nothing is.
    public var note: String?
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(total: Int, setAside: Int, oldest: Int64?, items: [HalfMessage]) {
        self.total = total
        self.setAside = setAside
        self.oldest = oldest
        self.items = items
    }
}

/// What a transaction can end in.
public enum Resolution: String, Sendable, Codable {
    case commit, rollback
}

/// Who ended a transaction.
public enum ResolutionOrigin: String, Sendable, Codable {
    case producer
    case checkBack = "check_back"
    /// A person, by the name claimed.
    case `operator`
}

/// What ending a transaction did.
public struct ResolutionOutcome: Sendable, Codable, Equatable {
    public var id: String
    public var resolution: Resolution
    /// Where a committed message became visible.
    public var visibleAt: QueueID?
    public var queueOffset: Int64?
    /// Groups with offsets or subscriptions on that topic, with their connected clients.
    public var receivers: [TopicStatus.GroupOnTopic]

    public init(
        id: String, resolution: Resolution, visibleAt: QueueID?, queueOffset: Int64?,
        receivers: [TopicStatus.GroupOnTopic]
    ) {
        self.id = id
        self.resolution = resolution
        self.visibleAt = visibleAt
        self.queueOffset = queueOffset
        self.receivers = receivers
    }
}
