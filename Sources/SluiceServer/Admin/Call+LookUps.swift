import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// Messages by key, id and place (requests, 4).
extension Call {
    func lookUps() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.queryMessage: return try await queryMessage()
        case RequestCode.viewMessageByID: return try await viewMessage()
        case RequestCode.queryConsumeQueue: return try await queryConsumeQueue()
        default: return nil
        }
    }

    /// Messages one answer holds at most, as RocketMQ's index does.
    private static let mostFound: Int64 = 64

    private func read<T: Sendable>(
        _ body: @escaping @Sendable () throws(DiskError) -> T
    ) async throws(Refusal) -> T {
        do throws(APIError) {
            return try await offPool(body)
        } catch {
            throw Refusal(error)
        }
    }

    private func queryMessage() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        let key = try text("key")
        let isUnique = request.bool(Signature.uniqueKeyQueryField) ?? false
        let most = isUnique ? 32 : min(max(try integer("maxNum"), 1), Self.mostFound)
        let begin = request.integer("beginTimestamp") ?? 0
        let times = begin...max(begin, request.integer("endTimestamp") ?? .max)
        guard case .lookUp(let lookup, let reader) = try await ask(.lookUp(topic: topic, key: key)) else {
            return ok()
        }
        let records = try await read { () throws(DiskError) -> [UInt8] in
            var found: [UInt8] = []
            var count = 0
            for offset in try lookup.candidates(limit: Int(most) * 4) where count < most {
                guard let fetch = try reader.record(at: offset), let message = fetch.messages().first,
                    message.topic == topic, times.contains(message.storeTimestamp),
                    isUnique ? message.property(PropertyName.uniqueKey) == key : message.isFound(by: key)
                else { continue }
                fetch.withBytes { found += $0 }
                count += 1
            }
            return found
        }
        let status = try await brokerStatus()
        var frame = ok([
            "indexLastUpdateTimestamp": String(service.now),
            "indexLastUpdatePhyoffset": String(status.maxPhysicalOffset),
        ])
        if records.isEmpty {
            frame.code = ResponseCode.queryNotFound
            frame.remark = "can not find message, maybe time range not correct"
        }
        frame.body = records
        return frame
    }

    private func viewMessage() async throws(Refusal) -> Frame {
        let offset = try integer("offset")
        guard case .reader(let reader) = try await ask(.reader) else { return ok() }
        let record = try await read { () throws(DiskError) -> [UInt8]? in
            try reader.record(at: offset).map { $0.withBytes { Array($0) } }
        }
        guard let record else {
            throw Refusal(ResponseCode.systemError, "can not find message by the offset, \(offset)")
        }
        var frame = ok()
        frame.body = record
        return frame
    }

    private func queryConsumeQueue() async throws(Refusal) -> Frame {
        let queue = QueueID(try text("topic"), Int(clamping: try integer("queueId")))
        let from = try integer("index")
        let count = min(max(request.integer("count") ?? 10, 1), 1_000)
        // An index or a queue that is not there is answered with an empty body (observed).
        guard case .offset(let first)? = try? await ask(.offset(queue, .first)),
            case .offset(let last)? = try? await ask(.offset(queue, .last)), from >= first, from < last,
            case .units(let source, let reader) = try await ask(.browse(queue, from: from, limit: Int(count)))
        else {
            var frame = ok()
            frame.remark = "Index \(from) of \(queue.queue)@\(queue.topic) is not exist!"
            return frame
        }
        let levels = options.levels
        let data = try await read { () throws(DiskError) -> [JSONValue] in
            try source.load().map { offset, unit throws(DiskError) in
                var tagCode = Int64(unit.tagCode)
                if queue.topic == TopicName.schedule, let message = try reader.record(at: unit.physicalOffset) {
                    // There the slot holds the time it is due (message format, 7).
                    tagCode = (message.messages().first?.storeTimestamp ?? 0) + levels.delay(ofQueue: queue.queue)
                }
                return .fields([
                    "eval": true, "physicOffset": .int(unit.physicalOffset), "physicSize": .int(Int64(unit.size)),
                    "tagsCode": .int(tagCode),
                ])
            }
        }
        var subscription: Subscription?
        var filterData: JSONValue?
        if let group = request["consumerGroup"], !group.isEmpty {
            subscription = try await registrations(.consumers(group: group)).last?.subscriptions[queue.topic]
            // Said in the place of a filter (observed).
            if subscription == nil { filterData = .string("\(group)@\(queue.topic) is not online!") }
        }
        return ok(
            body: .fields([
                "filterData": filterData, "maxQueueIndex": .int(last), "minQueueIndex": .int(first),
                "queueData": .array(data),
                "subscriptionData": subscription?.json(topic: queue.topic),
            ]))
    }
}

extension StoredMessage {
    /// Found by one of its keys or its unique key, which are all in the index.
    fileprivate func isFound(by key: String) -> Bool {
        keys.contains(key) || property(PropertyName.uniqueKey) == key
    }
}
