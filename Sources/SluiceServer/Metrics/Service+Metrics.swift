import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// What `/metrics` and `/healthz` say.
extension Service {
    func metricsText() async -> String {
        var snapshot = MetricsSnapshot(cluster: options.cluster, node: options.brokerName)
        guard case .broker(let status)? = try? await ask(.broker), case .topics(let topics)? = try? await ask(.topics),
            case .groups(let groups)? = try? await ask(.groups), case .configs(let configs)? = try? await ask(.configs)
        else {
            snapshot.isUp = false
            return brokerMetrics(snapshot)
        }
        snapshot.isUp = status.refusing == nil
        snapshot.topics = topics.map { topic in
            var line = MetricsSnapshot.Topic(name: topic.config.name, kind: topic.kind, messagesIn: topic.published)
            line.messagesOut = topic.delivered
            line.depth = topic.depth
            return line
        }
        for config in configs.groups {
            guard case .group(let group)? = try? await ask(.group(config.name)) else { continue }
            snapshot.groups += Self.lines(group)
        }
        snapshot.consumers = groups.filter { $0.clients > 0 }.map { .init(group: $0.config.name, count: $0.clients) }
        if case .registrations(let producers)? = try? await ask(.producers(group: nil)) {
            let byGroup = Dictionary(grouping: producers) { $0.producerGroup ?? "" }
            snapshot.producers = byGroup.sorted { $0.key < $1.key }.map { .init(group: $0.key, count: $0.value.count) }
        }
        snapshot.pendingDelays = Int64(status.pendingDelays)
        snapshot.unresolvedHalves = Int64(status.unresolvedHalves)
        snapshot.oldestHalfSeconds = status.oldestHalf.map { Double(max(0, now - $0)) / 1_000 }
        snapshot.storageBytes = status.logBytes
        snapshot.diskFreeBytes = status.diskFreeBytes
        return brokerMetrics(snapshot)
    }

    /// A line a topic of a group.
    private static func lines(_ group: GroupStatus) -> [MetricsSnapshot.Group] {
        let byTopic = Dictionary(grouping: group.queues, by: \.id.topic)
        return byTopic.sorted { $0.key < $1.key }.map { topic, queues in
            var line = MetricsSnapshot.Group(
                name: group.summary.config.name, topic: topic, kind: topic.hasPrefix("%RETRY%") ? .retry : .normal,
                lag: queues.reduce(0) { $0 + $1.lag })
            line.lagMilliseconds = GroupQueueStatus.behind(queues)
            return line
        }
    }

    func health() async -> (ok: Bool, text: String) {
        guard case .broker(let status)? = try? await ask(.broker) else { return (false, "the broker does not answer") }
        if let reason = status.refusing { return (false, reason) }
        return (true, "ok")
    }
}
