import SluiceAPI

/// What a broker's metrics are made of, at one moment. Numbers that are not known are nil and left out; so are those of
/// things that there are none of.
public struct MetricsSnapshot: Sendable {
    /// Name of the cluster and of the broker: the labels `cluster` and `node_id` of everything.
    public var cluster: String
    public var node: String
    /// False while the broker takes no messages.
    public var isUp = true
    public var topics: [Topic] = []
    public var groups: [Group] = []
    public var producers: [Clients] = []
    public var consumers: [Clients] = []
    /// Requests that wait, by who is to process them.
    public var waiting: [Waiting] = []
    /// All delayed messages that wait for their moment.
    public var pendingDelays: Int64?
    /// Those of them whose moment is past, and how long the first is late, milliseconds.
    public var dueDelays: Int64?
    public var dueDelayMilliseconds: Int64?
    /// Half messages whose transaction is neither committed nor rolled back.
    public var unresolvedHalves: Int64?
    /// Age of the oldest of them.
    public var oldestHalfSeconds: Double?
    /// Half messages given up on after too many checks.
    public var setAsideHalves: Int64?
    /// Bytes that the data folder takes, and that are free where it lies.
    public var storageBytes: Int64?
    public var diskFreeBytes: Int64?
    /// Bytes of records that are taken but not on the disk yet.
    public var unflushedBytes: Int64?
    /// Age of the oldest message that can be read, milliseconds.
    public var oldestMessageMilliseconds: Int64?

    public init(cluster: String, node: String) {
        self.cluster = cluster
        self.node = node
    }

    public struct Topic: Sendable {
        public var name: String
        public var kind: TopicKind
        /// Messages that were ever stored, and their bytes.
        public var messagesIn: Int64
        public var bytesIn: Int64?
        /// Messages delivered since the broker started, over all groups, and their bytes.
        public var messagesOut: Int64?
        public var bytesOut: Int64?
        /// Messages that can be read now.
        public var depth: Int64?
        /// Delayed messages and unresolved halves for this topic.
        public var pendingDelays: Int64?
        public var unresolvedHalves: Int64?

        public init(name: String, kind: TopicKind, messagesIn: Int64) {
            self.name = name
            self.kind = kind
            self.messagesIn = messagesIn
        }
    }

    /// A group on one of its topics.
    public struct Group: Sendable {
        public var name: String
        public var topic: String
        public var kind: TopicKind
        /// Messages that the group has not acknowledged.
        public var lag: Int64
        /// Age of the oldest of them, milliseconds.
        public var lagMilliseconds: Int64?
        /// Messages delivered and not acknowledged.
        public var inflight: Int64?
        /// Messages not delivered yet.
        public var ready: Int64?
        /// Messages that failed too often, since the broker started.
        public var deadLetters: Int64?

        /// - Parameter kind: the topic's.
        public init(name: String, topic: String, kind: TopicKind, lag: Int64) {
            self.name = name
            self.topic = topic
            self.kind = kind
            self.lag = lag
        }
    }

    /// Connected clients that have all of this in common; entries that do are added up.
    public struct Clients: Sendable {
        /// Producer or consumer group; RocketMQ tells that of consumers only.
        public var group: String?
        /// Such as `java`, and the client's version, such as `v4_9_8`.
        public var language: String?
        public var version: String?
        public var count: Int

        public init(group: String? = nil, language: String? = nil, version: String? = nil, count: Int) {
            self.group = group
            self.language = language
            self.version = version
            self.count = count
        }
    }

    public struct Waiting: Sendable {
        /// One of RocketMQ's names where there is one for it: `send`, `pull`, `query_message`, `transaction`, `admin`.
        public var processor: String
        public var count: Int

        public init(processor: String, count: Int) {
            self.processor = processor
            self.count = count
        }
    }
}
