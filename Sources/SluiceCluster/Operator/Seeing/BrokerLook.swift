import SluiceAPI
import SluiceBroker
import SluiceMessage
import Synchronization

/// What is known of one broker, and how old it may be.
final class BrokerLook: Sendable {
    let broker: StockBroker
    let now: @Sendable () -> Int64
    /// Names of topics and groups that somebody looks at.
    let watched: Watched
    let runtimeInfo = Kept<[String: String]>()
    /// What is configured changes seldom, and is asked for anew after a change from here.
    private let configuredTopics = Kept<[String: TopicConfig]>(bytesPerSecond: 5_000)
    private let configuredGroups = Kept<[String: StockGroup]>(bytesPerSecond: 5_000)
    let offsets = Kept<[String: [QueueID: Int64]]>()
    private let allStats = Kept<[String: [QueueID: ConsumePosition]]>()
    private let allProducers = Kept<[String: [ClientStatus]]>(shortest: 2_000)
    /// The options change seldom and are long.
    private let optionTexts = Kept<[String: String]>(shortest: 60_000)
    private let topicStats = Rotation<[Int: QueueStatus]?>()
    /// The same for the dead letter topics alone, which the groups screen wants.
    private let letterStats = Rotation<[Int: QueueStatus]?>()
    private let memberships = Rotation<GroupMembers>()
    let delays: DelayLook
    let halves: HalfLook

    init(_ broker: StockBroker, watched: Watched, now: @escaping @Sendable () -> Int64) {
        self.broker = broker
        self.watched = watched
        self.now = now
        delays = DelayLook(broker)
        halves = HalfLook(broker)
    }

    var node: ClusterBroker { broker.node }

    func runtime() async throws(APIError) -> [String: String] {
        try await runtimeInfo.get(now: now()) { [broker] () throws(APIError) in try await broker.runtime() }
    }

    func topics(fresh: Bool = false) async throws(APIError) -> [String: TopicConfig] {
        try await configuredTopics.get(now: now(), fresh: fresh) { [broker] () throws(APIError) in
            try await broker.topicConfigs()
        }
    }

    func groups(fresh: Bool = false) async throws(APIError) -> [String: StockGroup] {
        try await configuredGroups.get(now: now(), fresh: fresh) { [broker] () throws(APIError) in
            try await broker.groupConfigs()
        }
    }

    /// Committed offsets by group; queues by this broker's own numbers.
    func committed(fresh: Bool = false) async throws(APIError) -> [String: [QueueID: Int64]] {
        try await offsets.get(now: now(), fresh: fresh) { [broker] () throws(APIError) in
            try await broker.consumerOffsets()
        }
    }

    func stats() async throws(APIError) -> [String: [QueueID: ConsumePosition]] {
        try await allStats.get(now: now()) { [broker] () throws(APIError) in try await broker.allConsumeStats() }
    }

    func producers() async throws(APIError) -> [String: [ClientStatus]] {
        try await allProducers.get(now: now()) { [broker] () throws(APIError) in try await broker.allProducers() }
    }

    func options() async throws(APIError) -> [String: String] {
        try await optionTexts.get(now: now()) { [broker] () throws(APIError) in try await broker.options() }
    }

    /// The levels of this broker in milliseconds, level 1 first.
    func levels() async throws(APIError) -> [Int64] {
        let text = try await options()["messageDelayLevel"]
        return (text.flatMap { DelayLevels($0) } ?? .standard).milliseconds
    }

    /// Queues of these topics by topic and their own number, as far as they were asked for already.
    func queues(of topics: [String]) async -> [String: [Int: QueueStatus]?] {
        await topicStats.look(topics, first: watched.withLock { $0 }, now: now()) { [broker] name throws(APIError) in
            try await broker.topicStats(name)
        }
    }

    /// The same for dead letter topics.
    func letters(of topics: [String]) async -> [String: [Int: QueueStatus]?] {
        await letterStats.look(topics, first: watched.withLock { Set($0.map(TopicName.deadLetter)) }, now: now()) {
            [broker] name throws(APIError) in try await broker.topicStats(name)
        }
    }

    /// One topic's queues now; nil when this broker does not have the topic.
    func queues(of topic: String) async throws(APIError) -> [Int: QueueStatus]? {
        try await topicStats.fresh(topic, now: now()) { [broker] name throws(APIError) in
            try await broker.topicStats(name)
        }
    }

    func members(of groups: [String]) async -> [String: GroupMembers] {
        await memberships.look(groups, first: watched.withLock { $0 }, now: now()) { [broker] name throws(APIError) in
            try await broker.consumers(name)
        }
    }

