import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Consumer and producer groups (requests, 6).
extension Call {
    func groups() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.updateAndCreateSubscriptionGroup: return try await updateGroup()
        case RequestCode.updateAndCreateSubscriptionGroupList: return try await updateGroups()
        case RequestCode.getAllSubscriptionGroupConfig: return try await allGroups()
        case RequestCode.getSubscriptionGroupConfig: return try await groupConfig()
        case RequestCode.deleteSubscriptionGroup: return try await deleteGroup()
        case RequestCode.getConsumeStats: return try await consumeStats()
        case RequestCode.getBrokerConsumeStats: return try await brokerConsumeStats()
        case RequestCode.getConsumerConnections: return try await consumerConnections()
        case RequestCode.getProducerConnections: return try await producerConnections()
        case RequestCode.getAllProducerInfo: return try await allProducers()
        case RequestCode.queryTopicsByConsumer: return try await topicsOfGroup()
        case RequestCode.querySubscriptionByConsumer: return try await subscriptionOfGroup()
        case RequestCode.queryConsumeTimeSpan: return try await timeSpan()
        default: return nil
        }
    }

    private func updateGroup() async throws(Refusal) -> Frame {
        try await act(.updateGroup(try config(try body())))
        return ok()
    }

    private func updateGroups() async throws(Refusal) -> Frame {
        for item in try body()["groupConfigList"]?.items ?? [] { try await act(.updateGroup(try config(item))) }
        return ok()
    }

    private func config(_ value: JSONValue) throws(Refusal) -> GroupConfig {
        guard let name = value["groupName"]?.text, !name.isEmpty else {
            throw Refusal(ResponseCode.systemError, "the group lacks its name")
        }
        var config = GroupConfig(name: name)
        config.consumeEnabled = value["consumeEnable"]?.boolean ?? true
        config.broadcastEnabled = value["consumeBroadcastEnable"]?.boolean ?? true
        config.notifiesMembers = value["notifyConsumerIdsChangedEnable"]?.boolean ?? true
        config.retryMaxTimes = Int(clamping: value["retryMaxTimes"]?.integer ?? 16)
        config.retryQueues = max(1, Int(clamping: value["retryQueueNums"]?.integer ?? 1))
        return config
    }

    private func allGroups() async throws(Refusal) -> Frame {
        let configs = try await configs()
        let table = configs.groups.sorted { $0.name < $1.name }.map { JSONValue.Pair(.string($0.name), $0.json) }
        return ok(
            body: .fields([
                "dataVersion": service.dataVersion(configs.groupsGeneration), "subscriptionGroupTable": .object(table),
            ]))
    }

    private func groupConfig() async throws(Refusal) -> Frame {
        let name = try text("group")
        guard let config = try await configs().groups.first(where: { $0.name == name }) else {
            throw Refusal(ResponseCode.subscriptionGroupNotExist, "subscription group not exist: \(name)")
        }
        return ok(body: config.json)
    }

    private func deleteGroup() async throws(Refusal) -> Frame {
        do throws(Refusal) {
            try await act(.deleteGroup(try text("groupName")))
        } catch  where error.code == ResponseCode.topicNotExist {
            return ok()
        }
        return ok()
    }

    // MARK: Lag

    private func status(_ name: String) async throws(Refusal) -> GroupStatus? {
        do throws(APIError) {
            guard case .group(let status) = try await service.ask(.group(name)) else { return nil }
            return status
        } catch {
            return nil
        }
    }

    private func consumeStats() async throws(Refusal) -> Frame {
        let topic = request["topic"].flatMap { $0.isEmpty ? nil : $0 }
        let name = try text("consumerGroup")
        if name == Self.transactionGroup { return ok(body: try await transactionStats(topic)) }
        return ok(body: try await stats(try await status(name), topic: topic))
    }

    /// RocketMQ's own group, whose offsets say how far transactions are resolved.
    private static let transactionGroup = "CID_RMQ_SYS_TRANS"

    /// It reads topics of the system, which no other group's lag speaks of.
    private func transactionStats(_ topic: String?) async throws(Refusal) -> JSONValue {
        let commits = try await committed().filter {
            $0.group == Self.transactionGroup && $0.queue.topic != TopicName.op
                && (topic == nil || $0.queue.topic == topic)
        }
        var table: [JSONValue.Pair] = []
        for commit in commits {
            guard case .offset(let last) = try await ask(.offset(commit.queue, .last)) else { continue }
            let time = try await storeTimes([(commit.queue, commit.offset - 1)]).first ?? nil
            table.append(
                JSONValue.Pair(
                    service.queueKey(commit.queue),
                    .fields([
                        "brokerOffset": .int(last), "consumerOffset": .int(commit.offset),
                        "lastTimestamp": .int(time ?? 0),
                    ])))
        }
        return .fields(["consumeTps": .double(0), "offsetTable": .object(table)])
    }

    private func stats(_ status: GroupStatus?, topic: String?) async throws(Refusal) -> JSONValue {
        let queues = (status?.queues ?? []).filter { $0.offset != nil && (topic == nil || $0.id.topic == topic) }
        let rate = status.map { service.stats.groupRate($0.summary.config.name) } ?? 0
        return .fields(["consumeTps": .double(rate), "offsetTable": .object(try await statsEntries(queues))])
    }

    /// One entry a queue, in their order.
    private func statsEntries(_ queues: [GroupQueueStatus]) async throws(Refusal) -> [JSONValue.Pair] {
        let times = try await storeTimes(queues.map { ($0.id, ($0.offset ?? 0) - 1) })
        return zip(queues, times).map { queue, time in
            JSONValue.Pair(
                service.queueKey(queue.id),
                .fields([
                    "brokerOffset": .int(queue.maxOffset), "consumerOffset": .int(queue.offset ?? 0),
                    "lastTimestamp": .int(time ?? 0),
                ]))
        }
    }

    private func brokerConsumeStats() async throws(Refusal) -> Frame {
        var list: [JSONValue] = []
        var total: Int64 = 0
        let rates = service.stats.groupRates
        for config in try await configs().groups.sorted(by: { $0.name < $1.name }) {
            guard let status = try await status(config.name) else { continue }
            let queues = status.queues.filter { $0.offset != nil }
            guard !queues.isEmpty else { continue }
            let entries = zip(queues, try await statsEntries(queues))
            let rate = rates[config.name] ?? 0
            let perTopic = Dictionary(grouping: entries, by: \.0.id.topic).sorted { $0.key < $1.key }.map {
                JSONValue.fields(["consumeTps": .double(rate), "offsetTable": .object($0.value.map(\.1))])
            }
            total += queues.reduce(0) { $0 + $1.lag }
            list.append(.object([.init(.string(config.name), .array(perTopic))]))
        }
        return ok(
            body: .fields([
                "brokerAddr": .string(options.advertised), "consumeStatsList": .array(list), "totalDiff": .int(total),
            ]))
    }

    private func timeSpan() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        let status = try await topicStatus(topic)
        let group = try await self.status(try text("group"))
        let offsets = Dictionary(
            uniqueKeysWithValues: (group?.queues ?? []).filter { $0.id.topic == topic }.map { ($0.id.queue, $0.offset) }
        )
        var spans: [JSONValue] = []
        for queue in status.queues {
            let id = QueueID(topic, queue.queue)
            let offset = offsets[queue.queue] ?? nil
            let consumed = try await storeTimes([(id, max((offset ?? 0) - 1, queue.minOffset))]).first ?? nil
            let delay = (offset ?? 0) < queue.maxOffset ? max(0, service.now - (consumed ?? service.now)) : 0
            spans.append(
                .fields([
                    "consumeTimeStamp": .int(consumed ?? 0),
                    "consumeTimeStampStr": .string(JavaTime.text(consumed ?? 0)),
                    "delayTime": .int(delay), "maxTimeStamp": .int(queue.lastStored),
                    "maxTimeStampStr": .string(JavaTime.text(queue.lastStored)), "messageQueue": service.queueKey(id),
                    "minTimeStamp": .int(queue.firstStored),
                    "minTimeStampStr": .string(JavaTime.text(queue.firstStored)),
                ]))
        }
        return ok(body: .fields(["consumeTimeSpanSet": .array(spans)]))
    }
}

extension GroupConfig {
    /// SubscriptionGroupConfig as bodies hold it.
    var json: JSONValue {
        .fields([
            "brokerId": 0, "consumeBroadcastEnable": .bool(broadcastEnabled), "consumeEnable": .bool(consumeEnabled),
            "consumeFromMinEnable": true, "groupName": .string(name),
            "notifyConsumerIdsChangedEnable": .bool(notifiesMembers), "retryMaxTimes": .number(retryMaxTimes),
            "retryQueueNums": .number(retryQueues), "whichBrokerWhenConsumeSlowly": 1,
        ])
    }
}
