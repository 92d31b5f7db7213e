import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting

/// What consumers and transaction producers report, most of it oneway (requests, 3).
extension Service {
    /// Answers the frame in hand with nothing but its code.
    private func done(_ connection: RemotingConnection, _ opaque: Int32, _ type: HeaderType, _ response: Response) {
        var frame = Frame(code: ResponseCode.success, flag: FrameFlag.response, opaque: opaque, type: type)
        if case .failed(let error) = response {
            // RocketMQ has 1 for all that can be wrong with these, but for what is refused for lack of permission or room.
            frame.code = error.code == .unavailable ? ResponseCode.serviceNotAvailable : ResponseCode.systemError
            frame.remark = error.message
        }
        connection.send(frame)
    }

    private func submit(_ connection: RemotingConnection, _ request: Request) {
        let header = connection.header
        if header.isOneway { return host.submit(request) { _ in } }
        let (opaque, type) = (header.opaque, header.type)
        ask(request) { [self] response in done(connection, opaque, type, response) }
    }

    func updateOffset(_ connection: RemotingConnection) {
        let header = connection.header
        guard let group = header["consumerGroup"]?.text, let topic = header["topic"]?.text,
            let queue = header["queueId"]?.integer, let offset = header["commitOffset"]?.integer
        else { return refuse(connection, ResponseCode.systemError, "the offset lacks group, topic, queue or value") }
        let commit = OffsetCommit(group: group, queue: QueueID(topic, Int(clamping: queue)), offset: offset)
        submit(connection, .commit([commit]))
    }

    func sendBack(_ connection: RemotingConnection) {
        let header = connection.header
        guard let group = header["group"]?.text, let offset = header["offset"]?.integer else {
            return refuse(connection, ResponseCode.systemError, "the message sent back lacks group or offset")
        }
        let limit = header.version >= WireVersion.ownRetryLimit ? header["maxReconsumeTimes"]?.integer : nil
        submit(
            connection,
            .sendBack(
                SendBack(
                    group: group, physicalOffset: offset, delayLevel: Int(clamping: header["delayLevel"]?.integer ?? 0),
                    maxReconsumeTimes: limit.flatMap { $0 >= 0 ? Int(clamping: $0) : nil })))
    }

    /// Type 0, "unknown", is never answered (observed).
    func endTransaction(_ connection: RemotingConnection) {
        let header = connection.header
        guard let group = header["producerGroup"]?.text, let queueOffset = header["tranStateTableOffset"]?.integer,
            let physicalOffset = header["commitLogOffset"]?.integer, let type = header["commitOrRollback"]?.int32
        else {
            return refuse(connection, ResponseCode.systemError, "the end of the transaction lacks group, place or kind")
        }
        let resolution: Resolution
        switch type {
        case SystemFlag.commit: resolution = .commit
        case SystemFlag.rollback: resolution = .rollback
        default: return
        }
        connection.submitOpen()
        let isAnswer = header["fromTransactionCheck"]?.bool ?? false
        submit(
            connection,
            .endTransaction(
                EndTransaction(
                    producerGroup: group, physicalOffset: physicalOffset, queueOffset: queueOffset,
                    resolution: resolution, origin: isAnswer ? .checkBack : .producer, id: header["msgId"]?.text)))
    }
}
