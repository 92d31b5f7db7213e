import SluiceAPI
import SluiceMessage
import SluiceStorage

/// A request as it goes to the broker of another process: all but publishing, whose messages go as bytes. What an operator
/// does goes as ``act(_:_:)`` only, since that is audited.
public enum WireRequest: Codable, Sendable {
    case pull(WirePull)
    case commit([OffsetCommit])
    case sendBack(SendBack)
    case endTransaction(EndTransaction)
    case register(WireRegistration)
    case unregister(client: String)
    case members(group: String)
    case lock(group: String, client: String, queues: [QueueID])
    case unlock(group: String, client: String, queues: [QueueID])
    case committed(group: String, queues: [QueueID])
    case offset(QueueID, OffsetTarget)
    case broker
    case flow(since: Int64)
    case topics
    case topic(String)
    case groups
    case group(String)
    case delays(DelayQuery)
    case delayHistogram(start: Int64, width: Int64, buckets: Int)
    case halves(skip: Int, limit: Int)
    case half(id: String)
    case act(OperatorAction, ActionContext)
    case question(OperatorQuestion)
    /// Records are read by the broker's process.
    case read(ReadRequest)

    /// Nil for what does not go this way.
    public init?(_ request: Request) {
        switch request {
        case .pull(let pull): self = .pull(WirePull(pull))
        case .commit(let commits): self = .commit(commits)
        case .sendBack(let back): self = .sendBack(back)
        case .endTransaction(let end): self = .endTransaction(end)
        case .register(let registration): self = .register(WireRegistration(registration))
        case .unregister(let client, _, _): self = .unregister(client: client)
        case .members(let group): self = .members(group: group)
        case .lock(let group, let client, let queues): self = .lock(group: group, client: client, queues: queues)
        case .unlock(let group, let client, let queues): self = .unlock(group: group, client: client, queues: queues)
        case .committed(let group, let queues): self = .committed(group: group, queues: queues)
        case .offset(let queue, let target): self = .offset(queue, target)
        default:
            guard let admin = Self.admin(request) else { return nil }
            self = admin
        }
    }

    private static func admin(_ request: Request) -> WireRequest? {
        switch request {
        case .broker: .broker
        case .flow(let since): .flow(since: since)
        case .topics: .topics
        case .topic(let name): .topic(name)
        case .groups: .groups
        case .group(let name): .group(name)
        case .delays(let query): .delays(query)
        case .delayHistogram(let start, let width, let buckets):
            .delayHistogram(start: start, width: width, buckets: buckets)
        case .halves(let skip, let limit): .halves(skip: skip, limit: limit)
        case .half(let id): .half(id: id)
        case .act(let action, let context): .act(action, context)
        case .question(let question): .question(question)
        default: nil
        }
    }

    /// The request for the broker; nil for a read, which its process does without it.
    /// - Parameter push: what a registration's pushes go through.
    public func request(_ address: String, push: @escaping @Sendable (ServerPush) -> Void) -> Request? {
        switch self {
        case .pull(let pull): .pull(pull.request)
        case .commit(let commits): .commit(commits)
        case .sendBack(let back): .sendBack(back)
        case .endTransaction(let end): .endTransaction(end)
        case .register(let registration): .register(registration.registration(address, push: push))
        case .unregister(let client): .unregister(client: client)
        case .members(let group): .members(group: group)
        case .lock(let group, let client, let queues): .lock(group: group, client: client, queues: queues)
        case .unlock(let group, let client, let queues): .unlock(group: group, client: client, queues: queues)
        case .committed(let group, let queues): .committed(group: group, queues: queues)
        case .offset(let queue, let target): .offset(queue, target)
        default: adminRequest
        }
    }

    private var adminRequest: Request? {
        switch self {
        case .broker: .broker
        case .flow(let since): .flow(since: since)
        case .topics: .topics
        case .topic(let name): .topic(name)
        case .groups: .groups
        case .group(let name): .group(name)
        case .delays(let query): .delays(query)
        case .delayHistogram(let start, let width, let buckets):
            .delayHistogram(start: start, width: width, buckets: buckets)
        case .halves(let skip, let limit): .halves(skip: skip, limit: limit)
        case .half(let id): .half(id: id)
        case .act(let action, let context): .act(action, context)
        case .question(let question): .question(question)
        default: nil
        }
    }
}

/// Records to be read where the log is.
public enum ReadRequest: Codable, Sendable {
    /// Of a queue from an offset on.
    case queue(QueueID, from: Int64, limit: Int)
    /// Candidates by topic and key, newest first; the caller compares.
    case key(topic: String, key: String, limit: Int)
    /// At a physical offset.
    case place(Int64)
}

/// ``PullRequest`` as it is sent.
public struct WirePull: Codable, Sendable {
    var group: String
    var queue: QueueID
    var offset: Int64
    var limit: Int
    var tags: [String]
    var wait: Int64
    var client: String?

    init(_ pull: PullRequest) {
        group = pull.group
        queue = pull.queue
        offset = pull.offset
        limit = pull.limit
        tags = pull.filter.tags.sorted()
        wait = pull.wait
        client = pull.client
    }

    public var request: PullRequest {
        PullRequest(
            group: group, queue: queue, offset: offset, limit: limit,
            filter: TagFilter(tags.isEmpty ? "*" : tags.joined(separator: " || ")), wait: min(max(wait, 0), 120_000),
            client: client)
    }
}

/// ``Registration`` as it is sent.
public struct WireRegistration: Codable, Sendable {
    public var client: String
    var language: String
    var version: Int
    var consumerGroup: String?
    var model: MessageModel
    var subscriptions: [String: Subscription]
    var producerGroup: String?

    init(_ registration: Registration) {
        client = registration.client
        language = registration.language
        version = registration.version
        consumerGroup = registration.consumerGroup
        model = registration.model
        subscriptions = registration.subscriptions
        producerGroup = registration.producerGroup
    }

    func registration(_ address: String, push: @escaping @Sendable (ServerPush) -> Void) -> Registration {
        Registration(
            client: client, address: address, language: language, version: version, consumerGroup: consumerGroup,
            model: model, subscriptions: subscriptions, producerGroup: producerGroup, push: push)
    }
}
