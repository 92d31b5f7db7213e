import SluiceRemoting
import Testing

/// Requests that are on no tape, asked by hand: by their codes, what to do on a fresh server.
enum RequestTableCalls {
    typealias Call = @Sendable (TapeServer) throws -> Void

    static let all: [Int32: Call] = [
        RequestCode.updateAndCreateTopicList: topicList,
        RequestCode.registerTopicInNameServer: registerTopic,
        RequestCode.getKVListByNamespace: settings,
        RequestCode.getConsumerStatusFromClient: RequestTableRelays.status,
        RequestCode.getConsumerStatus: RequestTableRelays.status,
        RequestCode.updateAndCreateSubscriptionGroupList: groupList,
        RequestCode.queryCorrectionOffset: correctionOffsets,
        RequestCode.getUnitTopics: unitTopics,
        RequestCode.getUnitSubscriptionTopics: unitTopics,
        RequestCode.getUnitSubscriptionNotUnitTopics: unitTopics,
        RequestCode.cloneGroupOffset: cloneOffsets,
        RequestCode.queryDataVersion: dataVersion,
        RequestCode.resumeCheckHalfMessage: RequestTableRelays.resumedCheck,
        RequestCode.sendReplyMessage: RequestTableRelays.reply,
        RequestCode.queryTopicsByConsumer: subscriptions,
        RequestCode.querySubscriptionByConsumer: subscriptions,
        RequestCode.getSubscriptionGroupConfig: groupList,
        RequestCode.recallMessage: recall,
    ]

    static func makeTopic(_ broker: TapeConnection, _ name: String, systemFlag: Int = 0) throws {
        try broker.expect(
            RequestCode.updateAndCreateTopic,
            [
                "topic": name, "defaultTopic": "TBW102", "readQueueNums": "2", "writeQueueNums": "2", "perm": "6",
                "topicFilterType": "SINGLE_TAG", "topicSysFlag": "\(systemFlag)", "order": "false",
            ])
    }

    static func json(_ answer: Frame) throws -> JSONValue { try JSONParser.parse(answer.body) }

    // MARK: Topics

    private static let topicList: Call = { server in
        let broker = try TapeConnection(port: server.port)
        let topics: [JSONValue] = (1...3).map { number in
            [
                "topicName": .string("L\(number)"), "readQueueNums": .number(number), "writeQueueNums": .number(number),
                "perm": 6,
            ]
        }
        try broker.expect(RequestCode.updateAndCreateTopicList, body: ["topicConfigList": .array(topics)])
        for number in 1...3 {
            let config = try json(broker.expect(RequestCode.getTopicConfig, ["topic": "L\(number)"]))
            #expect(config["readQueueNums"]?.integer == Int64(number) && config["perm"] == 6)
        }
    }

    /// Topics come from brokers here; a tool that registers one for them is told that this is done.
    private static let registerTopic: Call = { server in
        let nameServer = try TapeConnection(port: server.nameServerPort)
        try nameServer.expect(RequestCode.registerTopicInNameServer, ["topic": "T"], body: ["queueDatas": []])
    }

    private static let unitTopics: Call = { server in
        let broker = try TapeConnection(port: server.port)
        for flag in 0...3 { try makeTopic(broker, "unit-\(flag)", systemFlag: flag) }
        let nameServer = try TapeConnection(port: server.nameServerPort)
        let expected: [(Int32, [String])] = [
            (RequestCode.getUnitTopics, ["unit-1", "unit-3"]),
            (RequestCode.getUnitSubscriptionTopics, ["unit-2", "unit-3"]),
            (RequestCode.getUnitSubscriptionNotUnitTopics, ["unit-2"]),
        ]
        for (code, names) in expected {
            #expect(try json(nameServer.expect(code))["topicList"]?.items.compactMap(\.text).sorted() == names)
        }
    }

    // MARK: Name server

    private static let settings: Call = { server in
        let nameServer = try TapeConnection(port: server.nameServerPort)
        for key in ["a", "b"] {
            try nameServer.expect(RequestCode.putKV, ["namespace": "N", "key": key, "value": key + key])
        }
        let table = try json(nameServer.expect(RequestCode.getKVListByNamespace, ["namespace": "N"]))["table"]
        #expect(table == ["a": "aa", "b": "bb"])
        let none = try nameServer.call(RequestCode.getKVListByNamespace, ["namespace": "other"])
        #expect(none.code == ResponseCode.queryNotFound)
    }

