import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Who is connected (requests, 203, 204, 328, 343, 345).
extension Call {
    func registrations(_ request: Request) async throws(Refusal) -> [Registration] {
        guard case .registrations(let found) = try await ask(request) else { return [] }
        return found
    }

    func consumerConnections() async throws(Refusal) -> Frame {
        let name = try text("consumerGroup")
        let members = try await registrations(.consumers(group: name))
        guard let last = members.last else {
            throw Refusal(ResponseCode.consumerNotOnline, "the consumer group[\(name)] not online")
        }
        let subscriptions = last.subscriptions.sorted { $0.key < $1.key }.map {
            JSONValue.Pair(.string($0.key), $0.value.json(topic: $0.key))
        }
        return ok(
            body: .fields([
                "connectionSet": .array(members.map(\.json)), "consumeFromWhere": .string(last.consumeFrom),
                "consumeType": .string(last.consumeType), "messageModel": .string(last.model.rawValue.uppercased()),
                "subscriptionTable": .object(subscriptions),
            ]))
    }

    func producerConnections() async throws(Refusal) -> Frame {
        let name = try text("producerGroup")
        let members = try await registrations(.producers(group: name))
        guard !members.isEmpty else {
            throw Refusal(ResponseCode.systemError, "the producer group[\(name)] not exist")
        }
        return ok(body: .fields(["connectionSet": .array(members.map(\.json))]))
    }

    func allProducers() async throws(Refusal) -> Frame {
        let groups = Dictionary(grouping: try await registrations(.producers(group: nil))) { $0.producerGroup ?? "" }
        let data = groups.sorted { $0.key < $1.key }.map { name, members in
            JSONValue.Pair(
                .string(name),
                .array(
                    members.map { member in
                        .fields([
                            "clientId": .string(member.client), "language": .string(member.wireLanguage),
                            "lastUpdateTimestamp": .int(service.now), "remoteIP": .string("/" + member.address),
                            "version": .number(member.version),
                        ])
                    }))
        }
        return ok(body: .fields(["data": .object(data)]))
    }

    func topicsOfGroup() async throws(Refusal) -> Frame {
        guard case .group(let status) = try await ask(.group(try text("group"))) else { return ok() }
        return ok(body: .fields(["topicList": .strings(status.summary.topics)]))
    }

    func subscriptionOfGroup() async throws(Refusal) -> Frame {
        let group = try text("group")
        let topic = try text("topic")
        let subscription = try await registrations(.consumers(group: group)).last?.subscriptions[topic]
        return ok(
            body: .fields([
                "group": .string(group), "subscriptionData": subscription?.json(topic: topic), "topic": .string(topic),
            ]))
    }
}

extension Registration {
    /// Languages beyond the protocol's list would be read as null, which breaks its tools (remoting frame, 2).
    var wireLanguage: String { Language(language).text }

    /// Connection as bodies hold it.
    var json: JSONValue {
        .fields([
            "clientAddr": .string(address), "clientId": .string(client), "language": .string(wireLanguage),
            "version": .number(version),
        ])
    }
}

extension Subscription {
    /// SubscriptionData as bodies hold it.
    func json(topic: String) -> JSONValue {
        let filter = type == "SQL92" ? TagFilter.all : TagFilter(expression)
        return .fields([
            "classFilterMode": false, "codeSet": .array(filter.codes.sorted().map { .int(Int64($0)) }),
            "expressionType": .string(type), "subString": .string(expression), "subVersion": .int(version),
            "tagsSet": .strings(filter.tags.sorted()), "topic": .string(topic),
        ])
    }
}
