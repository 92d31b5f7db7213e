import SluiceAPI
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// What a look into a queue brought.
struct QueueLook: Sendable {
    /// Records as they came, back to back.
    var records: [UInt8] = []
    /// The offset to go on from.
    var next: Int64
    var first: Int64
    var end: Int64

    var messages: [StoredMessage] { records.withUnsafeBytes { Fetch($0, next: next).messages() } }
}

extension StockBroker {
    /// Messages of a queue from an offset on, without moving any: a pull with a subscription of its own and no offset
    /// committed (requests, 3). Topics that a broker does not let be pulled are read through their queue units (observed).
    func look(_ topic: String, _ queue: Int, from: Int64, most: Int = 32) async throws(APIError) -> QueueLook {
        let answer = try await ask(
            RequestCode.pullMessage,
            [
                "consumerGroup": "TOOLS_CONSUMER", "topic": topic, "queueId": String(queue),
                "queueOffset": String(from),
                "maxMsgNums": String(most), "sysFlag": "4", "commitOffset": "0", "suspendTimeoutMillis": "0",
                "subscription": "*", "subVersion": "0", "expressionType": "TAG",
            ],
            expecting: [
                ResponseCode.success, ResponseCode.pullNotFound, ResponseCode.pullRetryImmediately,
                ResponseCode.pullOffsetMoved, ResponseCode.topicNotExist,
            ])
        if answer.code == ResponseCode.topicNotExist {
            return try await lookByUnits(topic, queue, from: from, most: most)
        }
        return QueueLook(
            records: answer.code == ResponseCode.success ? answer.body : [],
            next: try integer(answer, "nextBeginOffset", of: RequestCode.pullMessage),
            first: answer.integer("minOffset") ?? 0, end: answer.integer("maxOffset") ?? 0)
    }

    private func lookByUnits(
        _ topic: String, _ queue: Int, from: Int64, most: Int
    ) async throws(APIError) -> QueueLook {
        let units = try await units(topic, queue, from: from, count: most)
        var look = QueueLook(next: from, first: units.first, end: units.end)
        for place in units.places {
            // A record that retention took meanwhile leaves its unit behind.
            let record = try await ask(
                RequestCode.viewMessageByID, ["offset": String(place)],
                expecting: [ResponseCode.success, ResponseCode.systemError])
            look.records += record.code == ResponseCode.success ? record.body : []
            look.next += 1
        }
        return look
    }

    /// Physical offsets of a queue's messages from one of its offsets on, by its units (requests, 4: 321). A queue that is
    /// not there has none.
    func units(
        _ topic: String, _ queue: Int, from: Int64, count: Int
    ) async throws(APIError) -> (places: [Int64], first: Int64, end: Int64) {
        let fields: KeyValuePairs = [
            "topic": topic, "queueId": String(queue), "index": String(from), "count": String(count),
        ]
        let code = RequestCode.queryConsumeQueue
        let answer = try await ask(code, fields, expecting: [ResponseCode.success, ResponseCode.systemError])
        guard answer.code == ResponseCode.success else {
            // What 4.9.8 says of a queue without messages (observed); any other failure is one.
            guard answer.remark?.hasSuffix(" is not exist!") == true else {
                throw Self.error(answer, of: code, by: "broker \(node.name)")
            }
            return ([], 0, 0)
        }
        let value = try body(answer, of: code)
        let places = (value["queueData"]?.items ?? []).compactMap { $0["physicOffset"]?.integer }
        return (places, value["minQueueIndex"]?.integer ?? 0, value["maxQueueIndex"]?.integer ?? 0)
    }

    /// The record at a physical offset; nil when there is none.
    func record(at offset: Int64) async throws(APIError) -> StoredMessage? {
        let answer = try await ask(
            RequestCode.viewMessageByID, ["offset": String(offset)],
            expecting: [ResponseCode.success, ResponseCode.systemError])
        guard answer.code == ResponseCode.success else { return nil }
        return answer.body.withUnsafeBytes { Fetch($0, next: 0).messages() }.first
    }

    /// Candidates by key or unique key, as the index has them (requests, 4: 12).
    func find(
        _ key: String, in topic: String, isUnique: Bool, most: Int, from: Int64 = 0
    ) async throws(APIError) -> [UInt8] {
        try await ask(
            RequestCode.queryMessage,
            [
                "topic": topic, "key": key, "maxNum": String(most), "beginTimestamp": String(from),
                "endTimestamp": String(Int64.max), "_UNIQUE_KEY_QUERY": isUnique ? "true" : "false",
            ], expecting: [ResponseCode.success, ResponseCode.queryNotFound], milliseconds: 10_000
        ).body
    }

    func maxOffset(_ topic: String, _ queue: Int) async throws(APIError) -> Int64 {
        try await offset(RequestCode.getMaxOffset, topic, queue)
    }

    func minOffset(_ topic: String, _ queue: Int) async throws(APIError) -> Int64 {
        try await offset(RequestCode.getMinOffset, topic, queue)
    }

    private func offset(_ code: Int32, _ topic: String, _ queue: Int) async throws(APIError) -> Int64 {
        let answer = try await ask(code, ["topic": topic, "queueId": String(queue)])
        return try integer(answer, "offset", of: code)
    }

    /// A group's committed offset on a queue; nil when it has none.
    func committed(_ group: String, _ topic: String, _ queue: Int) async throws(APIError) -> Int64? {
        let answer = try await ask(
            RequestCode.queryConsumerOffset, ["consumerGroup": group, "topic": topic, "queueId": String(queue)],
            expecting: [ResponseCode.success, ResponseCode.queryNotFound])
        return answer.code == ResponseCode.success ? answer.integer("offset") : nil
    }

    /// The first offset stored at or after a moment. 4.9 answers with the nearer neighbour (semantics, 7), so the neighbour's
    /// store time decides.
    func offset(of topic: String, _ queue: Int, at time: Int64) async throws(APIError) -> Int64 {
        let answer = try await ask(
            RequestCode.searchOffsetByTimestamp,
            ["topic": topic, "queueId": String(queue), "timestamp": String(time)])
        let found = try integer(answer, "offset", of: RequestCode.searchOffsetByTimestamp)
        let near = try await look(topic, queue, from: found, most: 1)
        guard let message = near.messages.first, message.queueOffset == found, message.storeTimestamp < time else {
            return found
        }
        return found + 1
    }
}

/// Records of several brokers laid into one answer, their queues by the cluster's numbers.
enum ClusterRecords {
    /// The same records with the queue's number patched in: its four bytes are covered by no sum that a client checks.
    static func patched(_ records: [UInt8], _ broker: StockBroker) -> [UInt8] {
        guard broker.node.index > 0 else { return records }
        var bytes = records
        var at = 0
        while at + Record.fixedBytes <= bytes.count {
            let size = Int(big(bytes, at))
            guard size >= Record.fixedBytes, size <= bytes.count - at else { break }
            let place = at + Record.Position.queue
            let number = UInt32(truncatingIfNeeded: broker.number(Int(big(bytes, place)) & 0xffff))
            for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32(index))) }
            at += size
        }
        return bytes
    }

    private static func big(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
