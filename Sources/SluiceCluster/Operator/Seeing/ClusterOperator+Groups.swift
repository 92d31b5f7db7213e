import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization

/// Consumer groups over all brokers.
extension ClusterOperator {
    /// Configured groups, and those that have offsets only.
    func allGroups(fresh: Bool = false) async throws(APIError) -> [String: GroupConfig] {
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            (try await look.groups(fresh: fresh), try await look.committed())
        }
        var all: [String: GroupConfig] = [:]
        for (_, (groups, offsets)) in gathered.answers {
            for (name, group) in groups where !StockNames.isInternal(group: name) {
                // One broker that refuses pulls is what an operator has to see.
                if all[name].map({ $0.consumeEnabled }) ?? true { all[name] = group.config }
            }
            for name in offsets.keys where all[name] == nil && !StockNames.isInternal(group: name) {
                all[name] = GroupConfig(name: name)
            }
        }
        return all
    }

    func groupSummaries() async throws(APIError) -> [GroupSummary] {
        let looks = try await cluster.brokers()
        let groups = try await allGroups()
        let names = groups.keys.sorted()
        let gathered = try await Gathered.from(looks) { look throws(APIError) in
            let topics = try await look.topics()
            let letters = names.map(TopicName.deadLetter).filter { topics[$0] != nil }
            return GroupsOfBroker(
                committed: try await look.committed(), stats: try await look.stats(),
                members: await look.members(of: names), deadLetterTopics: Set(letters),
                deadLetters: await look.letters(of: letters))
        }
        let brokers = gathered.answers.map(\.value)
        let coverage = await gathered.coverage
        return names.compactMap { name in
            groups[name].map { config in
                var summary = summary(config, brokers)
                summary.coverage = coverage
                return summary
            }
        }
    }

    private func summary(_ config: GroupConfig, _ brokers: [GroupsOfBroker]) -> GroupSummary {
        let name = config.name
        let positions = brokers.flatMap { $0.stats[name]?.map(\.value) ?? [] }
        let members = brokers.compactMap { $0.members[name] }
        let model = members.compactMap(\.model).first ?? .clustering
        // Without offsets nobody knows where the group would begin.
        let hasNoLag = model == .broadcasting || positions.isEmpty
        let late = positions.filter { $0.lag > 0 }
        let clients = Set(members.flatMap { $0.clients.map(\.id) })
        let letters = TopicName.deadLetter(name)
        let holders = brokers.filter { $0.deadLetterTopics.contains(letters) }
        let counted = holders.compactMap { $0.deadLetters[letters] }
        let topics = Set(brokers.flatMap { $0.committed[name]?.keys.map(\.topic) ?? [] })
            .union(members.flatMap(\.subscriptions.keys))
        return GroupSummary(
            config: config, model: model, clients: members.count < brokers.count ? -1 : clients.count,
            lag: hasNoLag ? nil : positions.reduce(0) { $0 + $1.lag }, behind: hasNoLag ? nil : behind(late),
            delivered: brokers.reduce(0) { $0 + $1.sum(name) }, committed: brokers.reduce(0) { $0 + $1.sum(name) },
            deadLetters: counted.count < holders.count
                ? -1 : counted.reduce(0) { $0 + ($1?.values.reduce(0) { $0 + $1.depth } ?? 0) },
            topics: topics.filter { !$0.hasPrefix(TopicName.retryPrefix) }.sorted())
    }

    /// By the last message that was consumed of a queue with a lag: what comes after it is no older. Nil where a broker
    /// does not know its time.
    private func behind(_ late: [ConsumePosition]) -> Int64? {
        guard !late.isEmpty else { return 0 }
        guard let oldest = late.map(\.lastTimestamp).min(), oldest > 0 else { return nil }
        return max(0, now() - oldest)
    }

    // MARK: One group

    /// How a group stands on its queues, these by the cluster's numbers.
    func positions(_ group: String, _ looks: [BrokerLook]) async throws(APIError) -> [QueueID: ConsumePosition] {
        let gathered = try await Gathered.from(looks) { look throws(APIError) in
            try await look.broker.consumeStats(group)
        }
        var all: [QueueID: ConsumePosition] = [:]
        for (look, positions) in gathered.answers {
            for (id, position) in positions { all[look.broker.id(id.topic, id.queue)] = position }
        }
        return all
    }

    /// Members over all brokers: a client is connected to each.
    func members(_ group: String, _ looks: [BrokerLook]) async throws(APIError) -> GroupMembers {
        let gathered = try await Gathered.from(looks) { look throws(APIError) in try await look.members(of: group) }
        var all = GroupMembers(.null)
        for (_, members) in gathered.answers {
            all.clients += members.clients.filter { client in !all.clients.contains { $0.id == client.id } }
            all.subscriptions.merge(members.subscriptions) { $1 }
            all.model = all.model ?? members.model
        }
        return all
    }

    func groupStatus(_ name: String) async throws(APIError) -> GroupStatus {
        let looks = try await cluster.brokers()
        guard let config = try await allGroups()[name] else {
            throw APIError(.notFound, "no broker of this cluster knows a consumer group \(name)")
        }
        let members = try await members(name, looks)
        let positions = try await positions(name, looks)
        var queues: [GroupQueueStatus] = []
        for topic in Set(positions.keys.map(\.topic)).sorted() {
            let states = try await clusterQueues(of: topic, looks)
            let first = Dictionary(states.map { ($0.queue, $0.minOffset) }) { $1 }
            for (id, position) in positions where id.topic == topic {
                queues.append(try await queue(id, position, first[id.queue] ?? 0, group: name))
            }
        }
        let letters = try await clusterQueues(of: TopicName.deadLetter(name), looks)
        let hasNoLag = members.model == .broadcasting || positions.isEmpty
        let committed = positions.values.reduce(0) { $0 + $1.offset }
        var summary = GroupSummary(
            config: config, model: members.model ?? .clustering, clients: members.clients.count,
            lag: hasNoLag ? nil : queues.reduce(0) { $0 + $1.lag },
            behind: hasNoLag ? nil : GroupQueueStatus.behind(queues), delivered: committed, committed: committed,
            deadLetters: letters.reduce(0) { $0 + $1.depth },
            topics: Set(positions.keys.map(\.topic)).union(members.subscriptions.keys)
                .filter { !$0.hasPrefix(TopicName.retryPrefix) }.sorted())
        summary.coverage = try await coverage(looks)
        return GroupStatus(summary: summary, queues: queues.sorted { $0.id < $1.id }, clients: members.clients)
    }

    private func queue(
        _ id: QueueID, _ position: ConsumePosition, _ first: Int64, group: String
    ) async throws(APIError) -> GroupQueueStatus {
        var behind: Int64? = 0
        if position.lag > 0 {
            let stored = try await storeTime(id, max(position.offset, first))
            behind =
                stored.map { max(0, now() - $0) } ?? (position.lastTimestamp > 0 ? now() - position.lastTimestamp : nil)
        }
        return GroupQueueStatus(
            id: id, minOffset: first, maxOffset: position.end, offset: position.offset, client: nil, behind: behind,
            lastMoved: moved(id, group, position.offset))
    }

    /// When the message at an offset was stored; nil when it is not there.
    private func storeTime(_ id: QueueID, _ offset: Int64) async throws(APIError) -> Int64? {
        let key = "\(id.topic) \(id.queue) \(offset)"
        if let known = storeTimes.withLock({ $0[key] }) { return known }
        let look = try await cluster.broker(ofQueue: id.queue)
        let found = try await look.broker.look(id.topic, ClusterQueue.queue(id.queue), from: offset, most: 1)
        guard let time = found.messages.first?.storeTimestamp else { return nil }
        storeTimes.withLock { times in
            if times.count > 10_000 { times.removeAll() }
            times[key] = time
        }
        return time
    }

    /// When this console first saw the offset, where it has seen another before; 0 otherwise.
    private func moved(_ id: QueueID, _ group: String, _ offset: Int64) -> Int64 {
        movements.withLock { movements in
            if movements.count > 50_000 { movements.removeAll() }
            let key = "\(group) \(id.topic) \(id.queue)"
            guard let known = movements[key] else {
                movements[key] = (offset, 0)
                return 0
            }
            if known.offset == offset { return known.at }
            movements[key] = (offset, now())
            return now()
        }
    }
}

/// What one broker knows of all groups.
private struct GroupsOfBroker: Sendable {
    var committed: [String: [QueueID: Int64]]
    var stats: [String: [QueueID: ConsumePosition]]
    var members: [String: GroupMembers]
    var deadLetterTopics: Set<String>
    var deadLetters: [String: [Int: QueueStatus]?]

    /// Retries are not counted twice.
    func sum(_ group: String) -> Int64 {
        (committed[group] ?? [:]).filter { !$0.key.topic.hasPrefix(TopicName.retryPrefix) }.values.reduce(0, +)
    }
}
