import SluiceMessage
import SluiceRemoting
import SluiceTapes

/// What a broker must hold before a tape is replayed on it, read off the tape's own answers.
struct TapeState {
    struct Topic {
        var readQueues: Int64
        var writeQueues: Int64
        var permission: Int64
    }

    /// A client that was connected before the tape began.
    struct Client {
        var consumers: [JSONValue] = []
        var producers: [String] = []
    }

    struct GroupQueue: Hashable {
        var group: String
        var queue: QueueID
    }

    struct Setting: Hashable {
        var namespace: String
        var key: String
    }

    var topics: [String: Topic] = [:]
    /// Messages that a queue had when the tape began, and those of them that the tape shows.
    var depths: [QueueID: Int64] = [:]
    var messages: [QueueID: [Int64: StoredMessage]] = [:]
    /// Groups that had consumers once, and configurations of groups.
    var groups: Set<String> = []
    var groupConfigs: [String: JSONValue] = [:]
    var offsets: [GroupQueue: Int64] = [:]
    var clients: [String: Client] = [:]
    var settings: [Setting: String] = [:]

    /// What came to be while the tape ran.
    var made = Made()
    struct Made {
        var topics: Set<String> = []
        var groups: Set<String> = []
        var settings: Set<Setting> = []
        var offsets: Set<GroupQueue> = []
    }
    /// Groups without a retry topic: no consumer of theirs ever sent a heartbeat.
    var pullGroups: Set<String> = []

    /// Producers were asked about their transactions.
    private(set) var checksHalves = false

    let broker: String
    let startedMs: Int64

    init(_ tape: Tape, broker: String = "broker-a") throws {
        self.broker = broker
        startedMs = tape.meta.startedMs
        let frames = try tape.frames()
        for taped in frames {
            guard taped.peer == "namesrv" || taped.peer.hasPrefix(broker) else { continue }
            if taped.isFromClient, taped.isRequest {
                note(taped.frame)
            } else if !taped.isFromClient, taped.frame.isResponse, let request = taped.partner {
                learn(frames[request].frame, taped.frame)
            }
        }
        groups.subtract(pullGroups)
        checksHalves = frames.contains { $0.frame.code == RequestCode.checkTransactionState && !$0.isFromClient }
        try addClients(of: tape, frames)
    }

    /// A request of the tape makes things that are not to be there before.
    private mutating func note(_ request: Frame) {
        switch request.code {
        case RequestCode.updateAndCreateTopic, RequestCode.sendMessage, RequestCode.sendMessageV2,
            RequestCode.sendBatchMessage:
            let name = request["topic"] ?? request["b"] ?? ""
            if topics[name] == nil { made.topics.insert(name) }
        case RequestCode.heartBeat:
            for consumer in (try? JSONParser.parse(request.body))?["consumerDataSet"]?.items ?? [] {
                makes(group: consumer["groupName"]?.text ?? "")
            }
        case RequestCode.updateAndCreateSubscriptionGroup:
            makes(group: (try? JSONParser.parse(request.body))?["groupName"]?.text ?? "")
        case RequestCode.putKV:
            made.settings.insert(Setting(namespace: request["namespace"] ?? "", key: request["key"] ?? ""))
        case RequestCode.updateConsumerOffset: made.offsets.insert(groupQueue(request))
        default: break
        }
    }

    private mutating func makes(group: String) {
        guard !groups.contains(group) else { return }
        made.groups.insert(group)
        made.topics.insert("%RETRY%" + group)
    }

    func groupQueue(_ request: Frame) -> GroupQueue {
        GroupQueue(group: request["consumerGroup"] ?? "", queue: queue(request))
    }

    func queue(_ request: Frame) -> QueueID { QueueID(request["topic"] ?? "", Int(request.integer("queueId") ?? 0)) }

    /// A queue as bodies name it; nil for another broker's.
    func queue(_ name: JSONValue) -> QueueID? {
        guard name["brokerName"]?.text == broker, let topic = name["topic"]?.text, let queue = name["queueId"]?.integer
        else { return nil }
        return QueueID(topic, Int(queue))
    }

    // MARK: Learning

    mutating func had(topic name: String, _ topic: Topic) {
        guard topics[name] == nil, !made.topics.contains(name) else { return }
        topics[name] = topic
        if name.hasPrefix("%RETRY%") { had(group: String(name.dropFirst(7))) }
    }

    mutating func had(group name: String) {
        if !made.groups.contains(name) { groups.insert(name) }
    }

    /// The first that is heard of a queue tells how deep it was.
    mutating func had(_ queue: QueueID, depth: Int64) {
        if depths[queue] == nil { depths[queue] = depth }
    }

    mutating func had(_ place: GroupQueue, offset: Int64) {
        had(group: place.group)
        if offsets[place] == nil, !made.offsets.contains(place) { offsets[place] = offset }
    }

    /// Clients of connections that the tape does not see begin.
    private mutating func addClients(of tape: Tape, _ frames: [TapedFrame]) throws {
        let opened = Set(
            tape.events.compactMap { event -> Int? in
                if case .opened = event.content { event.connection } else { nil }
            })
        let isLive = frames.contains { taped in
            !opened.contains(taped.connection) && taped.peer == broker
                && (taped.frame["consumerGroup"] ?? taped.frame["group"]) == Self.liveGroup
        }
        // The live consumer was there for all tapes of mqadmin; one of them describes it.
        guard isLive, !clients.values.contains(where: { !$0.consumers.isEmpty }) else { return }
        let others = try TapeState(Tape("4.9.8/mqadmin-consumerConnection"), broker: broker)
        clients.merge(others.clients) { mine, _ in mine }
    }

    private static let liveGroup = "GID_live"
}
