import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// What consumers ask to share queues out and to go on (requests, 3).
extension Call {
    func consumers() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.getConsumerListByGroup: return try await members()
        case RequestCode.queryConsumerOffset: return try await consumerOffset()
        case RequestCode.lockBatchMQ: return try await lock()
        case RequestCode.unlockBatchMQ: return try await unlock()
        case RequestCode.checkClientConfig: return try checkClientConfig()
        default: return nil
        }
    }

    private func members() async throws(Refusal) -> Frame {
        let group = try text("consumerGroup")
        guard case .members(let ids) = try await ask(.members(group: group)), !ids.isEmpty else {
            throw Refusal(ResponseCode.systemError, "no consumer for this group, \(group)")
        }
        return ok(body: .fields(["consumerIdList": .strings(ids)]))
    }

    /// Answers 0 or 22 and nothing else: clients of 4.9 take any other code for "no offset" and jump (semantics, 8).
    private func consumerOffset() async throws(Refusal) -> Frame {
        let queue = QueueID(try text("topic"), Int(clamping: try integer("queueId")))
        if request["setZeroIfNotFound"] == "false" {
            // A client of 5.x begins by its own rule.
            let asked = Request.committed(group: try text("consumerGroup"), queues: [queue])
            guard case .committed(let offsets) = try await ask(asked), let offset = offsets.first ?? nil else {
                throw Refusal(ResponseCode.queryNotFound, "Not found, there is no consumer group offset")
            }
            return ok(["offset": String(offset)])
        }
        guard case .start(let offset?) = try await ask(.start(group: try text("consumerGroup"), queue)) else {
            throw Refusal(ResponseCode.queryNotFound, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
        }
        return ok(["offset": String(offset)])
    }

    private func lock() async throws(Refusal) -> Frame {
        let value = try body()
        let queues = queues(value["mqSet"])
        guard
            case .queues(let locked) = try await ask(
                .lock(
                    group: value["consumerGroup"]?.text ?? "", client: value["clientId"]?.text ?? "", queues: queues))
        else { return ok() }
        return ok(body: .fields(["lockOKMQSet": .array(locked.map { service.queueKey($0) })]))
    }

    private func unlock() async throws(Refusal) -> Frame {
        let value = try body()
        _ = try await ask(
            .unlock(
                group: value["consumerGroup"]?.text ?? "", client: value["clientId"]?.text ?? "",
                queues: queues(value["mqSet"])))
        return ok()
    }

    /// Message queues of this broker in a body; those of others are nobody's business here.
    func queues(_ value: JSONValue?) -> [QueueID] {
        (value?.items ?? []).compactMap { item in
            guard let topic = item["topic"]?.text, let queue = item["queueId"]?.integer,
                item["brokerName"]?.text == options.brokerName
            else { return nil }
            return QueueID(topic, Int(clamping: queue))
        }
    }

    private func checkClientConfig() throws(Refusal) -> Frame {
        let subscription = try body()["subscriptionData"]
        if case .failure(let refusal) = MessageFilter.make(
            subscription?["subString"]?.text ?? "*", type: subscription?["expressionType"]?.text ?? "TAG")
        {
            throw refusal
        }
        return ok()
    }
}
