import SluiceAPI
import SluiceMessage
import SluiceStorage

extension Broker {
    // MARK: Topics

    /// Makes a topic and journals it.
    func makeTopic(_ config: TopicConfig, at place: Int64? = nil) -> Topic {
        let topic = Topic(config, kind: kind(of: config.name))
        topics[config.name] = topic
        topicsGeneration += 1
        journalTopic(config, at: place)
        return topic
    }

    /// What kind of topic a name stands for on this broker, which has topics of its own by its own names.
    func kind(of name: String) -> TopicKind {
        options.ownTopics.contains(name) ? .system : Topic.kind(name)
    }

    func updateTopic(_ config: TopicConfig, mustBeNew: Bool, _ reply: @escaping Reply) throws(APIError) {
        try checkUpdate(config, mustBeNew: mustBeNew)
        if let topic = topics[config.name] {
            topic.config = config
            topicsGeneration += 1
            journalTopic(config)
        } else {
            _ = makeTopic(config)
        }
        answerWhenConfirmed(.done, reply)
    }

    /// Throws what a topic's update would be refused with.
    func checkUpdate(_ config: TopicConfig, mustBeNew: Bool) throws(APIError) {
        if let problem = Topic.problem(with: config.name) { throw APIError(.invalid, problem) }
        if kind(of: config.name) == .system {
            throw APIError(.refused, "\(config.name) is the broker's own topic and cannot be changed")
        }
        let allowed = 1...Limits.maxQueues
        guard allowed.contains(config.readQueues), allowed.contains(config.writeQueues) else {
            throw APIError(
                .invalid, "a topic has 1 to \(Limits.maxQueues) queues, not \(config.readQueues)/\(config.writeQueues)")
        }
        if mustBeNew, topics[config.name] != nil {
            throw APIError(.conflict, "topic \(config.name) exists already")
        }
    }

    /// The topic, or what its deletion would be refused with.
    func deletableTopic(_ name: String) throws(APIError) -> Topic {
        let topic = try existingTopic(name)
        if topic.kind == .system { throw APIError(.refused, "\(name) is the broker's own topic and cannot be deleted") }
        return topic
    }

    func deleteTopic(_ name: String, _ reply: @escaping Reply) throws(APIError) {
        _ = try deletableTopic(name)
        for waiter in waiters.take(where: { $0.queue.topic == name }) {
            waiter.reply(.failed(APIError(.notFound, "topic \(name) was deleted")))
        }
        // Those too that were taken away from it: they must not come back with a topic of the same name.
        for number in 0..<Limits.maxQueues where store.existingQueue(QueueID(name, number)) != nil {
            store.removeQueue(QueueID(name, number))
        }
        for group in groups.values { group.forget(name) }
        topics[name] = nil
        topicsGeneration += 1
        store.journal(JournalChange(offsetsJournal, append: [Self.clearing("t", name)], durable: true))
        deletedTopics[name] = store.tail
        // Records of a deleted topic stay in the log until retention takes them; a rebuild must not bring them back.
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "t"))
        entry.put(name)
        entry.put(store.tail)
        journalMeta(entry.bytes)
        answerWhenConfirmed(.done, reply)
    }

    /// Every topic as it stands, by name. Groups are counted in one walk, since there may be thousands of both.
    func topicSummaries() -> [TopicSummary] {
        var readers: [String: Int] = [:]
        for group in groups.values { for topic in group.topics { readers[topic, default: 0] += 1 } }
        return topics.values.map { summary($0, groups: readers[$0.config.name] ?? 0) }
            .sorted { $0.config.name < $1.config.name }
    }

    func summary(_ topic: Topic) -> TopicSummary {
        summary(topic, groups: groups.values.count { $0.reads(topic.config.name) })
    }

    private func summary(_ topic: Topic, groups: Int) -> TopicSummary {
        let queues = topic.allQueues(store)
        return TopicSummary(
            config: topic.config, kind: topic.kind, depth: queues.reduce(0) { $0 + $1.maxOffset - $1.minOffset },
            published: queues.reduce(0) { $0 + $1.maxOffset }, delivered: topic.delivered.total,
            groups: groups,
            lastStored: queues.map { lastStored($0) }.max() ?? 0)
    }

    private func lastStored(_ queue: ConsumeQueue) -> Int64 {
        guard queue.maxOffset > queue.minOffset else { return 0 }
        if queue.lastStored == 0 { queue.lastStored = store.storeTime(queue, queue.maxOffset - 1) ?? 0 }
        return queue.lastStored
    }

    func status(_ topic: Topic) -> TopicStatus {
        let queues = topic.allQueues(store).map { queue in
            QueueStatus(
                queue: Int(queue.queue), minOffset: queue.minOffset, maxOffset: queue.maxOffset,
                firstStored: queue.maxOffset > queue.minOffset ? store.storeTime(queue, queue.minOffset) ?? 0 : 0,
                lastStored: lastStored(queue))
        }
        return TopicStatus(summary: summary(topic), queues: queues, groups: groupsOn(topic.config.name))
    }

    // MARK: The broker itself

    /// Options that can change while the broker runs, by RocketMQ's names.
    func setOption(_ name: String, _ value: String) throws(APIError) {
        let wrong = APIError(.invalid, "\(name) cannot be \"\(value)\"")
        switch name {
        case "autoCreateTopicEnable":
            guard let on = Bool(value) else { throw wrong }
            options.autoCreateTopics = on
        case "defaultTopicQueueNums":
            guard let queues = Int(value), (1...Limits.maxQueues).contains(queues) else { throw wrong }
            options.defaultQueues = queues
        case "transactionTimeOut":
            guard let time = Int64(value), time >= 0 else { throw wrong }
            options.transactionTimeout = time
        case "transactionCheckInterval":
            guard let time = Int64(value), time >= 1_000 else { throw wrong }
            options.checkInterval = time
        case "fileReservedTime":
            guard let hours = Int64(value), (1...24 * 3_650).contains(hours) else { throw wrong }
            store.retain(milliseconds: hours * 3_600_000)
        case "transactionCheckMax":
            guard let checks = Int32(value), checks >= 0 else { throw wrong }
            options.maxChecks = checks
        default:
            throw APIError(.invalid, "\(name) cannot be changed while the broker runs, or is no option of it")
        }
    }

    func status() -> BrokerStatus {
        let space = store.disk.space()
        return BrokerStatus(
            name: options.name, cluster: options.cluster, version: options.version,
            durability: store.options.durable ? .sync : .async, fileSystem: options.fileSystem,
            dataFolder: options.dataFolder, startedAt: startedAt, recovery: recovery.text,
            logBytes: store.confirmed - store.minOffset, minPhysicalOffset: store.minOffset,
            maxPhysicalOffset: store.confirmed, diskFreeBytes: space.free, diskTotalBytes: space.total,
            published: published, delivered: groups.values.reduce(0) { $0 + $1.delivered.total },
            publishErrors: publishErrors,
            damagedRecords: damagedRecords + damagedReads.total + Int64(recovery.damaged.count)
                + Int64(timer.unreadable),
            refusing: refusing, pendingDelays: timer.count, unresolvedHalves: halves.count,
            oldestHalf: halves.eldest?.storeTimestamp, topics: topics.values.count { $0.kind == .normal },
            groups: groups.count)
    }
}
