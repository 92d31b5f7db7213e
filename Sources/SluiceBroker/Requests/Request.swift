import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Everything that can be asked of a broker, in process or over the network.
public enum Request: Sendable {
    case publish(any PublishSource)
    case pull(PullRequest)
    case commit([OffsetCommit])
    case sendBack(SendBack)
    case endTransaction(EndTransaction)

    case register(Registration)
    /// A client leaves: these groups of its, or all of them where neither is named.
    case unregister(client: String, consumerGroup: String? = nil, producerGroup: String? = nil)
    case members(group: String)
    case lock(group: String, client: String, queues: [QueueID])
    case unlock(group: String, client: String, queues: [QueueID])

    case committed(group: String, queues: [QueueID])
    /// Where a consumer of the group goes on; nil leaves the choice to the client (RocketMQ's QUERY_CONSUMER_OFFSET).
    case start(group: String, QueueID)
    /// Every committed offset of every group.
    case allCommitted
    case offset(QueueID, OffsetTarget)
    /// Store times of the messages at these offsets, epoch ms.
    case storeTimes([(QueueID, Int64)])
    case topicConfig(String)
    /// Topics and groups as they are configured, without their figures.
    case configs
    /// Makes a topic if it is not there: for those a broker always has.
    case ensureTopic(TopicConfig)
    /// Consumers of a group, producers of a group; of all groups when none is named.
    case consumers(group: String)
    case producers(group: String?)
    /// How far each delay level was delivered, as an offset of its schedule queue (RocketMQ's delayOffset).
    case delayOffsets
    /// Asks the producer of a half again, now, and counts its checks anew.
    case recheck(id: String)
    /// Withdraws a message that waits for an exact time, by its topic and unique key (RocketMQ's RECALL_MESSAGE).
    case recall(topic: String, uniqueKey: String)
    /// Changes one of the broker's options by RocketMQ's name, until it is closed.
    case setOption(name: String, value: String)
    case reader

    case broker
    case flow(since: Int64)
    case topics
    case topic(String)
    case updateTopic(TopicConfig, mustBeNew: Bool)
    case deleteTopic(String)
    case groups
    case group(String)
    case updateGroup(GroupConfig)
    case deleteGroup(String)
    case reset(ResetRequest)
    case delays(DelayQuery)
    case delayHistogram(start: Int64, width: Int64, buckets: Int)
    case halves(skip: Int, limit: Int)
    case half(id: String)
    case resolve(id: String, Resolution, reason: String)
    case browse(QueueID, from: Int64, limit: Int)
    case lookUp(topic: String, key: String)

    /// An operator's action, audited. Answered with ``Response/acted(_:)``.
    case act(OperatorAction, ActionContext)
    /// Notes what others are about to do, in the audit and nowhere else. Answered with ``Response/noted(_:)``.
    case noteBegin(AuditSubject, ActionContext)
    /// Notes how it ended. Answered with ``Response/noted(_:)``.
    case noteEnd(AuditSubject, ActionContext, begun: Int64, outcome: String)
    case question(OperatorQuestion)
}

/// An answer; which case belongs to which request is said there and nowhere else.
public enum Response: Sendable {
    case done
    case failed(APIError)
    case pulled(PullAnswer)
    case members([String])
    case queues([QueueID])
    case committed([Int64?])
    case start(Int64?)
    case allCommitted([OffsetCommit])
    case offset(Int64)
    case storeTimes([Int64?])
    case topicConfig(TopicConfig?)
    case configs(Configs)
    case registrations([Registration])
    case delayOffsets([Int: Int64])
    case reader(LogReader)
    /// Records that another process read.
    case fetched(Fetch)
    case outcome(ResolutionOutcome)
    case broker(BrokerStatus)
    case flow([FlowSample])
    case topics([TopicSummary])
    case topic(TopicStatus)
    case groups([GroupSummary])
    case group(GroupStatus)
    case steps([ResetStep])
    case delays(DelayPage)
    case histogram(DelayHistogram)
    case halves(HalfPage)
    case half(HalfMessage)
    case units(UnitSource, LogReader)
    case lookUp(KeyLookup, LogReader)
    case acted(ActionOutcome)
    /// The number of the entry in the audit.
    case noted(Int64)
    case told(OperatorAnswer)
    /// The answer is in a file, which is for the asking thread to read.
    case audit(AuditReading)
}

/// Called once with the answer, on the owner's thread.
public typealias Reply = @Sendable (Response) -> Void

/// What is configured on a broker.
public struct Configs: Sendable {
    public var topics: [TopicConfig]
    public var groups: [GroupConfig]
    /// Counts changes of topics since the broker started.
    public var topicsGeneration: UInt64
    public var groupsGeneration: UInt64
}

/// A client makes itself known (a heartbeat): as a consumer, as a producer, or both.
public struct Registration: Sendable {
    public var client: String
    public var address: String
    public var language: String
    public var version: Int
    public var consumerGroup: String?
    public var model: MessageModel
    /// By topic.
    public var subscriptions: [String: Subscription]
    /// How the group gets its messages, and where it begins without an offset: RocketMQ's names, told to its tools.
    public var consumeType = "CONSUME_PASSIVELY"
    public var consumeFrom = "CONSUME_FROM_LAST_OFFSET"
    public var producerGroup: String?
    /// What the broker tells this client by itself; called on the owner's thread, must be short.
    public var push: @Sendable (ServerPush) -> Void

    public init(
        client: String, address: String, language: String = "SWIFT", version: Int = 409, consumerGroup: String? = nil,
        model: MessageModel = .clustering, subscriptions: [String: Subscription] = [:], producerGroup: String? = nil,
        push: @escaping @Sendable (ServerPush) -> Void
    ) {
        self.client = client
        self.address = address
        self.language = language
        self.version = version
        self.consumerGroup = consumerGroup
        self.model = model
        self.subscriptions = subscriptions
        self.producerGroup = producerGroup
        self.push = push
    }
}

/// What a group wants of a topic.
public struct Subscription: Sendable, Equatable, Codable, ExpressibleByStringLiteral {
    /// `*`, `tagA || tagB`, or SQL.
    public var expression: String
    /// `TAG` or `SQL92`.
    public var type: String
    /// Epoch ms at which the client made it.
    public var version: Int64

    public init(_ expression: String, type: String = "TAG", version: Int64 = 0) {
        self.expression = expression
        self.type = type
        self.version = version
    }

    public init(stringLiteral value: String) { self.init(value) }
}

/// What a broker sends to a client unasked.
public enum ServerPush: Sendable {
    /// Members or subscriptions of a group changed: share the queues out anew.
    case membersChanged(group: String)
    /// How did this half message's transaction end?
    case checkTransaction(half: StoredMessage, queueOffset: Int64)
    /// An operator moved the group's offsets: drop what was pulled ahead and go on from these, which are committed.
    case offsetsReset(group: String, topic: String, offsets: [QueueID: Int64])
}
