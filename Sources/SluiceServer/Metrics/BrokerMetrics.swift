import SluiceAPI

/// A broker's metrics in Prometheus' text form. They have RocketMQ 5's names, labels and units (its
/// `BrokerMetricsConstant` and `DefaultStoreMetricsConstant`), so that its dashboards show a broker of Sluice too; what
/// RocketMQ has no metric for begins with `sluice_`.
public func brokerMetrics(_ snapshot: MetricsSnapshot) -> String {
    var text = MetricsText(labels: [
        ("node_type", "broker"), ("cluster", snapshot.cluster), ("node_id", snapshot.node),
    ])
    text.gauge("sluice_up", help: "1 while the broker takes messages, else 0", value: snapshot.isUp ? 1 : 0)
    if snapshot.isUp {
        let groups = Set(snapshot.groups.map(\.name)).count
        text.gauge("rocketmq_topic_number", help: "Topics", value: Double(snapshot.topics.count))
        text.gauge("rocketmq_consumer_group_number", help: "Consumer groups", value: Double(groups))
    }
    for topic in snapshot.topics { text.add(topic) }
    for group in snapshot.groups { text.add(group) }
    text.add(producers: snapshot.producers, consumers: snapshot.consumers)
    for waiting in snapshot.waiting {
        text.gauge(
            "rocketmq_processor_watermark", help: "Requests that wait for their processor",
            labels: [("processor", waiting.processor)], value: Double(waiting.count))
    }
    text.addPending(snapshot)
    text.addStorage(snapshot)
    return text.text
}

/// RocketMQ gives these to everything of the store and the timer.
private let storageLabels = [("storage_type", "local"), ("storage_medium", "disk")]

extension TopicKind {
    /// Retries and dead letters are the users', not the system's.
    fileprivate var isSystemLabel: (String, String) { ("is_system", String(self == .system)) }
    fileprivate var isRetryLabel: (String, String) { ("is_retry", String(self == .retry || self == .deadLetter)) }
}

extension MetricsText {
    /// Adds a gauge whose value is known.
    private mutating func gauge(_ name: String, _ help: String, _ labels: [(String, String)], _ value: Int64?) {
        if let value { gauge(name, help: help, labels: labels, value: Double(value)) }
    }

    private mutating func counter(_ name: String, _ help: String, _ labels: [(String, String)], _ value: Int64?) {
        if let value { counter(name, help: help, labels: labels, value: Double(value)) }
    }

    fileprivate mutating func add(_ topic: MetricsSnapshot.Topic) {
        let name = ("topic", topic.name)
        let labels = [name, topic.kind.isSystemLabel, topic.kind.isRetryLabel]
        counter("rocketmq_messages_in_total", "Messages stored", labels, topic.messagesIn)
        counter("rocketmq_throughput_in_total", "Bytes of messages stored", labels, topic.bytesIn)
        counter("rocketmq_messages_out_total", "Messages delivered, over all groups", labels, topic.messagesOut)
        counter("rocketmq_throughput_out_total", "Bytes of messages delivered", labels, topic.bytesOut)
        gauge("sluice_topic_messages", "Messages that can be read", labels, topic.depth)
        gauge("rocketmq_timing_messages", "Delayed messages that wait", storageLabels + [name], topic.pendingDelays)
        gauge("rocketmq_half_messages", "Half messages without commit or rollback", [name], topic.unresolvedHalves)
    }

    fileprivate mutating func add(_ group: MetricsSnapshot.Group) {
        // Consumers of the system's own are named so (RocketMQ's MixAll).
        let isSystem = group.kind == .system || group.name.lowercased().hasPrefix("cid_rmq_sys_")
        let labels = [
            ("consumer_group", group.name), ("topic", group.topic), ("is_system", String(isSystem)),
            group.kind.isRetryLabel,
        ]
        gauge("rocketmq_consumer_lag_messages", "Messages not acknowledged by a group", labels, group.lag)
        gauge(
            "rocketmq_consumer_lag_latency", "Age of a group's oldest message not acknowledged, milliseconds", labels,
            group.lagMilliseconds)
        gauge("rocketmq_consumer_inflight_messages", "Messages delivered and not acknowledged", labels, group.inflight)
        gauge("rocketmq_consumer_ready_messages", "Messages not delivered yet", labels, group.ready)
        counter(
            "rocketmq_send_to_dlq_messages_total", "Messages that failed too often", Array(labels.dropLast()),
            group.deadLetters)
    }

    fileprivate mutating func add(producers: [MetricsSnapshot.Clients], consumers: [MetricsSnapshot.Clients]) {
        func labels(_ clients: MetricsSnapshot.Clients, _ group: String) -> [(String, String)] {
            [(group, clients.group), ("language", clients.language), ("version", clients.version)]
                .compactMap { name, value in value.map { (name, $0) } } + [("protocol_type", "remoting")]
        }
        for clients in Self.merged(producers) {
            let labels = labels(clients, "producer_group")
            gauge("rocketmq_producer_connections", "Connected producers", labels, Int64(clients.count))
        }
        for clients in Self.merged(consumers) {
            let labels = labels(clients, "consumer_group")
            gauge("rocketmq_consumer_connections", "Connected consumers", labels, Int64(clients.count))
        }
    }

    /// Two samples with the same labels would make the whole text unreadable.
    private static func merged(_ all: [MetricsSnapshot.Clients]) -> [MetricsSnapshot.Clients] {
        var merged: [MetricsSnapshot.Clients] = []
        var places: [[String?]: Int] = [:]
        for clients in all {
            let labels = [clients.group, clients.language, clients.version]
            if let place = places[labels] {
                merged[place].count += clients.count
            } else {
                places[labels] = merged.count
                merged.append(clients)
            }
        }
        return merged
    }

    fileprivate mutating func addPending(_ snapshot: MetricsSnapshot) {
        gauge("sluice_pending_delays", "Delayed messages that wait", [], snapshot.pendingDelays)
        gauge(
            "rocketmq_timer_dequeue_lag", "Delayed messages whose moment is past", storageLabels, snapshot.dueDelays)
        gauge(
            "rocketmq_timer_dequeue_latency", "How late the first of them is, milliseconds", storageLabels,
            snapshot.dueDelayMilliseconds)
        gauge("sluice_unresolved_halves", "Half messages without commit or rollback", [], snapshot.unresolvedHalves)
        if let age = snapshot.oldestHalfSeconds {
            gauge("sluice_oldest_half_seconds", help: "Age of the oldest unresolved half message", value: age)
        }
        gauge("sluice_set_aside_halves", "Half messages given up on", [], snapshot.setAsideHalves)
    }

    fileprivate mutating func addStorage(_ snapshot: MetricsSnapshot) {
        gauge("rocketmq_storage_size", "Bytes that the data folder takes", storageLabels, snapshot.storageBytes)
        gauge(
            "rocketmq_storage_flush_behind_bytes", "Bytes taken and not on the disk yet", storageLabels,
            snapshot.unflushedBytes)
        gauge(
            "rocketmq_storage_message_reserve_time", "Age of the oldest message, milliseconds", storageLabels,
            snapshot.oldestMessageMilliseconds)
        gauge("sluice_disk_free_bytes", "Bytes free where the data folder lies", [], snapshot.diskFreeBytes)
    }
}
