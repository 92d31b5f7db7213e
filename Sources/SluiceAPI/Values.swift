import SluiceMessage

/// What kind of topic a name stands for; consoles hide all but `.normal` by default.
public enum TopicKind: String, Sendable, Codable {
    case normal, retry
    case deadLetter = "dead_letter"
    case system
}

/// Permission bits of a topic (RocketMQ's `perm`): 4 read, 2 write, 1 inherit.
public struct TopicPermission: OptionSet, Sendable, Codable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let read = TopicPermission(rawValue: 4)
    public static let write = TopicPermission(rawValue: 2)
    public static let inherit = TopicPermission(rawValue: 1)
    /// `rwi` with a dash where a bit is missing.
    public var text: String {
        (contains(.read) ? "r" : "-") + (contains(.write) ? "w" : "-") + (contains(.inherit) ? "i" : "")
    }
}

/// What is configured for a topic.
public struct TopicConfig: Sendable, Codable, Equatable {
    public var name: String
    /// Queues that consumers read, 1...``Limits/maxQueues``.
    public var readQueues: Int
    /// Queues that producers write to, 1...``Limits/maxQueues``.
    public var writeQueues: Int
    public var permission: TopicPermission
    /// RocketMQ's topicSysFlag: 1 unit, 2 has unit subscriptions. Kept and told, without a meaning here.
    public var systemFlag = 0

    public init(
        name: String, readQueues: Int = 8, writeQueues: Int = 8, permission: TopicPermission = [.read, .write]
    ) {
        self.name = name
        self.readQueues = readQueues
        self.writeQueues = writeQueues
        self.permission = permission
    }
}

/// One line of the topics screen. Of a cluster's topic whose brokers were not all asked yet, depth, published and
/// lastStored are -1.
public struct TopicSummary: Sendable, Codable, Equatable {
    public var config: TopicConfig
    public var kind: TopicKind
    /// Messages readable now: the sum of max − min over its queues.
    public var depth: Int64
    /// Messages ever stored: the sum of max offsets. Its difference over time is the publish rate.
    public var published: Int64
    /// Messages delivered to consumers since the broker started, over all groups.
    public var delivered: Int64
    /// Groups that subscribe or hold offsets.
    public var groups: Int
    /// Store time of the newest message, epoch ms; 0 when there is none.
    public var lastStored: Int64
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(
        config: TopicConfig, kind: TopicKind, depth: Int64, published: Int64, delivered: Int64, groups: Int,
        lastStored: Int64
    ) {
        self.config = config
        self.kind = kind
        self.depth = depth
        self.published = published
        self.delivered = delivered
        self.groups = groups
        self.lastStored = lastStored
    }
}

/// One queue of a topic.
public struct QueueStatus: Sendable, Codable, Equatable {
    public var queue: Int
    /// The oldest readable offset.
    public var minOffset: Int64
    /// The offset the next message gets.
    public var maxOffset: Int64
    /// Store times of the oldest and the newest message, epoch ms; 0 when there is none.
    public var firstStored: Int64
    public var lastStored: Int64

    public init(queue: Int, minOffset: Int64, maxOffset: Int64, firstStored: Int64, lastStored: Int64) {
        self.queue = queue
        self.minOffset = minOffset
        self.maxOffset = maxOffset
        self.firstStored = firstStored
        self.lastStored = lastStored
    }
    public var depth: Int64 { maxOffset - minOffset }
}

/// A topic with its queues and the groups on it.
public struct TopicStatus: Sendable, Codable, Equatable {
    public var summary: TopicSummary
    public var queues: [QueueStatus]
    /// Group names with their lag on this topic.
    public var groups: [GroupOnTopic]

    public init(summary: TopicSummary, queues: [QueueStatus], groups: [GroupOnTopic]) {
        self.summary = summary
        self.queues = queues
        self.groups = groups
    }

    public struct GroupOnTopic: Sendable, Codable, Equatable {
        public var group: String
        public var lag: Int64
        public var clients: Int
        public init(group: String, lag: Int64, clients: Int) {
            self.group = group
            self.lag = lag
            self.clients = clients
        }
    }
}

/// How the clients of a group share the messages.
public enum MessageModel: String, Sendable, Codable {
    /// Each message goes to one client of the group; the broker keeps the offsets.
    case clustering
    /// Each message goes to every client; each client keeps its own offsets.
    case broadcasting
}

