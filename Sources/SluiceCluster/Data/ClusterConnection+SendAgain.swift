import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization

/// A failed message stored again by its client (semantics, 4): RocketMQ's own does so where the broker refuses to send it
/// back, which it does with 26 for a group that it has no configuration of.
extension ClusterConnection {
    public func brokerName(ofQueue number: Int) -> String? { name(of: ClusterQueue.broker(number)) }

    public func sendAgain(_ message: StoredMessage, group: String, _ reply: @escaping Reply) {
        let isTaken = isClosed.withLock { closed in
            guard !closed else { return false }
            network.loop.execute { [self] in
                let own = ClusterQueue.broker(message.queue)
                // Its own broker first, where the group reads in any case; any other is as good.
                let brokers = network.knownBrokers.map(\.index).sorted { $0 == own && $1 != own }
                sendAgain(Self.copy(message, for: group), brokers[...], nil, reply)
            }
            return true
        }
        if !isTaken { reply(.failed(APIError(.unavailable, "the connection is closed"))) }
    }

    private func sendAgain(
        _ request: Frame, _ brokers: ArraySlice<Int>, _ failure: APIError?, _ reply: @escaping Reply
    ) {
        guard let broker = brokers.first else {
            return reply(.failed(failure ?? APIError(.unreachable, "no broker of the cluster is known")))
        }
        ask(broker, request.code, request.fields ?? [], body: request.body) { [self] result, address in
            switch result {
            // Stored, but the disk or the slave was late.
            case .success(let frame) where [ResponseCode.success, 10, 11, 12].contains(frame.code): reply(.done)
            case .success(let frame):
                sendAgain(request, brokers.dropFirst(), APIError(frame, of: address), reply)
            case .failure(let failure):
                sendAgain(request, brokers.dropFirst(), failure.error, reply)
            }
        }
    }

    /// The request that stores the copy: one try more, and the level of the ladder that belongs to it.
    static func copy(_ message: StoredMessage, for group: String) -> Frame {
        let dropped: Set<String> = [PropertyName.transaction, PropertyName.delayLevel, PropertyName.wait]
        var properties = message.properties.filter { !dropped.contains($0.name) }
        func add(_ name: String, _ value: String) {
            if !properties.contains(where: { $0.name == name }) { properties.append(Property(name, value)) }
        }
        add(PropertyName.retryTopic, message.topic)
        add(PropertyName.originMessageID, message.offsetID)
        add(PropertyName.delayLevel, String(3 + message.reconsumeTimes))
        add(PropertyName.wait, "false")
        let text = String(decoding: PropertyCoding.encode(properties), as: UTF8.self)
        return Frame(
            code: RequestCode.sendMessageV2,
            fields: [
                .init("a", "sluice"), .init("b", TopicName.retry(group)), .init("c", TopicName.template),
                .init("d", "1"), .init("e", "0"), .init("f", String(message.systemFlag & SystemFlag.bodyMask)),
                .init("g", String(message.bornTimestamp)), .init("h", String(message.flag)), .init("i", text),
                .init("j", String(message.reconsumeTimes + 1)), .init("k", "false"), .init("m", "false"),
            ], body: message.body)
    }
}

extension CallAnswer {
    /// Of a message that was sent back. Only a broker that has not got the message any more finds nothing: one that does not
    /// know the group refuses (26), and the message has to be kept another way.
    static func sentBack(_ result: Result<Frame, CallFailure>, _ address: String) -> Result<Void, APIError> {
        done(result, address).mapError { error in
            guard case .success(let frame) = result, error.code != .throttled, error.code != .unavailable,
                frame.code != ResponseCode.queryNotFound
            else { return error }
            return APIError(.refused, error.message)
        }
    }
}
