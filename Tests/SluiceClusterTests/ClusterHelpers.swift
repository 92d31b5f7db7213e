import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceRemoting

@testable import SluiceCluster

extension ClusterConnection {
    /// Makes a topic on every broker.
    func make(_ topic: String, queues: Int) async throws {
        for broker in try await network.brokers(refresh: false) {
            let request = Frame(
                code: RequestCode.updateAndCreateTopic,
                fields: [
                    .init("topic", topic), .init("defaultTopic", "TBW102"), .init("readQueueNums", String(queues)),
                    .init("writeQueueNums", String(queues)), .init("perm", "6"),
                    .init("topicFilterType", "SINGLE_TAG"), .init("topicSysFlag", "0"), .init("order", "false"),
                ])
            let answer = try await network.call(broker, request, milliseconds: 3_000)
            guard answer.code == 0 else { throw APIError(answer, of: broker.address) }
        }
        try await eventually("the topic is in the routes") {
            try await routeParts(topic) == (try await network.brokers(refresh: false)).count
        }
    }

    func routeParts(_ topic: String) async throws -> Int {
        let answer = try await network.callNameServer(
            Frame(code: RequestCode.getRouteInfo, fields: [.init("topic", topic)]), milliseconds: 3_000)
        guard answer.code == 0 else { return 0 }
        return try answer.json()?["queueDatas"]?.items.count ?? 0
    }

    /// How many tries a group's messages have before they are dead.
    func limitRetries(_ group: String, _ times: Int) async throws {
        for broker in try await network.brokers(refresh: false) {
            let body = JSONValue.fields([
                "groupName": .string(group), "consumeEnable": true, "consumeFromMinEnable": true,
                "consumeBroadcastEnable": true, "retryQueueNums": 1, "retryMaxTimes": .number(times), "brokerId": 0,
                "whichBrokerWhenConsumeSlowly": 1, "notifyConsumerIdsChangedEnable": true,
            ])
            let request = Frame(
                code: RequestCode.updateAndCreateSubscriptionGroup, fields: [], body: body.encoded())
            let answer = try await network.call(broker, request, milliseconds: 3_000)
            guard answer.code == 0 else { throw APIError(answer, of: broker.address) }
        }
    }

    func ask(_ request: Request) async -> Response {
        await withCheckedContinuation { continuation in submit(request) { continuation.resume(returning: $0) } }
    }
}

extension Producer {
    func send(_ topic: String, _ text: String, queue: Int? = nil, delay: Delay? = nil) async throws -> SendReceipt {
        try await send(Message(topic: topic, body: Array(text.utf8), delay: delay, queue: queue))
    }
}

/// A consumer of a topic that puts what it gets into an inbox.
func consumer(
    _ connection: any Connection, _ options: ConsumerOptions, _ topic: String, _ inbox: Inbox,
    filter: String = "*", result: @escaping @Sendable ([StoredMessage]) -> ConsumeResult = { _ in .success }
) throws -> PushConsumer {
    let consumer = PushConsumer(connection, options) { messages in
        inbox.add(messages)
        return result(messages)
    }
    try consumer.subscribe(topic, filter: filter)
    try consumer.start()
    return consumer
}