/// What is configured for a consumer group.
public struct GroupConfig: Sendable, Codable, Equatable {
    public var name: String
    /// False refuses pulls (RocketMQ's consumeEnable).
    public var consumeEnabled: Bool
    /// Deliveries after the first before a message becomes a dead letter.
    public var retryMaxTimes: Int
    public var retryQueues: Int
    /// False refuses broadcasting consumers (RocketMQ's consumeBroadcastEnable).
    public var broadcastEnabled = true
    /// Members are told when the group changes (RocketMQ's notifyConsumerIdsChangedEnable).
    public var notifiesMembers = true

    public init(name: String, consumeEnabled: Bool = true, retryMaxTimes: Int = 16, retryQueues: Int = 1) {
        self.name = name
        self.consumeEnabled = consumeEnabled
        self.retryMaxTimes = retryMaxTimes
        self.retryQueues = retryQueues
    }
}

/// One line of the groups screen. Of a cluster's group whose brokers were not all asked yet, clients and deadLetters are -1.
public struct GroupSummary: Sendable, Codable, Equatable {
    public var config: GroupConfig
    public var model: MessageModel
    /// Clients connected now.
    public var clients: Int
    /// Messages not yet consumed, retry topic included; nil for a broadcasting group, whose clients keep their own offsets,
    /// and where a cluster's brokers hold no offset of the group.
    public var lag: Int64?
    /// Age in ms of the oldest message not consumed; 0 without lag, nil where it is not known.
    public var behind: Int64?
    /// Messages delivered to this group since the broker started; its difference over time is the rate.
    public var delivered: Int64
    /// Sum of the committed offsets; its difference over time is the commit rate.
    public var committed: Int64
    /// Dead letters of this group readable now.
    public var deadLetters: Int64
    public var topics: [String]
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(
        config: GroupConfig, model: MessageModel, clients: Int, lag: Int64?, behind: Int64?, delivered: Int64,
        committed: Int64, deadLetters: Int64, topics: [String]
    ) {
        self.config = config
        self.model = model
        self.clients = clients
        self.lag = lag
        self.behind = behind
        self.delivered = delivered
        self.committed = committed
        self.deadLetters = deadLetters
        self.topics = topics
    }
}

/// A group's state on one queue.
public struct GroupQueueStatus: Sendable, Codable, Equatable {
    public var id: QueueID
    public var minOffset: Int64
    public var maxOffset: Int64
    /// The committed offset: the next message to be consumed. Nil when the group has none on this queue.
    public var offset: Int64?
    /// Client that pulls this queue now; nil when nobody does.
    public var client: String?
    /// Age in ms of the oldest message not consumed; 0 without lag, nil where its record cannot be read.
    public var behind: Int64?
    /// Epoch ms of the last time the committed offset moved; 0 when not since the broker started.
    public var lastMoved: Int64

    public init(
        id: QueueID, minOffset: Int64, maxOffset: Int64, offset: Int64?, client: String?, behind: Int64?,
        lastMoved: Int64
    ) {
        self.id = id
        self.minOffset = minOffset
        self.maxOffset = maxOffset
        self.offset = offset
        self.client = client
        self.behind = behind
        self.lastMoved = lastMoved
    }
    /// Messages this group still has to consume here.
    public var lag: Int64 { max(0, maxOffset - max(offset ?? minOffset, minOffset)) }

    /// The largest ``behind`` of some queues, as far as it is known; nil where it is known of none of those with a lag.
    public static func behind(_ queues: [GroupQueueStatus]) -> Int64? {
        let late = queues.filter { $0.lag > 0 }
        return late.isEmpty ? 0 : late.compactMap(\.behind).max()
    }
}

/// A client of a group, as its heartbeats describe it.
public struct ClientStatus: Sendable, Codable, Equatable {
    public var id: String
    public var address: String
    public var language: String
    public var version: Int
    /// Epoch ms.
    public var lastSeen: Int64

    public init(id: String, address: String, language: String, version: Int, lastSeen: Int64) {
        self.id = id
        self.address = address
        self.language = language
        self.version = version
        self.lastSeen = lastSeen
    }
}

/// A group with its queues and clients.
public struct GroupStatus: Sendable, Codable, Equatable {
    public var summary: GroupSummary
    public var queues: [GroupQueueStatus]
    public var clients: [ClientStatus]

    public init(summary: GroupSummary, queues: [GroupQueueStatus], clients: [ClientStatus]) {
        self.summary = summary
        self.queues = queues
        self.clients = clients
    }
}
