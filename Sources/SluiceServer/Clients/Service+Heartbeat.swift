import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting

/// HEART_BEAT and UNREGISTER_CLIENT (requests, 3).
extension Service {
    func heartbeat(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) {
        let header = connection.header
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONParser.parse(body)
        } catch {
            return refuse(connection, ResponseCode.systemError, "the heartbeat cannot be read: \(error)")
        }
        guard let client = value["clientID"]?.text, !client.isEmpty, client.utf8.count <= 1_024 else {
            return refuse(connection, ResponseCode.systemError, "the heartbeat names no client")
        }
        clients.seen(client, over: connection)
        var problem: Refusal?
        for consumer in value["consumerDataSet"]?.items ?? [] {
            problem = self.consumer(consumer, client, connection) ?? problem
        }
        for producer in value["producerDataSet"]?.items ?? [] {
            guard let group = producer["groupName"]?.text, !clients.isKnown(client, producer: group) else { continue }
            clients.producer(client, group)
            host.submit(.register(registration(client, connection, producerGroup: group))) { _ in }
        }
        if let problem { return refuse(connection, problem.code, problem.remark) }
        guard !header.isOneway else { return }
        // Clients learn the broker's version from this answer only (remoting frame, 6).
        let frame = Frame(
            code: ResponseCode.success, flag: FrameFlag.response, opaque: header.opaque, type: header.type)
        connection.write { frame.encode(into: &$0) }
    }

    private func consumer(_ data: JSONValue, _ client: String, _ connection: RemotingConnection) -> Refusal? {
        guard let name = data["groupName"]?.text else { return nil }
        var group = ClientTable.ConsumerGroup()
        group.model = Self.word(data["messageModel"], Self.models) == "BROADCASTING" ? .broadcasting : .clustering
        group.consumeType = Self.word(data["consumeType"], Self.types) ?? group.consumeType
        group.consumeFrom = Self.word(data["consumeFromWhere"], Self.starts) ?? group.consumeFrom
        for item in data["subscriptionDataSet"]?.items ?? [] {
            guard let topic = item["topic"]?.text else { continue }
            let subscription = Subscription(
                item["subString"]?.text ?? "*", type: item["expressionType"]?.text ?? "TAG",
                version: item["subVersion"]?.integer ?? 0)
            switch MessageFilter.make(subscription.expression, type: subscription.type) {
            case .success(let filter):
                group.subscriptions[topic] = .init(topic: topic, subscription: subscription, filter: filter)
            case .failure(let refusal): return refusal
            }
        }
        clients.consumer(client, name, over: connection, group)
        var registration = registration(client, connection, producerGroup: nil)
        registration.consumerGroup = name
        registration.model = group.model
        registration.consumeType = group.consumeType
        registration.consumeFrom = group.consumeFrom
        registration.subscriptions = group.subscriptions.mapValues(\.subscription)
        host.submit(.register(registration)) { _ in }
        return nil
    }

    private static let models = ["BROADCASTING", "CLUSTERING"]
    private static let types = ["CONSUME_ACTIVELY", "CONSUME_PASSIVELY"]
    private static let starts = [
        "CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST", "CONSUME_FROM_MIN_OFFSET",
        "CONSUME_FROM_MAX_OFFSET", "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP",
    ]

    /// An enumeration's name; the clients in C++ send its place instead.
    private static func word(_ value: JSONValue?, _ names: [String]) -> String? {
        if let place = value?.integer { return names.indices.contains(Int(place)) ? names[Int(place)] : nil }
        return value?.text
    }

    private func registration(
        _ client: String, _ connection: RemotingConnection, producerGroup: String?
    ) -> Registration {
        Registration(
            client: client, address: connection.remoteText, language: connection.header.language.text,
            version: Int(connection.header.version), producerGroup: producerGroup,
            push: { [inbox, weak self] push in
                let service = self
                inbox.add(.work { service?.push(push, to: client) })
            })
    }

    func unregister(_ connection: RemotingConnection) {
        let header = connection.header
        guard let client = header["clientID"]?.text else {
            return refuse(connection, ResponseCode.systemError, "there is no client to unregister")
        }
        let consumerGroup = header["consumerGroup"]?.text
        let producerGroup = header["producerGroup"]?.text
        if consumerGroup != nil || producerGroup != nil {
            clients.leave(client, consumerGroup: consumerGroup, producerGroup: producerGroup)
            host.submit(
                .unregister(client: client, consumerGroup: consumerGroup, producerGroup: producerGroup)
            ) { _ in }
        }
        guard !header.isOneway else { return }
        let frame = Frame(
            code: ResponseCode.success, flag: FrameFlag.response, opaque: header.opaque, type: header.type)
        connection.write { frame.encode(into: &$0) }
    }
}
