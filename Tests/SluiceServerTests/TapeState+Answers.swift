import SluiceMessage
import SluiceRemoting
import SluiceTapes

extension TapeState {
    /// What an answer tells about the time before the tape.
    mutating func learn(_ request: Frame, _ answer: Frame) {
        let pulled: [Int32] = [
            ResponseCode.success, ResponseCode.pullNotFound, ResponseCode.pullRetryImmediately,
            ResponseCode.pullOffsetMoved,
        ]
        if request.code == RequestCode.getRouteInfo, answer.code == ResponseCode.topicNotExist,
            let name = request["topic"], name.hasPrefix("%RETRY%")
        {
            pullGroups.insert(String(name.dropFirst(7)))
        }
        guard pulled.contains(answer.code) else { return }
        let body = TapeBody(answer.body)
        for message in body.messages where message.storeTimestamp < startedMs {
            messages[QueueID(message.topic, message.queue), default: [:]][message.queueOffset] = message
        }
        if let json = body.json { learn(request, answer, json) }
        learnNumbers(request, answer, body.messages)
    }

    /// Answers that say it in their fields.
    private mutating func learnNumbers(_ request: Frame, _ answer: Frame, _ messages: [StoredMessage]) {
        switch request.code {
        case RequestCode.pullMessage, RequestCode.litePullMessage:
            // Of what it brought, some may have come meanwhile.
            let fresh = messages.filter { $0.storeTimestamp >= startedMs }.map(\.queueOffset)
            if let most = answer.integer("maxOffset") { had(queue(request), depth: min(most, fresh.min() ?? most)) }
        case RequestCode.getMaxOffset: had(queue(request), depth: answer.integer("offset") ?? 0)
        case RequestCode.sendMessage, RequestCode.sendMessageV2, RequestCode.sendBatchMessage:
            // Delayed ones and halves get the offset of another topic.
            let properties = request["i"] ?? request["properties"] ?? ""
            let elsewhere = [
                "TRAN_MSG\u{1}", "DELAY\u{1}", "TIMER_DELAY_SEC\u{1}", "TIMER_DELAY_MS\u{1}", "TIMER_DELIVER_MS\u{1}",
            ]
            guard !elsewhere.contains(where: { properties.contains($0) }), let offset = answer.integer("queueOffset"),
                let queue = answer.integer("queueId")
            else { return }
            had(QueueID(request["topic"] ?? request["b"] ?? "", Int(queue)), depth: offset)
        case RequestCode.queryConsumerOffset:
            if let offset = answer.integer("offset"), offset > 0 { had(groupQueue(request), offset: offset) }
        case RequestCode.getKV, RequestCode.deleteKV:
            let setting = Setting(namespace: request["namespace"] ?? "", key: request["key"] ?? "")
            if settings[setting] == nil, !made.settings.contains(setting) { settings[setting] = answer["value"] ?? "v" }
        default: break
        }
    }

    /// Answers that say it in their bodies.
    private mutating func learn(_ request: Frame, _ answer: Frame, _ body: JSONValue) {
        switch request.code {
        case RequestCode.getRouteInfo:
            for data in body["queueDatas"]?.items ?? [] where data["brokerName"]?.text == broker {
                had(topic: request["topic"] ?? "", Topic(data))
            }
        case RequestCode.getAllTopicConfig:
            for pair in body["topicConfigTable"]?.pairs ?? [] { had(topic: pair.key.text ?? "", Topic(pair.value)) }
        case RequestCode.getTopicConfig: had(topic: body["topicName"]?.text ?? "", Topic(body))
        case RequestCode.getAllSubscriptionGroupConfig:
            for pair in body["subscriptionGroupTable"]?.pairs ?? [] {
                guard let name = pair.key.text, !made.groups.contains(name) else { continue }
                had(group: name)
                groupConfigs[name] = groupConfigs[name] ?? pair.value
            }
        case RequestCode.getTopicStats:
            for pair in body["offsetTable"]?.pairs ?? [] {
                if let queue = queue(pair.key) { had(queue, depth: pair.value["maxOffset"]?.integer ?? 0) }
            }
        case RequestCode.queryConsumeQueue:
            had(topic: request["topic"] ?? "", Topic(readQueues: 4, writeQueues: 4, permission: 6))
            had(queue(request), depth: body["maxQueueIndex"]?.integer ?? 0)
        default: learnGroups(request, body)
        }
    }

