import SluiceMessage
import SluiceRemoting
import SluiceTapes

/// Brings a server into the state that a tape begins in, by requests over its sockets.
struct TapePreparation {
    let state: TapeState
    let server: TapeServer
    /// An account that may do everything, where the broker asks for one.
    var signer: Tape.Account?

    /// Topics that a broker has by itself; a message may be sent to some of them.
    private static let own: Set<String> = [
        "TBW102", "SCHEDULE_TOPIC_XXXX", "BenchmarkTest", "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRACE_TOPIC",
        "RMQ_SYS_TRANS_OP_HALF_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC", "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT",
        "DefaultCluster", "broker-a", "DefaultCluster_REPLY_TOPIC",
    ]
    private static let sendable: Set<String> = [
        "BenchmarkTest", "DefaultCluster", "RMQ_SYS_TRACE_TOPIC", "TBW102", "broker-a",
    ]
    private static let presetGroups: Set<String> = [
        "CID_ONS-HTTP-PROXY", "CID_ONSAPI_OWNER", "CID_ONSAPI_PERMISSION", "CID_ONSAPI_PULL", "CID_RMQ_SYS_TRANS",
        "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "TOOLS_CONSUMER",
    ]

    /// Topics, messages, groups, offsets; what is learnt about messages goes to the mapping.
    func prepare(_ mapping: TapeMapping) throws {
        let broker = try TapeConnection(port: server.port, signer: signer)
        let nameServer = try TapeConnection(port: server.nameServerPort, signer: signer)
        // So that no record of the tape stands at 0, which in a record means "none".
        try send(broker, QueueID("SELF_TEST_TOPIC_0", 0), nil)
        if state.checksHalves {
            // Soon, since the tests wait for it.
            let soon = Array("transactionTimeOut=300\ntransactionCheckInterval=1000\n".utf8)
            _ = try broker.call(RequestCode.updateBrokerConfig, body: soon)
        }
        for (setting, value) in state.settings {
            try nameServer.expect(
                RequestCode.putKV, ["namespace": setting.namespace, "key": setting.key, "value": value])
        }
        for (name, topic) in state.topics where isMade(name) && !name.hasPrefix("%RETRY%") {
            try broker.expect(
                RequestCode.updateAndCreateTopic,
                [
                    "topic": name, "defaultTopic": "TBW102", "readQueueNums": "\(topic.readQueues)",
                    "writeQueueNums": "\(topic.writeQueues)", "perm": "\(topic.permission)",
                    "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false",
                ])
        }
        for group in state.groups.sorted() { try visit(group) }
        for (name, config) in state.groupConfigs where !Self.presetGroups.contains(name) {
            try broker.expect(RequestCode.updateAndCreateSubscriptionGroup, body: config)
        }
        try publish(broker, mapping)
        for (place, offset) in state.offsets where !Self.presetGroups.contains(place.group) {
            try broker.expect(
                RequestCode.updateConsumerOffset,
                [
                    "consumerGroup": place.group, "topic": place.queue.topic, "queueId": "\(place.queue.queue)",
                    "commitOffset": "\(offset)",
                ])
        }
    }

    private func isMade(_ topic: String) -> Bool { !Self.own.contains(topic) && !topic.hasPrefix("rmq_sys_") }

    /// A consumer of the group comes and goes, which leaves its retry topic.
    private func visit(_ group: String) throws {
        guard !Self.presetGroups.contains(group) else { return }
        let consumer = try TapeConnection(port: server.port, signer: signer)
        try consumer.expect(
            RequestCode.heartBeat, body: Self.heartbeat("visitor", consumers: [Self.consumer(of: group)]))
        try consumer.expect(RequestCode.unregisterClient, ["clientID": "visitor", "consumerGroup": group])
        consumer.close()
    }

    static func consumer(of group: String, subscribing topics: [String] = []) -> JSONValue {
        [
            "consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET", "consumeType": "CONSUME_PASSIVELY",
            "groupName": .string(group),
            "messageModel": "CLUSTERING", "unitMode": false,
            "subscriptionDataSet": .array(
                topics.map { ["topic": .string($0), "subString": "*", "expressionType": "TAG", "subVersion": 1] }),
        ]
    }

    static func heartbeat(_ client: String, consumers: [JSONValue] = [], producers: [String] = []) -> JSONValue {
        [
            "clientID": .string(client), "consumerDataSet": .array(consumers),
            "producerDataSet": .array(producers.map { ["groupName": .string($0)] }),
        ]
    }

    // MARK: Messages

    /// Fills the queues: with the messages that the tape shows, and others where it does not.
    private func publish(_ broker: TapeConnection, _ mapping: TapeMapping) throws {
        var depths = state.depths
        for (queue, shown) in state.messages where depths[queue] == nil { depths[queue] = (shown.keys.max() ?? -1) + 1 }
        for (queue, depth) in depths.sorted(by: { $0.key < $1.key }) {
            guard isMade(queue.topic) || Self.sendable.contains(queue.topic) else { continue }
            // Our topic for traces has one queue.
            guard queue.topic != "RMQ_SYS_TRACE_TOPIC" || queue.queue == 0 else { continue }
            for offset in 0..<depth {
                let message = state.messages[queue]?[offset]
                let physical = try send(broker, queue, message)
                if let message { mapping.add(state.broker, message.physicalOffset, physical) }
            }
        }
    }

    @discardableResult
    private func send(_ broker: TapeConnection, _ queue: QueueID, _ message: StoredMessage?) throws -> Int64 {
        // What once delayed it or made it a half would do so again.
        let spent: Set<String> = [
            "CLUSTER", "DELAY", "PGROUP", "TIMER_DELAY_MS", "TIMER_DELAY_SEC", "TIMER_DELIVER_MS", "TIMER_OUT_MS",
            "TRAN_MSG",
        ]
        let kept = message?.properties.filter { !spent.contains($0.name) } ?? [Property("KEYS", "filler")]
        let answer = try broker.call(
            RequestCode.sendMessage,
            [
                "producerGroup": "PG_before", "topic": queue.topic, "defaultTopic": "TBW102",
                "defaultTopicQueueNums": "4",
                "queueId": "\(queue.queue)", "sysFlag": "\((message?.systemFlag ?? 0) & ~SystemFlag.transactionMask)",
                "bornTimestamp": "1", "flag": "\(message?.flag ?? 0)",
                "reconsumeTimes": "\(message?.reconsumeTimes ?? 0)",
                "maxReconsumeTimes": "100", "batch": "false",
                "properties": String(decoding: PropertyCoding.encode(kept), as: UTF8.self),
            ], body: message?.body ?? Array("before the tape".utf8))
        guard let id = answer["msgId"], let physical = OffsetID.physicalOffset(id) else {
            throw TapeConnection.Failure(description: "no message in \(queue): \(answer.remark ?? "")")
        }
        return physical
    }

    // MARK: Clients

    /// Connects the clients that were there before the tape began.
    func connectClients() throws -> [String: TapeConnection] {
        var connections: [String: TapeConnection] = [:]
        for (name, client) in state.clients.sorted(by: { $0.key < $1.key }) {
            let connection = try TapeConnection(port: server.port, signer: signer)
            let heartbeat = Self.heartbeat(name, consumers: client.consumers, producers: client.producers)
            try connection.expect(RequestCode.heartBeat, body: heartbeat)
            // The notice that they came belongs to the time before, too.
            for _ in client.consumers {
                _ = connection.receive(within: 2_000) { $0.code == RequestCode.notifyConsumerIDsChanged }
            }
            connections[name] = connection
        }
        return connections
    }
}
