import SluiceMessage
import SluiceRemoting

/// A permission that a request needs (remoting frame, 9).
enum AccessNeed: Sendable, Equatable {
    case topic(String, AccessPermission)
    /// SUB on a consumer group, the only thing that can be needed of one.
    case group(String)

    /// Where clients send what they trace; RocketMQ lets every account publish to it.
    static let traceTopic = "RMQ_SYS_TRACE_TOPIC"

    var permission: AccessPermission {
        switch self {
        case .topic(_, let permission): permission
        case .group: .subscribe
        }
    }

    var text: String {
        switch self {
        case .topic(let name, _): "topic:\(name)"
        case .group(let name): "group:\(name)"
        }
    }

    /// What is needed of a topic, which for a retry topic is its group's permission. RocketMQ asks for that of the
    /// group that the request names beside the topic, by which one group's account could write into another's retries.
    static func of(_ topic: String, _ permission: AccessPermission) -> AccessNeed {
        guard topic.hasPrefix(TopicName.retryPrefix) else { return .topic(topic, permission) }
        return .group(String(topic.dropFirst(TopicName.retryPrefix.count)))
    }
}

/// What requests need, by their code (remoting frame, 9; requests, 2 to 6).
enum AccessNeeds {
    /// Codes that only admin accounts may send: RocketMQ's five; the list forms of two of them; the changes of accounts,
    /// since who may change accounts can make himself an admin (4.9.8 does not look); and our own extension.
    static let adminCodes: Set<Int32> = [
        RequestCode.updateAndCreateTopic, RequestCode.updateBrokerConfig, RequestCode.updateAndCreateSubscriptionGroup,
        RequestCode.deleteSubscriptionGroup, RequestCode.deleteTopicInBroker,
        RequestCode.updateAndCreateTopicList, RequestCode.updateAndCreateSubscriptionGroupList,
        RequestCode.updateACLConfig, RequestCode.deleteACLConfig, RequestCode.updateGlobalWhiteAddresses,
        RequestCode.wipeWritePermission, RequestCode.addWritePermission, RequestCode.deleteTopicInNameServer,
        RequestCode.registerTopicInNameServer, RequestCode.updateNameServerConfig, RequestCode.sluice,
    ]

    /// Why it cannot be said what a request needs; it is refused then.
    struct Unclear: Error {
        let reason: String
    }

    /// Safer than 4.9.8 in two codes that it lets through with a signature alone: 320 needs PUB on its topic like the
    /// other two ways to send, 361 what the other way to pull does. Other codes need nothing but the signature.
    static func of(_ header: HeaderReader, _ body: UnsafeRawBufferPointer) throws(Unclear) -> [AccessNeed] {
        switch header.code {
        case RequestCode.sendMessage: return [.of(try text(header, "topic"), .publish)]
        case RequestCode.sendMessageV2, RequestCode.sendBatchMessage:
            // These two have short names; b is the topic (requests, 2).
            return [.of(try text(header, "b"), .publish)]
        case RequestCode.consumerSendMessageBack: return [.group(try text(header, "group"))]
        case RequestCode.pullMessage, RequestCode.litePullMessage, RequestCode.updateConsumerOffset:
            return [.of(try text(header, "topic"), .subscribe), .group(try text(header, "consumerGroup"))]
        case RequestCode.queryMessage: return [.of(try text(header, "topic"), .subscribe)]
        case RequestCode.unregisterClient, RequestCode.getConsumerListByGroup:
            // Who unregisters a producer names no group to consume with.
            guard let group = header["consumerGroup"]?.text, !group.isEmpty else { return [] }
            return [.group(group)]
        case RequestCode.heartBeat: return try heartbeat(body)
        default: return []
        }
    }

    /// Without the name of what is to be touched nothing can be allowed.
    private static func text(_ header: HeaderReader, _ name: StaticString) throws(Unclear) -> String {
        guard let text = header[name]?.text, !text.isEmpty else {
            throw Unclear(reason: "No permission: the request lacks the field \(name)")
        }
        return text
    }

    /// Consumer groups and the topics they subscribe to. Entries without a name register nothing and are skipped.
    private static func heartbeat(_ body: UnsafeRawBufferPointer) throws(Unclear) -> [AccessNeed] {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONParser.parse(body)
        } catch {
            throw Unclear(reason: "No permission: the heartbeat cannot be read: \(error)")
        }
        var needs: [AccessNeed] = []
        for consumer in value["consumerDataSet"]?.items ?? [] {
            if let group = consumer["groupName"]?.text { needs.append(.group(group)) }
            for subscription in consumer["subscriptionDataSet"]?.items ?? [] {
                if let topic = subscription["topic"]?.text { needs.append(.of(topic, .subscribe)) }
            }
        }
        return needs
    }
}
