import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting

/// SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE (requests, 2).
extension Service {
    func publish(_ batch: ServedBatch) {
        published += 1
        host.submit(.publish(batch)) { _ in }
    }

    func publish(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) {
        let header = connection.header
        guard let send = SendHeader(header) else {
            return refuse(connection, ResponseCode.systemError, "the send request lacks topic, queue or another field")
        }
        let served = connection.openBatch
        let batch = served.batch
        let first = batch.count
        let topic = batch.topic(send.topic.text, queuesWanted: queuesWanted(send))
        if header.code == RequestCode.sendBatchMessage || send.isBatch {
            if let problem = addBatch(batch, topic, send, body) {
                return refuse(connection, ResponseCode.messageIllegal, problem)
            }
        } else {
            Self.add(batch, topic, send, body)
        }
        served.waiting.append(
            .init(
                opaque: header.opaque, type: header.type, isOneway: header.isOneway, first: first,
                count: batch.count - first))
        // A batch that is large enough goes to work while the rest is read.
        if batch.bytes > 256 << 10 { connection.submitOpen() }
    }

    /// Queues of a topic that this message makes; none where it names a template that cannot be inherited from.
    private func queuesWanted(_ send: SendHeader) -> Int32 {
        guard let template = send.template?.text, template != TopicName.template, template != options.cluster,
            template != options.brokerName
        else { return max(0, send.defaultQueues) }
        return PublishBatch.noTemplate
    }

    private static func add(
        _ batch: PublishBatch, _ topic: Int32, _ send: SendHeader, _ body: UnsafeRawBufferPointer
    ) {
        let propertyBytes = send.properties?.count ?? 0
        let target = batch.add(
            topic: topic, queue: send.queue, flag: send.flag, systemFlag: send.systemFlag,
            reconsumeTimes: send.reconsumeTimes, maxReconsumeTimes: send.maxReconsumeTimes,
            bornTimestamp: send.bornTimestamp, propertyBytes: propertyBytes, bodyBytes: body.count)
        send.properties?.write(to: target)
        _ = target.put(body, at: propertyBytes)
    }

    /// Takes a batch apart (message format, 6); the sentence why it cannot be.
    private func addBatch(
        _ batch: PublishBatch, _ topic: Int32, _ send: SendHeader, _ body: UnsafeRawBufferPointer
    ) -> String? {
        guard body.count <= Limits.maxBodyBytes else {
            return "the batch has \(body.count) bytes, at most \(Limits.maxBodyBytes) are allowed"
        }
        guard let parts = BatchBody(body) else { return "the batch is damaged: its lengths do not agree" }
        let common = send.properties
        let commonBytes = common?.count ?? 0
        parts.eachPart { part in
            let separator = commonBytes > 0 && part.properties.count > 0 && part.properties.last != 2 ? 1 : 0
            let propertyBytes = part.properties.count + separator + commonBytes
            let target = batch.add(
                topic: topic, queue: send.queue, flag: part.flag, systemFlag: send.systemFlag,
                reconsumeTimes: send.reconsumeTimes, isOfBatch: true, bornTimestamp: send.bornTimestamp,
                propertyBytes: propertyBytes, bodyBytes: part.body.count)
            var at = target.put(part.properties, at: 0)
            if separator == 1 {
                target.storeBytes(of: PropertyCoding.valueEnd, toByteOffset: at, as: UInt8.self)
                at += 1
            }
            common?.write(to: target + at)
            _ = target.put(part.body, at: propertyBytes)
        }
        return nil
    }

    // MARK: Answers

    func answer(_ served: ServedBatch) {
        served.connection.write { out in
            for waiting in served.waiting where !waiting.isOneway { answer(served.batch, waiting, &out) }
        }
    }

    private func answer(_ batch: PublishBatch, _ waiting: ServedBatch.Waiting, _ out: inout [UInt8]) {
        for index in waiting.first..<(waiting.first + waiting.count) {
            guard let error = batch.error(index) else { continue }
            // One message of a batch that failed fails it all, as far as its producer can be told.
            return Frame(
                code: ResponseCode.of(error), flag: FrameFlag.response, opaque: waiting.opaque, remark: error.message,
                fields: [.init("MSG_REGION", "DefaultRegion"), .init("TRACE_ON", "true")], type: waiting.type
            ).encode(into: &out)
        }
        guard waiting.count > 0 else {
            return Frame(
                code: ResponseCode.messageIllegal, flag: FrameFlag.response, opaque: waiting.opaque,
                remark: "the batch holds no message", fields: [], type: waiting.type
            ).encode(into: &out)
        }
        SendAnswer(batch: batch, waiting: waiting, brokerName: options.brokerName).encode(into: &out)
    }
}
