import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// What the broker passes on to clients and back (requests, 2, 3 and 6).
extension Call {
    func relays() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.getConsumerRunningInfo: return try await runningInfo()
        case RequestCode.consumeMessageDirectly: return try await consumeDirectly()
        case RequestCode.getConsumerStatus: return try await consumerStatus()
        case RequestCode.sendReplyMessage, RequestCode.sendReplyMessageV2: return try await reply()
        default: return nil
        }
    }

    /// Sends a client a request and waits 10 s for what it says, as RocketMQ does.
    private func relay(_ frame: Frame, to client: String, group: String?) async throws(Refusal) -> Frame {
        let service = service
        let answer = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Frame, Refusal>, Never>) in
            service.loop.execute {
                let isMember = group.map { service.clients.groups[$0]?.members[client] != nil } ?? true
                guard isMember, let connection = service.clients.connection(of: client) else {
                    return continuation.resume(
                        returning: .failure(
                            Refusal(ResponseCode.systemError, "The Consumer <\(group ?? "")> <\(client)> not online")))
                }
                let opaque = service.relays.send(frame, over: connection) { answer in
                    continuation.resume(
                        returning: answer.map { .success($0) }
                            ?? .failure(
                                Refusal(
                                    ResponseCode.consumeMessageTimeout,
                                    "consumer <\(group ?? "")> <\(client)> did not answer within 10 s")))
                }
                service.loop.scheduleTask(in: .seconds(10)) { service.relays.timedOut(opaque) }
            }
        }
        return try answer.get()
    }

    private func runningInfo() async throws(Refusal) -> Frame {
        let client = try text("clientId")
        var frame = Frame(code: request.code, fields: request.fields)
        frame.body = request.body
        let answer = try await relay(frame, to: client, group: try text("consumerGroup"))
        return Frame(code: answer.code, remark: answer.remark, fields: answer.fields, body: answer.body)
    }

    private func consumeDirectly() async throws(Refusal) -> Frame {
        let client = try text("clientId")
        var frame = Frame(code: request.code, fields: request.fields ?? [])
        frame.fields?.removeAll { $0.name == "brokerName" }
        frame.fields?.append(.init("brokerName", options.brokerName))
        if let offset = request["msgId"].flatMap({ OffsetID.physicalOffset($0) }) {
            guard case .reader(let reader) = try await ask(.reader) else { return ok() }
            do throws(APIError) {
                frame.body = try await offPool { () throws(DiskError) in
                    try reader.record(at: offset).map { $0.withBytes { Array($0) } } ?? []
                }
            } catch {
                throw Refusal(error)
            }
        }
        let answer = try await relay(frame, to: client, group: try text("consumerGroup"))
        return Frame(code: answer.code, remark: answer.remark, fields: answer.fields, body: answer.body)
    }

    /// Asks every member (or one) of a group where it stands.
    private func consumerStatus() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        let group = try text("group")
        let wanted = request["clientAddr"].flatMap { $0.isEmpty ? nil : $0 }
        let members = try await registrations(.consumers(group: group)).map(\.client).filter {
            wanted == nil || $0 == wanted
        }
        guard !members.isEmpty else {
            throw Refusal(
                ResponseCode.systemError, "No Any Consumer online in the consumer group: [\(group)]")
        }
        var table: [JSONValue.Pair] = []
        for client in members {
            let frame = Frame(
                code: RequestCode.getConsumerStatusFromClient, fields: [.init("topic", topic), .init("group", group)])
            guard let answer = try? await relay(frame, to: client, group: group), answer.code == ResponseCode.success,
                let value = try? JSONParser.parse(answer.body), let queues = value["messageQueueTable"]
            else { continue }
            table.append(.init(.string(client), queues))
        }
        return ok(body: .fields(["consumerTable": .object(table), "messageQueueTable": .object([])]))
    }

    /// Passes a reply to the client that asked, and keeps it (semantics, 14).
    private func reply() async throws(Refusal) -> Frame {
        let isShort = request.code == RequestCode.sendReplyMessageV2
        guard let properties = request[isShort ? "i" : "properties"], let topic = request[isShort ? "b" : "topic"]
        else {
            throw Refusal(ResponseCode.systemError, "the reply lacks topic or properties")
        }
        let decoded = Array(properties.utf8).withUnsafeBytes { PropertyCoding.decode($0) }
        guard let client = decoded.last(where: { $0.name == "REPLY_TO_CLIENT" })?.value else {
            throw Refusal(ResponseCode.systemError, "REPLY_TO_CLIENT is null, can not reply message")
        }
        var fields = pushedFields(isShort)
        let now = service.now
        let arrived = PropertyCoding.encode(
            decoded.filter { $0.name != "PUSH_REPLY_TIME" } + [Property("PUSH_REPLY_TIME", String(now))])
        fields.removeAll { $0.name == "properties" }
        fields += [
            .init("properties", String(decoding: arrived, as: UTF8.self)), .init("storeTimestamp", String(now)),
            .init("bornHost", connection.remoteText), .init("storeHost", options.advertised),
        ]
        let pushed = Frame(code: RequestCode.pushReplyMessageToClient, fields: fields, body: request.body)
        let answer = try await relay(pushed, to: client, group: nil)
        guard answer.code == ResponseCode.success else {
            throw Refusal(ResponseCode.systemError, "push reply message to \(client) fail: \(answer.remark ?? "")")
        }
        let queue = request[isShort ? "e" : "queueId"] ?? "0"
        return ok([
            "MSG_REGION": "DefaultRegion", "TRACE_ON": "true", "msgId": try await store(topic, decoded),
            "queueId": queue, "queueOffset": "0",
        ])
    }

    /// The long names of a send header, whichever form it came in.
    private func pushedFields(_ isShort: Bool) -> [Frame.Field] {
        let names = [
            ("a", "producerGroup"), ("b", "topic"), ("c", "defaultTopic"), ("d", "defaultTopicQueueNums"),
            ("e", "queueId"), ("f", "sysFlag"), ("g", "bornTimestamp"), ("h", "flag"), ("i", "properties"),
            ("j", "reconsumeTimes"), ("k", "unitMode"),
        ]
        return names.compactMap { short, long in request[isShort ? short : long].map { .init(long, $0) } }
    }

    private func store(_ topic: String, _ properties: [Property]) async throws(Refusal) -> String {
        let batch = PublishBatch(bornHost: connection.bornHost)
        let encoded = PropertyCoding.encode(properties)
        let target = batch.add(
            topic: batch.topic(topic), queue: 0, bornTimestamp: service.now, propertyBytes: encoded.count,
            bodyBytes: request.body.count)
        encoded.withUnsafeBytes { raw in _ = target.put(raw, at: 0) }
        request.body.withUnsafeBytes { raw in _ = target.put(raw, at: encoded.count) }
        let source = OneBatch(batch)
        await withCheckedContinuation { continuation in
            source.onFinished { continuation.resume() }
            service.host.submit(.publish(source)) { _ in }
        }
        guard batch.error(0) == nil, let entry = batch.entries.first else { return "0" }
        return OffsetID.text(batch.storeHost, physicalOffset: entry.physicalOffset)
    }
}
