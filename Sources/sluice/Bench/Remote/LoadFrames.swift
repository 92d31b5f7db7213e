import SluiceMessage
import SluiceRemoting

/// Requests of the load, as the Java client of 4.9.8 words them.
struct LoadFrames {
    static let topic = "bench-remote"
    /// Where the messages go that are consumed again.
    static let consumedTopic = "bench-consumed"
    static let queues = 8

    /// A send request (310) whose opaque has eight digits, so that it can be written over in place.
    static func send(
        body: [UInt8], queue: Int, properties: [(String, String)] = [], topic: String = topic
    ) -> Template {
        var all = [("UNIQ_KEY", "7F000001000000000000000000000000"), ("WAIT", "true")]
        all += properties
        return Template(
            Frame(
                code: RequestCode.sendMessageV2, opaque: 10_000_000, language: .java,
                fields: fields(topic, queue: queue, properties: text(all), isBatch: false), body: body))
    }

    /// A batch (320) of so many messages.
    static func batch(body: [UInt8], count: Int, queue: Int) -> Template {
        var bytes: [UInt8] = []
        let properties = Array(text([("UNIQ_KEY", "7F000001000000000000000000000000"), ("WAIT", "true")]).utf8)
        for _ in 0..<count {
            FrameWriter.put(Int32(22 + body.count + properties.count), &bytes)
            for _ in 0..<3 { FrameWriter.put(Int32(0), &bytes) }
            FrameWriter.put(Int32(body.count), &bytes)
            bytes += body
            FrameWriter.put(Int16(properties.count), &bytes)
            bytes += properties
        }
        return Template(
            Frame(
                code: RequestCode.sendBatchMessage, opaque: 10_000_000, language: .java,
                fields: fields(topic, queue: queue, properties: text([("WAIT", "true")]), isBatch: true), body: bytes))
    }

    static func pull(queue: Int, offset: Int64, wait: Int, topic: String = topic) -> [UInt8] {
        let flags = wait > 0 ? 6 : 4
        let fields: [(String, String)] = [
            ("commitOffset", "0"), ("consumerGroup", "bench-remote"), ("expressionType", "TAG"), ("maxMsgNums", "1024"),
            ("queueId", String(queue)), ("queueOffset", String(offset)), ("subVersion", "0"), ("subscription", "*"),
            ("suspendTimeoutMillis", String(wait)), ("sysFlag", String(flags)), ("topic", topic),
        ]
        return Frame(
            code: RequestCode.pullMessage, opaque: Int32(queue), language: .java,
            fields: fields.map { .init($0.0, $0.1) }
        ).encoded()
    }

    static func commit(place: Int64, queueOffset: Int64) -> [UInt8] {
        let fields: [(String, String)] = [
            ("commitLogOffset", String(place)), ("commitOrRollback", "8"), ("fromTransactionCheck", "false"),
            ("producerGroup", "bench-remote"), ("tranStateTableOffset", String(queueOffset)),
        ]
        return Frame(
            code: RequestCode.endTransaction, opaque: 1, language: .java, fields: fields.map { .init($0.0, $0.1) }
        ).encoded()
    }

    private static func fields(_ topic: String, queue: Int, properties: String, isBatch: Bool) -> [Frame.Field] {
        [
            ("a", "bench-remote"), ("b", topic), ("c", "TBW102"), ("d", String(queues)), ("e", String(queue)),
            ("f", "0"), ("g", "1700000000000"), ("h", "0"), ("i", properties), ("j", "0"), ("k", "false"),
            ("m", String(isBatch)),
        ].map { .init($0.0, $0.1) }
    }

    private static func text(_ properties: [(String, String)]) -> String {
        properties.map { "\($0.0)\u{1}\($0.1)" }.joined(separator: "\u{2}")
    }

    /// A frame's bytes with the place of its opaque.
    struct Template {
        private(set) var bytes: [UInt8]

        init(_ frame: Frame) { bytes = frame.encoded() }
    }
}
