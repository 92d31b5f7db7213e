import SluiceMessage
import SluiceRemoting
import Testing

/// Requests that the broker passes on to clients, where no tape has them.
enum RequestTableRelays {
    /// 223 asks every member by 221 where it stands.
    static let status: RequestTableCalls.Call = { server in
        let consumer = try TapeConnection(port: server.port)
        try RequestTableCalls.makeTopic(consumer, "T")
        let member = TapePreparation.consumer(of: "G", subscribing: ["T"])
        try consumer.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("c1", consumers: [member]))
        let tool = try TapeConnection(port: server.port)
        let opaque = tool.ask(RequestCode.getConsumerStatus, ["topic": "T", "group": "G"])
        let asked = try #require(
            consumer.receive(within: 5_000) { $0.code == RequestCode.getConsumerStatusFromClient && !$0.isResponse })
        #expect(asked["topic"] == "T" && asked["group"] == "G" && !asked.isOneway)
        let queue: JSONValue = ["brokerName": "broker-a", "queueId": 1, "topic": "T"]
        let table = JSONValue.object([.init(queue, 42)])
        consumer.answer(asked, body: ["consumerTable": .object([]), "messageQueueTable": table])
        let answer = try #require(tool.receive(within: 5_000) { $0.isResponse && $0.opaque == opaque })
        let body = try RequestTableCalls.json(answer)
        #expect(answer.code == ResponseCode.success && body["consumerTable"]?["c1"] == table)
        #expect(body["messageQueueTable"] == .object([]))
        // Nobody is there.
        let none = try tool.call(RequestCode.getConsumerStatus, ["topic": "T", "group": "H"])
        #expect(none.code == ResponseCode.systemError)
    }

    /// 324 brings a reply to the client that asked, by 326.
    static let reply: RequestTableCalls.Call = { server in
        let requester = try TapeConnection(port: server.port)
        try requester.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("r1", producers: ["P"]))
        let replier = try TapeConnection(port: server.port)
        func fields(_ client: String) -> [String: String] {
            [
                "producerGroup": "Q", "topic": "DefaultCluster_REPLY_TOPIC", "defaultTopic": "TBW102",
                "defaultTopicQueueNums": "4", "queueId": "0", "sysFlag": "0", "bornTimestamp": "1", "flag": "0",
                "properties": "CORRELATION_ID\u{1}7\u{2}REPLY_TO_CLIENT\u{1}\(client)\u{2}MSG_TYPE\u{1}reply",
            ]
        }
        let body = Array("the reply".utf8)
        let opaque = replier.ask(RequestCode.sendReplyMessage, fields("r1"), body: body)
        let pushed = try #require(
            requester.receive(within: 5_000) { $0.code == RequestCode.pushReplyMessageToClient && !$0.isResponse })
        #expect(pushed.body == body && pushed["properties"]?.contains("CORRELATION_ID\u{1}7") == true)
        #expect(pushed["bornHost"] != nil && pushed["storeHost"] == "127.0.0.1:\(server.port)")
        requester.answer(pushed, body: .null)
        let answer = try #require(replier.receive(within: 5_000) { $0.isResponse && $0.opaque == opaque })
        #expect(answer.code == ResponseCode.success && answer["msgId"] != nil && answer["queueOffset"] != nil)
        // Nobody is there.
        let none = try replier.call(RequestCode.sendReplyMessage, fields("r2"), body: body)
        #expect(none.code == ResponseCode.systemError)
    }

    /// 323 has a half asked about again, by 39.
    static let resumedCheck: RequestTableCalls.Call = { server in
        let producer = try TapeConnection(port: server.port)
        try RequestTableCalls.makeTopic(producer, "T")
        // Never by itself.
        _ = try producer.call(RequestCode.updateBrokerConfig, body: Array("transactionTimeOut=100000000\n".utf8))
        try producer.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("p1", producers: ["P"]))
        let properties = "UNIQ_KEY\u{1}7F000001AB\u{2}TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P"
        let sent = try producer.expect(
            RequestCode.sendMessageV2,
            ["a": "P", "b": "T", "c": "TBW102", "d": "4", "e": "1", "f": "4", "g": "1", "h": "0", "i": properties])
        let id = try #require(sent["msgId"])
        try producer.expect(RequestCode.resumeCheckHalfMessage, ["msgId": id])
        let check = try #require(producer.receive(within: 5_000) { $0.code == RequestCode.checkTransactionState })
        #expect(check.isOneway && check["msgId"] == "7F000001AB" && check["offsetMsgId"] == id)
        let half = try #require(TapeBody(check.body).messages.first)
        // Under the topic and queue that it is for.
        #expect(half.topic == "T" && half.queue == 1)
        let none = try producer.call(RequestCode.resumeCheckHalfMessage, ["msgId": "7F00000100000001FFFFFFFFFFFFFF00"])
        #expect(none.code == ResponseCode.systemError)
    }
}