    private mutating func learnGroups(_ request: Frame, _ body: JSONValue) {
        let group = request["consumerGroup"] ?? request["group"] ?? ""
        switch request.code {
        case RequestCode.getConsumeStats: learnStats(group, body)
        case RequestCode.getBrokerConsumeStats:
            for pair in (body["consumeStatsList"]?.items ?? []).flatMap(\.pairs) {
                for stats in pair.value.items { learnStats(pair.key.text ?? "", stats) }
            }
        case RequestCode.getAllConsumerOffset:
            for pair in body["offsetTable"]?.pairs ?? [] {
                let names = (pair.key.text ?? "").split(separator: "@").map(String.init)
                guard names.count == 2 else { continue }
                for entry in pair.value.pairs {
                    let queue = QueueID(names[0], Int(entry.key.integer ?? 0))
                    had(GroupQueue(group: names[1], queue: queue), offset: entry.value.integer ?? 0)
                }
            }
        case RequestCode.resetOffset:
            for pair in body["offsetTable"]?.pairs ?? [] {
                if let queue = queue(pair.key) { had(GroupQueue(group: group, queue: queue), offset: 1) }
            }
        case RequestCode.queryTopicConsumeByWho:
            for name in body["groupList"]?.items.compactMap(\.text) ?? [] {
                had(GroupQueue(group: name, queue: QueueID(request["topic"] ?? "", 0)), offset: 0)
            }
        default: learnClients(request, body)
        }
    }

    private mutating func learnStats(_ group: String, _ stats: JSONValue) {
        for pair in stats["offsetTable"]?.pairs ?? [] {
            guard let queue = queue(pair.key) else { continue }
            had(queue, depth: pair.value["brokerOffset"]?.integer ?? 0)
            had(GroupQueue(group: group, queue: queue), offset: pair.value["consumerOffset"]?.integer ?? 0)
        }
    }

    private mutating func learnClients(_ request: Frame, _ body: JSONValue) {
        switch request.code {
        case RequestCode.getConsumerConnections:
            let group = request["consumerGroup"] ?? ""
            guard !made.groups.contains(group) else { return }
            let consumer: JSONValue = [
                "consumeFromWhere": body["consumeFromWhere"] ?? .null, "consumeType": body["consumeType"] ?? .null,
                "groupName": .string(group), "messageModel": body["messageModel"] ?? .null, "unitMode": false,
                "subscriptionDataSet": .array((body["subscriptionTable"]?.pairs ?? []).map(\.value)),
            ]
            for client in body["connectionSet"]?.items.compactMap({ $0["clientId"]?.text }) ?? [] {
                guard clients[client]?.consumers.isEmpty ?? true else { continue }
                clients[client, default: Client()].consumers.append(consumer)
            }
        case RequestCode.getProducerConnections: learnProducers(request["producerGroup"] ?? "", body["connectionSet"])
        case RequestCode.getAllProducerInfo:
            for pair in body["data"]?.pairs ?? [] { learnProducers(pair.key.text ?? "", pair.value) }
        default: break
        }
    }

    private mutating func learnProducers(_ group: String, _ list: JSONValue?) {
        for client in (list?.items ?? []).compactMap({ $0["clientId"]?.text }) {
            clients[client, default: Client()].producers.append(group)
        }
    }
}

extension TapeState.Topic {
    /// From a topic's configuration or its place in a route.
    init(_ value: JSONValue) {
        self.init(
            readQueues: value["readQueueNums"]?.integer ?? 4, writeQueues: value["writeQueueNums"]?.integer ?? 4,
            permission: value["perm"]?.integer ?? 6)
    }
}
