import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Offsets, membership, locks, retries and the ends of transactions (requests, 3 and 4).
extension ClusterConnection {
    static func unknown(_ broker: Int) -> APIError {
        APIError(.unreachable, "the cluster has no broker number \(broker) now")
    }

    /// Where a broker's master is.
    func address(of broker: Int) -> String? { network.knownBrokers.first { $0.index == broker }?.address }
    func name(of broker: Int) -> String? { network.knownBrokers.first { $0.index == broker }?.name }

    /// Calls `body` a while later, on the loop; at once where the loop ends first.
    func later(_ time: TimeAmount, _ body: @escaping @Sendable () -> Void) {
        network.loop.scheduleTask(in: time, body).futureResult.whenFailure { _ in body() }
    }

    func ask(
        _ broker: Int, _ code: Int32, _ fields: [Frame.Field], body: [UInt8] = [],
        _ reply: @escaping @Sendable (Result<Frame, CallFailure>, String) -> Void
    ) {
        guard let address = address(of: broker) else {
            return reply(.failure(CallFailure(error: Self.unknown(broker), isSent: false)), "?")
        }
        let request = Frame(code: code, fields: fields, body: body)
        network.ask(address, request, milliseconds: network.options.requestMilliseconds) { reply($0, address) }
    }

    private static func place(_ queue: QueueID) -> [Frame.Field] {
        [.init("topic", queue.topic), .init("queueId", String(ClusterQueue.queue(queue.queue)))]
    }

    // MARK: Offsets

    func commit(_ commits: [OffsetCommit], _ reply: @escaping Reply) {
        guard !commits.isEmpty else { return reply(.done) }
        let gathering = Gathering<Void>(commits.count) { Self.answer($0, reply) }
        for commit in commits {
            let fields =
                Self.place(commit.queue)
                + [.init("consumerGroup", commit.group), .init("commitOffset", String(commit.offset))]
            ask(ClusterQueue.broker(commit.queue.queue), RequestCode.updateConsumerOffset, fields) {
                gathering.add(CallAnswer.done($0, $1))
            }
        }
    }

    /// Done when all are; the first failure otherwise.
    private static func answer(_ results: [Result<Void, APIError>], _ reply: Reply) {
        for case .failure(let error) in results { return reply(.failed(error)) }
        reply(.done)
    }

    func committed(_ group: String, _ queues: [QueueID], _ reply: @escaping Reply) {
        guard !queues.isEmpty else { return reply(.committed([])) }
        let gathering = Gathering<(Int, Int64?)>(queues.count) { results in
            var offsets = [Int64?](repeating: nil, count: queues.count)
            for result in results {
                switch result {
                case .success(let (place, offset)): offsets[place] = offset
                case .failure(let error): return reply(.failed(error))
                }
            }
            reply(.committed(offsets))
        }
        for (place, queue) in queues.enumerated() {
            let fields = Self.place(queue) + [.init("consumerGroup", group)]
            ask(ClusterQueue.broker(queue.queue), RequestCode.queryConsumerOffset, fields) { result, address in
                if case .success(let frame) = result, frame.code == ResponseCode.queryNotFound {
                    return gathering.add(.success((place, nil)))
                }
                gathering.add(CallAnswer.integer("offset", result, address).map { (place, $0) })
            }
        }
    }

    func offset(_ queue: QueueID, _ target: OffsetTarget, _ reply: @escaping Reply) {
        switch target {
        case .first: bound(queue, RequestCode.getMinOffset) { reply(Self.response($0)) }
        case .last: bound(queue, RequestCode.getMaxOffset) { reply(Self.response($0)) }
        case .time(let time):
            bound(queue, RequestCode.searchOffsetByTimestamp, [.init("timestamp", String(time))]) {
                reply(Self.response($0))
            }
        case .offset(let wanted):
            bound(queue, RequestCode.getMinOffset) { [self] first in
                guard case .success(let first) = first else { return reply(Self.response(first)) }
                bound(queue, RequestCode.getMaxOffset) { last in
                    reply(Self.response(last.map { min(max(wanted, first), $0) }))
                }
            }
        }
    }

    private static func response(_ offset: Result<Int64, APIError>) -> Response {
        switch offset {
        case .success(let offset): .offset(offset)
        case .failure(let error): .failed(error)
        }
    }

    private func bound(
        _ queue: QueueID, _ code: Int32, _ more: [Frame.Field] = [],
        _ reply: @escaping @Sendable (Result<Int64, APIError>) -> Void
    ) {
        ask(ClusterQueue.broker(queue.queue), code, Self.place(queue) + more) {
            reply(CallAnswer.integer("offset", $0, $1))
        }
    }

    // MARK: Membership

    /// Every member is known to every broker: the first that answers is as good as any.
    func members(_ group: String, _ reply: @escaping Reply) {
        let brokers = network.knownBrokers.sorted { a, b in
            !network.peer(a.address).isPaused && network.peer(b.address).isPaused
        }
        members(group, brokers[...], nil, reply)
    }

