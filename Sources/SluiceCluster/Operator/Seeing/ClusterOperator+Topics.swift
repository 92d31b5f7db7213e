import SluiceAPI
import SluiceBroker
import SluiceMessage

/// Topics over all brokers.
extension ClusterOperator {
    /// Configured topics by name: queues are those of the broker that has most, permissions those of any.
    func allTopics(fresh: Bool = false) async throws(APIError) -> [String: TopicConfig] {
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            try await look.topics(fresh: fresh)
        }
        var all: [String: TopicConfig] = [:]
        for config in gathered.answers.flatMap(\.value.values) {
            guard var known = all[config.name] else {
                all[config.name] = config
                continue
            }
            known.readQueues = max(known.readQueues, config.readQueues)
            known.writeQueues = max(known.writeQueues, config.writeQueues)
            known.permission.formUnion(config.permission)
            all[config.name] = known
        }
        return all
    }

    func topicConfig(_ name: String) async throws(APIError) -> TopicConfig? { try await allTopics()[name] }

    func topicSummaries() async throws(APIError) -> [TopicSummary] {
        let looks = try await cluster.brokers()
        let configs = try await allTopics()
        let consumption = try await consumption(looks)
        let queues = try await Gathered.from(looks) { look throws(APIError) in
            await look.queues(of: try await look.topics().keys.sorted())
        }
        var seen: [String: [[Int: QueueStatus]]] = [:]
        for (name, value) in queues.answers.flatMap(\.value) { seen[name, default: []].append(value ?? [:]) }
        // A topic is counted when every broker that has it was asked.
        let holders = try await Gathered.from(looks) { look throws(APIError) in try await look.topics() }
        var wanted: [String: Int] = [:]
        for name in holders.answers.flatMap(\.value.keys) { wanted[name, default: 0] += 1 }
        let coverage = await holders.coverage
        return configs.values.map { config in
            let parts = seen[config.name] ?? []
            var summary = summary(
                config, parts.count >= wanted[config.name] ?? 1 ? parts.flatMap(\.values) : nil, consumption, looks)
            summary.coverage = coverage
            return summary
        }.sorted { $0.config.name < $1.config.name }
    }

    /// `queues` is nil where not all were counted: then the figures are -1.
    private func summary(
        _ config: TopicConfig, _ queues: [QueueStatus]?, _ consumption: [String: [String: Int64]], _ looks: [BrokerLook]
    ) -> TopicSummary {
        let groups = consumption[config.name] ?? [:]
        return TopicSummary(
            config: config, kind: StockNames.kind(config.name, looks),
            depth: queues.map { $0.reduce(0) { $0 + $1.depth } } ?? -1,
            published: queues.map { $0.reduce(0) { $0 + $1.maxOffset } } ?? -1,
            delivered: groups.values.reduce(0, +), groups: groups.count,
            lastStored: queues.map { $0.map(\.lastStored).max() ?? 0 } ?? -1)
    }

    /// Sums of committed offsets by topic and group.
    private func consumption(_ looks: [BrokerLook]) async throws(APIError) -> [String: [String: Int64]] {
        let gathered = try await Gathered.from(looks) { look throws(APIError) in try await look.committed() }
        var all: [String: [String: Int64]] = [:]
        for (group, offsets) in gathered.answers.flatMap(\.value) where !StockNames.isInternal(group: group) {
            for (queue, offset) in offsets { all[queue.topic, default: [:]][group, default: 0] += offset }
        }
        return all
    }

    func topicStatus(_ name: String) async throws(APIError) -> TopicStatus {
        let looks = try await cluster.brokers()
        guard let config = try await allTopics()[name] else {
            throw APIError(.notFound, "no broker of this cluster has a topic \(name)")
        }
        let queues = try await clusterQueues(of: name, looks)
        let consumption = try await consumption(looks)
        var groups: [TopicStatus.GroupOnTopic] = []
        for group in (consumption[name] ?? [:]).keys.sorted() {
            let positions = try await positions(group, looks).filter { $0.key.topic == name }
            groups.append(
                TopicStatus.GroupOnTopic(
                    group: group, lag: positions.values.reduce(0) { $0 + $1.lag },
                    clients: try await members(group, looks).clients.count))
        }
        var summary = summary(config, queues, consumption, looks)
        summary.coverage = try await coverage(looks)
        return TopicStatus(summary: summary, queues: queues, groups: groups)
    }

    /// Which brokers answer now.
    func coverage(_ looks: [BrokerLook]) async throws(APIError) -> Coverage? {
        guard looks.count > 1 else { return nil }
        return await (try await Gathered.from(looks) { look throws(APIError) in try await look.topics() }).coverage
    }

    /// A topic's queues by the cluster's numbers.
    func clusterQueues(of topic: String, _ looks: [BrokerLook]) async throws(APIError) -> [QueueStatus] {
        let gathered = try await Gathered.from(looks) { look throws(APIError) in
            try await look.queues(of: topic) ?? [:]
        }
        return gathered.answers.flatMap { look, queues in
            queues.values.map { status in
                var status = status
                status.queue = look.broker.number(status.queue)
                return status
            }
        }.sorted { $0.queue < $1.queue }
    }
}
