import SluiceMessage

/// Which messages to look at.
public enum BrowseQuery: Sendable, Equatable {
    /// Messages of a queue from an offset on, oldest first. Never moves an offset.
    case queue(QueueID, from: Int64, limit: Int)
    /// By the id that listings show: a unique key or an offset id.
    case id(String, topic: String?)
    /// By business key, newest first.
    case key(String, topic: String, limit: Int)
}

/// Where a group (or a reader) should stand.
public enum OffsetTarget: Sendable, Codable, Equatable {
    /// The oldest message kept.
    case first
    /// Behind the newest message.
    case last
    /// The first message stored at or after this moment, epoch ms.
    case time(Int64)
    /// This offset on every queue concerned, cut to what exists.
    case offset(Int64)
}

/// Moving a group's offsets.
public struct ResetRequest: Sendable, Codable, Equatable {
    public var group: String
    public var topic: String
    /// One queue only; nil is all of the topic.
    public var queue: Int?
    public var target: OffsetTarget
    /// True says only what would happen.
    public var dryRun: Bool

    public init(group: String, topic: String, queue: Int? = nil, target: OffsetTarget, dryRun: Bool) {
        self.group = group
        self.topic = topic
        self.queue = queue
        self.target = target
        self.dryRun = dryRun
    }
}

/// What a reset does (or would do) to one queue.
public struct ResetStep: Sendable, Codable, Equatable {
    public var id: QueueID
    /// The committed offset before; nil when there was none.
    public var from: Int64?
    public var to: Int64
    public var minOffset: Int64
    public var maxOffset: Int64

    public init(id: QueueID, from: Int64?, to: Int64, minOffset: Int64, maxOffset: Int64) {
        self.id = id
        self.from = from
        self.to = to
        self.minOffset = minOffset
        self.maxOffset = maxOffset
    }
    /// Messages that will be delivered again (positive) or skipped (negative).
    public var again: Int64 { (from ?? to) - to }
}

/// What became of a message that was published.
public struct SendReceipt: Sendable, Equatable {
    /// The unique key, as clients call the message id.
    public var id: String
    public var offsetID: String
    public var queue: QueueID
    /// Index in its queue; of a delayed or half message the index in the internal queue where it waits.
    public var queueOffset: Int64
    public var physicalOffset: Int64

    public init(id: String, offsetID: String, queue: QueueID, queueOffset: Int64, physicalOffset: Int64) {
        self.id = id
        self.offsetID = offsetID
        self.queue = queue
        self.queueOffset = queueOffset
        self.physicalOffset = physicalOffset
    }
}

/// Everything consoles and verbs ask of a broker, embedded or remote. Each call may throw ``APIError`` and nothing else.
public protocol Admin: Sendable {
    /// Names of topics and groups that somebody looks at: where not all can be asked for each time, these come first.
    func watch(_ names: Set<String>)
    func broker() async throws(APIError) -> BrokerStatus
    /// Samples newer than `since` (epoch ms), oldest first; the broker keeps the last 10 minutes.
    func flow(since: Int64) async throws(APIError) -> [FlowSample]
    func topics() async throws(APIError) -> [TopicSummary]
    func topic(_ name: String) async throws(APIError) -> TopicStatus
    func createTopic(_ config: TopicConfig) async throws(APIError)
    /// Changes an existing topic or creates it.
    func updateTopic(_ config: TopicConfig) async throws(APIError)
    func deleteTopic(_ name: String) async throws(APIError)
    func groups() async throws(APIError) -> [GroupSummary]
    func group(_ name: String) async throws(APIError) -> GroupStatus
    func updateGroup(_ config: GroupConfig) async throws(APIError)
    func deleteGroup(_ name: String) async throws(APIError)
    /// Previews (`dryRun`) or moves a group's offsets, a step a queue.
    func reset(_ request: ResetRequest) async throws(APIError) -> [ResetStep]
    func delays(_ query: DelayQuery) async throws(APIError) -> DelayPage
    func delayHistogram(start: Int64, width: Int64, buckets: Int) async throws(APIError) -> DelayHistogram
    func halves(skip: Int, limit: Int) async throws(APIError) -> HalfPage
    func half(id: String) async throws(APIError) -> HalfMessage
    /// Commits or rolls back an unresolved half by hand; ``APIError/Code/conflict`` when somebody resolved it meanwhile.
    func resolve(id: String, as resolution: Resolution, reason: String) async throws(APIError) -> ResolutionOutcome
    /// An operator's action, audited; or what it would do.
    func act(_ action: OperatorAction, _ context: ActionContext) async throws(APIError) -> ActionOutcome
    /// As ``act(_:_:)``, by this process's user.
    func act(_ action: OperatorAction, reason: String, dryRun: Bool) async throws(APIError) -> ActionOutcome
    func ask(_ question: OperatorQuestion) async throws(APIError) -> OperatorAnswer
    func browse(_ query: BrowseQuery) async throws(APIError) -> [StoredMessage]
    func publish(_ message: Message) async throws(APIError) -> SendReceipt
    /// Sends a half message; it stays unresolved until somebody commits it or rolls it back.
    func publishHalf(_ message: Message, producerGroup: String) async throws(APIError) -> SendReceipt
    /// Publishes stored messages again, to their own topic or another; each copy names its source.
    func replay(_ messages: [StoredMessage], to topic: String?) async throws(APIError) -> [SendReceipt]
}

extension Admin {
    public func watch(_ names: Set<String>) {}
}