    private static let dataVersion: Call = { server in
        let nameServer = try TapeConnection(port: server.nameServerPort)
        let fields = ["brokerName": "b", "brokerAddr": "127.0.0.1:1", "clusterName": "c", "brokerId": "0"]
        let version: JSONValue = ["counter": 3, "timestamp": 5]
        func isChanged(_ version: JSONValue) throws -> Bool? {
            try nameServer.expect(RequestCode.queryDataVersion, fields, body: version).bool("changed")
        }
        #expect(try isChanged(version) == true)
        try nameServer.expect(
            RequestCode.registerBroker, fields.merging(["haServerAddr": "127.0.0.1:2"]) { mine, _ in mine },
            body: [
                "filterServerList": [],
                "topicConfigSerializeWrapper": ["dataVersion": version, "topicConfigTable": .object([])],
            ])
        #expect(try isChanged(version) == false)
        #expect(try isChanged(["counter": 4, "timestamp": 5]) == true)
        let known = try json(nameServer.expect(RequestCode.queryDataVersion, fields, body: version))
        #expect(known["counter"] == 3 && known["timestamp"] == 5)
    }

    // MARK: Groups

    private static let groupList: Call = { server in
        let broker = try TapeConnection(port: server.port)
        let groups: [JSONValue] = ["G1", "G2"].map {
            ["groupName": .string($0), "retryMaxTimes": 4, "consumeEnable": false]
        }
        try broker.expect(RequestCode.updateAndCreateSubscriptionGroupList, body: ["groupConfigList": .array(groups)])
        for name in ["G1", "G2"] {
            let config = try json(broker.expect(RequestCode.getSubscriptionGroupConfig, ["group": name]))
            #expect(
                config["groupName"]?.text == name && config["retryMaxTimes"] == 4 && config["consumeEnable"] == false)
        }
        let none = try broker.call(RequestCode.getSubscriptionGroupConfig, ["group": "G3"])
        #expect(none.code == ResponseCode.subscriptionGroupNotExist)
    }

    private static func commit(_ broker: TapeConnection, _ group: String, _ queue: Int, _ offset: Int) throws {
        let fields = ["consumerGroup": group, "topic": "T", "queueId": "\(queue)", "commitOffset": "\(offset)"]
        try broker.expect(RequestCode.updateConsumerOffset, fields)
    }

    private static let correctionOffsets: Call = { server in
        let broker = try TapeConnection(port: server.port)
        try makeTopic(broker, "T")
        for (group, queue, offset) in [("G1", 0, 7), ("G1", 1, 2), ("G2", 0, 3), ("G3", 0, 1)] {
            try commit(broker, group, queue, offset)
        }
        let fields = ["topic": "T", "compareGroup": "G1", "filterGroups": "G3"]
        let found = try json(broker.expect(RequestCode.queryCorrectionOffset, fields))["correctionOffsets"]
        #expect(found?["0"] == 3 && found?["1"] == 2)
    }

    private static let cloneOffsets: Call = { server in
        let broker = try TapeConnection(port: server.port)
        try makeTopic(broker, "T")
        for queue in 0...1 { try commit(broker, "G1", queue, 5 + queue) }
        let fields = ["srcGroup": "G1", "destGroup": "G2", "topic": "T", "offline": "true"]
        try broker.expect(RequestCode.cloneGroupOffset, fields)
        for queue in 0...1 {
            let asked = ["consumerGroup": "G2", "topic": "T", "queueId": "\(queue)"]
            #expect(try broker.expect(RequestCode.queryConsumerOffset, asked)["offset"] == "\(5 + queue)")
        }
    }

    private static let subscriptions: Call = { server in
        let consumer = try TapeConnection(port: server.port)
        try makeTopic(consumer, "T")
        let member = TapePreparation.consumer(of: "G", subscribing: ["T", "%RETRY%G"])
        try consumer.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("c1", consumers: [member]))
        let topics = try json(consumer.expect(RequestCode.queryTopicsByConsumer, ["group": "G"]))["topicList"]
        #expect(topics?.items.contains("T") == true)
        let found = try json(consumer.expect(RequestCode.querySubscriptionByConsumer, ["group": "G", "topic": "T"]))
        #expect(found["subscriptionData"]?["subString"] == "*" && found["topic"] == "T" && found["group"] == "G")
    }

    // MARK: Messages

    private static let recall: Call = { server in
        let producer = try TapeConnection(port: server.port)
        let key = "7F0000010000000000000000DEADBEEF"
        let properties = "UNIQ_KEY\u{1}\(key)\u{2}TIMER_DELAY_SEC\u{1}60"
        let sent = try producer.expect(
            RequestCode.sendMessageV2,
            ["a": "P", "b": "T", "c": "TBW102", "d": "4", "e": "0", "f": "0", "g": "1", "h": "0", "i": properties])
        let handle = try #require(sent["recallHandle"])
        let recalled = try producer.expect(RequestCode.recallMessage, ["topic": "T", "recallHandle": handle])
        #expect(recalled["msgId"] == key)
        for wrong in [handle, "nonsense", ""] {
            let answer = try producer.call(RequestCode.recallMessage, ["topic": "T", "recallHandle": wrong])
            #expect(answer.code != ResponseCode.success, "\(wrong)")
        }
    }
}
