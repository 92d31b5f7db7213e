import SluiceRemoting
import Testing

/// `--compat 4.9`: what a console may rely on is what a stock broker of that version has.
@Suite struct CompatibleBrokerTests {
    private static let halfTopic = "RMQ_SYS_TRANS_HALF_TOPIC"

    private static func sendHalf(_ producer: TapeConnection) throws {
        try producer.expect(
            RequestCode.sendMessage,
            [
                "producerGroup": "P", "topic": "T", "defaultTopic": "TBW102", "defaultTopicQueueNums": "4",
                "queueId": "0", "sysFlag": "4", "bornTimestamp": "1", "flag": "0", "reconsumeTimes": "0",
                "properties": "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P\u{2}UNIQ_KEY\u{1}half-1\u{2}"
                    + "CHECK_IMMUNITY_TIME_IN_SECONDS\u{1}0\u{2}",
            ])
    }

    private static func halves(_ broker: TapeConnection) throws -> Int64? {
        let answer = try broker.expect(RequestCode.getMaxOffset, ["topic": halfTopic, "queueId": "0"])
        return answer["offset"].flatMap { Int64($0) }
    }

    @Test func ourOwnRequestsAreUnknownToIt() async throws {
        try await TapeServer.run(TapeServer.Setting(isCompatible: true)) { server in
            let broker = try TapeConnection(port: server.port)
            let answer = try broker.call(RequestCode.sluice, ["version": "1", "op": "call"])
            #expect(answer.code == ResponseCode.requestCodeNotSupported)
        }
        try await TapeServer.run { server in
            let broker = try TapeConnection(port: server.port)
            let answer = try broker.call(RequestCode.sluice, ["version": "0", "operation": "call"])
            #expect(answer.remark?.contains("version") == true, "the real one knows the request, if not this version")
        }
    }

    /// Each check stores the half once more; the producer is asked about the newest copy.
    @Test func aCheckPutsTheHalfAgain() async throws {
        try await TapeServer.run(TapeServer.Setting(isCompatible: true)) { server in
            let producer = try TapeConnection(port: server.port)
            try producer.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("p1", producers: ["P"]))
            try Self.sendHalf(producer)
            let asked = try #require(
                producer.receive(within: 10_000) { $0.code == RequestCode.checkTransactionState && !$0.isResponse })
            #expect(asked["tranStateTableOffset"] == "1", "the copy, not the first one")
            let halves = try #require(try Self.halves(producer))
            #expect(halves >= 2, "and another one a minute later")
        }
    }

    @Test func aCheckOfOursStoresNothing() async throws {
        try await TapeServer.run { server in
            let producer = try TapeConnection(port: server.port)
            try producer.expect(RequestCode.heartBeat, body: TapePreparation.heartbeat("p1", producers: ["P"]))
            try Self.sendHalf(producer)
            let asked = try #require(
                producer.receive(within: 10_000) { $0.code == RequestCode.checkTransactionState && !$0.isResponse })
            #expect(asked["tranStateTableOffset"] == "0")
            #expect(try Self.halves(producer) == 1)
        }
    }
}
