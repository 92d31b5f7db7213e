import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// Pulling (requests, 3).
extension ClusterConnection {
    /// How much longer than its long poll a pull may take: stock brokers look after those that wait every 5 s.
    private static let pullGrace = 8_000
    /// A consumer whose pull failed asks again after this time.
    private static let pullPause = TimeAmount.seconds(1)

    func pull(_ pull: PullRequest, _ reply: @escaping Reply) {
        let number = ClusterQueue.broker(pull.queue.queue)
        guard let address = address(of: number) else {
            return refusePull(pull, Self.unknown(number), reply)
        }
        let wait = min(max(pull.wait, 0), 120_000)
        // 2 waits, 4 takes the subscription from here.
        let flags = (wait > 0 ? 2 : 0) | 4
        let tags = pull.filter.tags.sorted().joined(separator: " || ")
        let request = Frame(
            code: RequestCode.pullMessage,
            fields: [
                .init("consumerGroup", pull.group), .init("topic", pull.queue.topic),
                .init("queueId", String(ClusterQueue.queue(pull.queue.queue))),
                .init("queueOffset", String(pull.offset)), .init("maxMsgNums", String(max(1, pull.limit))),
                .init("sysFlag", String(flags)), .init("commitOffset", "0"),
                .init("suspendTimeoutMillis", String(wait)), .init("subscription", tags.isEmpty ? "*" : tags),
                .init("subVersion", "0"), .init("expressionType", "TAG"),
            ])
        let taker = PullTaker(pull, number, address) { [self] result in
            switch result {
            case .success(let answer): reply(.pulled(answer))
            case .failure(let error): refusePull(pull, error, reply)
            }
        }
        network.peer(address).send(
            request, milliseconds: wait > 0 ? Int(wait) + Self.pullGrace : network.options.requestMilliseconds, taker)
    }

    /// Who waits for messages would ask again at once, of a broker that is not there.
    private func refusePull(_ pull: PullRequest, _ error: APIError, _ reply: @escaping Reply) {
        routes.doubt(pull.queue.topic)
        guard pull.wait > 0 else { return reply(.failed(error)) }
        later(Self.pullPause) { reply(.failed(error)) }
    }
}

/// Takes a pull's answer, whose records are copied once.
private final class PullTaker: AnswerTaker {
    private let pull: PullRequest
    private let broker: Int
    private let address: String
    private let reply: @Sendable (Result<PullAnswer, APIError>) -> Void

    init(
        _ pull: PullRequest, _ broker: Int, _ address: String,
        _ reply: @escaping @Sendable (Result<PullAnswer, APIError>) -> Void
    ) {
        self.pull = pull
        self.broker = broker
        self.address = address
        self.reply = reply
    }

    func failed(_ index: Int, _ failure: CallFailure) { reply(.failure(failure.error)) }

    func answered(_ index: Int, _ header: HeaderReader, _ body: UnsafeRawBufferPointer) {
        reply(
            Result { () throws(APIError) in
                try answer(header, body)
            })
    }

    private func answer(_ header: HeaderReader, _ body: UnsafeRawBufferPointer) throws(APIError) -> PullAnswer {
        let status: PullAnswer.Status
        switch header.code {
        case ResponseCode.success: status = .found
        case ResponseCode.pullNotFound, ResponseCode.pullRetryImmediately: status = .noNewMessage
        case ResponseCode.pullOffsetMoved: status = .offsetMoved
        default: throw APIError(code: header.code, remark: header.remark, of: address)
        }
        guard let next = header["nextBeginOffset"]?.integer, next >= 0 else {
            throw APIError(.failed, "the broker at \(address) answers a pull without saying where to go on")
        }
        // Old brokers say 0 for "nothing here yet" of an empty queue.
        let goOn = status == .noNewMessage ? max(next, pull.offset) : next
        var fetched: Fetch?
        if status == .found {
            let records = try WireRecords.fetch(body, next: goOn, broker: broker)
            // The broker compares the tags' hashes only.
            if !pull.filter.passesAll {
                _ = records.filtered(limit: .max) { pull.filter.passes(PropertyScan($0.properties).tags?.text) }
            }
            fetched = records
        }
        return PullAnswer(
            status: status, next: goOn, minOffset: header["minOffset"]?.integer ?? 0,
            maxOffset: header["maxOffset"]?.integer ?? 0, fetched: fetched)
    }
}