    private func members(
        _ group: String, _ brokers: ArraySlice<ClusterBroker>, _ failure: APIError?, _ reply: @escaping Reply
    ) {
        guard let broker = brokers.first else {
            return reply(.failed(failure ?? APIError(.unreachable, "no broker of the cluster is known")))
        }
        ask(broker.index, RequestCode.getConsumerListByGroup, [.init("consumerGroup", group)]) {
            [self] result, address in
            switch result {
            // A stock broker says 1 of a group that nobody is in.
            case .success(let frame) where frame.code == ResponseCode.systemError && frame.body.isEmpty:
                let isDenied = APIError(frame, of: address).code == .refused
                if isDenied { reply(.failed(APIError(frame, of: address))) } else { reply(.members([])) }
            case .success(let frame) where frame.code != ResponseCode.success:
                reply(.failed(APIError(frame, of: address)))
            case .success(let frame):
                guard let names = (try? frame.json())?["consumerIdList"] else { return reply(.members([])) }
                reply(.members(names.items.compactMap(\.text).sorted()))
            case .failure(let failure): members(group, brokers.dropFirst(), failure.error, reply)
            }
        }
    }

    func lock(_ group: String, _ client: String, _ queues: [QueueID], _ reply: @escaping Reply) {
        eachBroker(RequestCode.lockBatchMQ, group, client, queues) { results in
            // The queues of a broker that does not answer are not locked, and the others are.
            reply(.queues(results.flatMap { (try? $0.get()) ?? [] }))
        }
    }

    func unlock(_ group: String, _ client: String, _ queues: [QueueID], _ reply: @escaping Reply) {
        eachBroker(RequestCode.unlockBatchMQ, group, client, queues) { results in
            Self.answer(results.map { $0.map { _ in () } }, reply)
        }
    }

    private func eachBroker(
        _ code: Int32, _ group: String, _ client: String, _ queues: [QueueID],
        _ reply: @escaping ([Result<[QueueID], APIError>]) -> Void
    ) {
        let parts = Dictionary(grouping: queues) { ClusterQueue.broker($0.queue) }
        guard !parts.isEmpty else { return reply([]) }
        let gathering = Gathering<[QueueID]>(parts.count, reply)
        for (broker, queues) in parts {
            let name = name(of: broker) ?? ""
            let body = JSONValue.fields([
                "clientId": .string(client), "consumerGroup": .string(group),
                "mqSet": .array(
                    queues.map {
                        .fields([
                            "brokerName": .string(name), "queueId": .number(ClusterQueue.queue($0.queue)),
                            "topic": .string($0.topic),
                        ])
                    }),
            ])
            ask(broker, code, [], body: body.encoded()) { result, address in
                gathering.add(
                    CallAnswer.frame(result, address).map { frame in
                        (try? frame.json())?["lockOKMQSet"]?.items.compactMap { Self.queue($0, broker) } ?? []
                    })
            }
        }
    }

    /// A message queue as bodies name it, of a broker.
    static func queue(_ value: JSONValue, _ broker: Int) -> QueueID? {
        guard let topic = value["topic"]?.text, let queue = value["queueId"]?.integer, (0..<65_536).contains(queue)
        else {
            return nil
        }
        return QueueID(topic, ClusterQueue.number(broker: broker, queue: Int(queue)))
    }

    // MARK: Retries and transactions

    func sendBack(_ back: SendBack, _ reply: @escaping Reply) {
        var fields: [Frame.Field] = [
            .init("group", back.group), .init("offset", String(back.physicalOffset)),
            .init("delayLevel", String(back.delayLevel)), .init("unitMode", "false"),
        ]
        if let topic = back.topic { fields.append(.init("originTopic", topic)) }
        if let most = back.maxReconsumeTimes { fields.append(.init("maxReconsumeTimes", String(most))) }
        ask(back.broker ?? 0, RequestCode.consumerSendMessageBack, fields) { result, address in
            switch CallAnswer.sentBack(result, address) {
            case .success: reply(.done)
            // A message that may not have gone back must come again: the caller tries once more.
            case .failure(let error) where error.code == .unreachable:
                reply(.failed(APIError(.unavailable, error.message)))
            case .failure(let error): reply(.failed(error))
            }
        }
    }

    func endTransaction(_ end: EndTransaction, _ reply: @escaping Reply) {
        let kind: Int32 =
            switch end.resolution {
            case .commit: SystemFlag.commit
            case .rollback: SystemFlag.rollback
            case nil: 0
            }
        var fields: [Frame.Field] = [
            .init("producerGroup", end.producerGroup), .init("tranStateTableOffset", String(end.queueOffset)),
            .init("commitLogOffset", String(end.physicalOffset)), .init("commitOrRollback", String(kind)),
            .init("fromTransactionCheck", end.origin == .checkBack ? "true" : "false"),
        ]
        // 4.9 does not ask for it; 5.x says it does.
        fields += [.init("msgId", end.id ?? ""), .init("transactionId", end.id ?? "")]
        guard end.resolution != nil else {
            // "Not known yet" is never answered (observed).
            if let address = address(of: end.broker ?? 0) {
                network.peer(address).send(
                    unanswered: Frame(code: RequestCode.endTransaction, flag: FrameFlag.oneway, fields: fields))
            }
            return reply(.done)
        }
        ask(end.broker ?? 0, RequestCode.endTransaction, fields) { result, address in
            switch CallAnswer.done(result, address) {
            case .success: reply(.done)
            case .failure(let error): reply(.failed(error))
            }
        }
    }
}