    func members(of group: String) async throws(APIError) -> GroupMembers {
        try await memberships.fresh(group, now: now()) { [broker] name throws(APIError) in
            try await broker.consumers(name)
        }
    }

    /// True while what is told of it is what was known before: the newest try to ask it failed.
    var isSilent: Bool {
        get async {
            if await runtimeInfo.failure != nil { return true }
            if await configuredTopics.failure != nil { return true }
            if await configuredGroups.failure != nil { return true }
            if await offsets.failure != nil { return true }
            return await allStats.failure != nil
        }
    }

    /// After a change by hand everything is looked at again.
    func forget() async {
        await configuredTopics.forget()
        await configuredGroups.forget()
        await offsets.forget()
        await allStats.forget()
    }
}

/// Names that somebody looks at.
final class Watched: Sendable {
    private let names: Mutex<Set<String>>
    init(_ names: Set<String>) { self.names = Mutex(names) }
    func withLock<T: Sendable>(_ body: (inout sending Set<String>) -> T) -> T { names.withLock { body(&$0) } }
}

/// The brokers of a cluster with what is known of them.
actor ClusterLook {
    private let calls: any ClusterCalls
    private let now: @Sendable () -> Int64
    private var looks: [String: BrokerLook] = [:]
    let watched = Watched([])

    init(_ calls: any ClusterCalls, now: @escaping @Sendable () -> Int64) {
        self.calls = calls
        self.now = now
    }

    /// All brokers with a master, in the order of their numbers.
    func brokers(refresh: Bool = false) async throws(APIError) -> [BrokerLook] {
        let nodes = try await calls.brokers(refresh: refresh)
        guard !nodes.isEmpty else {
            throw APIError(
                .unreachable, "the name servers know of no broker with a master: start one, or look at its log")
        }
        return nodes.sorted { $0.index < $1.index }.map { node in
            if let look = looks[node.name], look.node == node { return look }
            let look = BrokerLook(StockBroker(calls: calls, node: node), watched: watched, now: now)
            looks[node.name] = look
            return look
        }
    }

    func broker(ofQueue number: Int) async throws(APIError) -> BrokerLook {
        let index = ClusterQueue.broker(number)
        guard let look = try await brokers().first(where: { $0.node.index == index }) else {
            throw APIError(.notFound, "queue \(number) is on broker number \(index), which is not in this cluster")
        }
        return look
    }
}

/// Asks all brokers at once.
struct Gathered<Value: Sendable>: Sendable {
    /// What those said that answered.
    var answers: [(look: BrokerLook, value: Value)] = []
    var failures: [(look: BrokerLook, error: APIError)] = []

    /// - Throws: the first error where nobody answered.
    static func from(
        _ looks: [BrokerLook], _ ask: @escaping @Sendable (BrokerLook) async throws(APIError) -> Value
    ) async throws(APIError) -> Gathered {
        var gathered = Gathered()
        let results = await withTaskGroup(of: (Int, Result<Value, APIError>).self) { group in
            for (index, look) in looks.enumerated() {
                group.addTask {
                    // Not in a tuple around the call that throws: optimised builds lose values there (Swift 6.3).
                    let result: Result<Value, APIError>
                    do throws(APIError) { result = .success(try await ask(look)) } catch { result = .failure(error) }
                    return (index, result)
                }
            }
            var results: [(Int, Result<Value, APIError>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }
        }
        for (index, result) in results {
            switch result {
            case .success(let value): gathered.answers.append((looks[index], value))
            case .failure(let error): gathered.failures.append((looks[index], error))
            }
        }
        if gathered.answers.isEmpty, let failure = gathered.failures.first { throw failure.error }
        return gathered
    }

    /// Who answered, of several, where nothing that was known before stands in; nil where there is only one.
    var answered: Coverage? {
        guard answers.count + failures.count > 1 else { return nil }
        return Coverage(counted: answers.map(\.look.node.name), without: failures.map(\.look.node.name))
    }

    /// Which of several brokers are in what was gathered, and not by what was known before; nil where there is only one.
    var coverage: Coverage? {
        get async {
            guard answers.count + failures.count > 1 else { return nil }
            var coverage = Coverage(counted: [], without: failures.map(\.look.node.name))
            for (look, _) in answers {
                if await look.isSilent {
                    coverage.without.append(look.node.name)
                } else {
                    coverage.counted.append(look.node.name)
                }
            }
            coverage.without.sort()
            return coverage
        }
    }

    /// A sentence about who did not answer; nil where all did.
    var missing: String? {
        guard let first = failures.first else { return nil }
        let names = failures.map(\.look.node.name).joined(separator: ", ")
        return "without \(names): \(first.error.message)"
    }
}
