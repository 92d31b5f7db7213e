import SluiceRemoting
import Testing

@Suite("Requests on no tape", .serialized)
struct RequestTableCallTests {
    @Test(arguments: RequestTableCalls.all.keys.sorted())
    func call(_ code: Int32) async throws {
        let call = try #require(RequestTableCalls.all[code])
        try await TapeServer.run { try call($0) }
    }

    @Test("a client written in C++ is told its new offsets as a list") func resetInCPP() async throws {
        try await TapeServer.run { server in
            let tool = try TapeConnection(port: server.port)
            try RequestTableCalls.makeTopic(tool, "T")
            let consumer = try TapeConnection(port: server.port)
            let member = TapePreparation.consumer(of: "G", subscribing: ["T"])
            let heartbeat = TapePreparation.heartbeat("c1", consumers: [member])
            let frame = Frame(
                code: RequestCode.heartBeat, opaque: 1, language: .cpp, fields: [], body: heartbeat.encoded())
            consumer.send(frame.encoded())
            _ = try #require(consumer.receive(within: 5_000) { $0.isResponse && $0.opaque == 1 })
            let fields = ["topic": "T", "group": "G", "timestamp": "-1", "isForce": "true"]
            try tool.expect(
                RequestCode.updateConsumerOffset,
                ["consumerGroup": "G", "topic": "T", "queueId": "0", "commitOffset": "0"])
            try tool.expect(RequestCode.resetOffset, fields)
            let pushed = try #require(
                consumer.receive(within: 5_000) { $0.code == RequestCode.resetConsumerClientOffset })
            let table = try #require(try RequestTableCalls.json(pushed)["offsetTable"])
            #expect(!table.items.isEmpty)
            for item in table.items {
                #expect(item["topic"] == "T" && item["brokerName"] == "broker-a")
                #expect(item["queueId"]?.integer != nil && item["offset"]?.integer == 0)
            }
        }
    }

    @Test("bytes that are no frame end the connection, and no other one") func noFrame() async throws {
        try await TapeServer.run { server in
            let other = try TapeConnection(port: server.port)
            for bytes: [UInt8] in [
                [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 3], [0, 0, 0, 8, 2, 0, 0, 4, 0, 0, 0, 0],
                [0, 0, 0, 6, 0, 0, 0, 2, 0x7B, 0x5B],
            ] {
                let connection = try TapeConnection(port: server.port)
                connection.send(bytes)
                #expect(connection.isClosed(within: 3_000), "\(bytes)")
            }
            try other.expect(RequestCode.getMaxOffset, ["topic": "T", "queueId": "0"])
        }
    }

    @Test("a frame that drips in is answered when it is whole") func dripped() async throws {
        try await TapeServer.run { server in
            let connection = try TapeConnection(port: server.port)
            for type in [HeaderType.json, .binary] {
                let fields = [Frame.Field("topic", "T"), Frame.Field("queueId", "0")]
                let frame = Frame(code: RequestCode.getMaxOffset, opaque: 7, fields: fields, type: type)
                for byte in frame.encoded() { connection.send([byte]) }
                let answer = try #require(connection.receive(within: 5_000) { $0.isResponse && $0.opaque == 7 })
                #expect(answer.code == ResponseCode.success && answer.type == type && answer["offset"] == "0")
            }
        }
    }
}
