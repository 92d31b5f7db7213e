import SluiceAPI
import SluiceMessage

/// What the broker answered last.
struct ConsoleData: Sendable {
    var broker = Fetched<BrokerStatus>()
    var flow = FlowHistory()
    /// When the newest flow answer came, and why it did not.
    var flowState = Fetched<Int>()
    var topics = Fetched<[TopicSummary]>()
    var groups = Fetched<[GroupSummary]>()
    var topic: [String: Fetched<TopicStatus>] = [:]
    var group: [String: Fetched<GroupStatus>] = [:]
    var delays = Fetched<DelayPage>()
    /// Overview and delays screen ask for different widths.
    var histograms: [Int64: Fetched<DelayHistogram>] = [:]
    var halves = Fetched<HalfPage>()
    var pages: [QueueID: Fetched<MessagePage>] = [:]
    var message: [MessageID: Fetched<StoredMessage?>] = [:]
    /// What RocketMQ has no request for, by its question.
    var told: [OperatorQuestion: Fetched<OperatorAnswer>] = [:]

    /// What clients have said of a message in the trace topic, by its id.
    var traces: [String: Fetched<[StoredMessage]>] = [:]

    var published: [String: CounterTrack] = [:]
    var delivered: [String: CounterTrack] = [:]
    var committed: [String: CounterTrack] = [:]
    var lag: [String: LevelTrack] = [:]
    var queueOffsets: [GroupQueue: CounterTrack] = [:]
    /// Messages stored by a replay, by its number.
    var replayed: [Int: CounterTrack] = [:]
    var queueMax: [GroupQueue: CounterTrack] = [:]
}

struct MessagePage: Sendable, Equatable {
    var from: Int64
    var messages: [StoredMessage]
}

struct MessageID: Sendable, Hashable {
    var queue: QueueID
    var offset: Int64
}

struct GroupQueue: Sendable, Hashable {
    var group: String
    var queue: QueueID
}
