import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// What a broker sends to its clients by itself (requests, 3): always in JSON (observed).
extension Service {
    func push(_ push: ServerPush, to client: String) {
        guard let connection = clients.connection(of: client) else { return }
        switch push {
        case .membersChanged(let group):
            connection.send(
                oneway(RequestCode.notifyConsumerIDsChanged, fields: [.init("consumerGroup", group)]))
        case .checkTransaction(let half, let queueOffset):
            connection.send(checkFrame(half, queueOffset))
        case .offsetsReset(let group, let topic, let offsets):
            connection.send(resetFrame(group, topic, offsets, isCPP: connection.header.language == .cpp))
        }
    }

    func oneway(_ code: Int32, fields: [Frame.Field], body: [UInt8] = []) -> Frame {
        Frame(code: code, flag: FrameFlag.oneway, opaque: relays.nextOpaque(), fields: fields, body: body)
    }

    private func checkFrame(_ half: StoredMessage, _ queueOffset: Int64) -> Frame {
        var fields: [Frame.Field] = [
            .init("commitLogOffset", String(half.physicalOffset)), .init("offsetMsgId", half.offsetID),
            .init("tranStateTableOffset", String(queueOffset)),
        ]
        if let key = half.property(PropertyName.uniqueKey) {
            fields += [.init("msgId", key), .init("transactionId", key)]
        }
        var shown = half
        shown.topic = half.property(PropertyName.realTopic) ?? half.topic
        shown.queue = half.property(PropertyName.realQueue).flatMap { Int($0) } ?? half.queue
        return oneway(RequestCode.checkTransactionState, fields: fields, body: shown.record())
    }

    /// RocketMQ says `isForce=false` here whatever it was told itself (observed).
    func resetFrame(
        _ group: String, _ topic: String, _ offsets: [QueueID: Int64], isCPP: Bool, timestamp: Int64 = 0
    ) -> Frame {
        let table: JSONValue
        if isCPP {
            table = .array(
                offsets.sorted { $0.key < $1.key }.map { queue, offset in
                    .fields([
                        "brokerName": .string(options.brokerName), "offset": .int(offset),
                        "queueId": .number(queue.queue), "topic": .string(queue.topic),
                    ])
                })
        } else {
            table = .object(offsets.sorted { $0.key < $1.key }.map { .init(queueKey($0.key), .int($0.value)) })
        }
        return oneway(
            RequestCode.resetConsumerClientOffset,
            fields: [
                .init("group", group), .init("isForce", "false"), .init("timestamp", String(timestamp)),
                .init("topic", topic),
            ], body: JSONValue.fields(["offsetTable": table]).encoded())
    }

    /// A message queue as bodies name it.
    func queueKey(_ id: QueueID) -> JSONValue {
        .fields([
            "brokerName": .string(options.brokerName), "queueId": .number(id.queue), "topic": .string(id.topic),
        ])
    }
}
