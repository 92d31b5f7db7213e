import SluiceAPI
import SluiceMessage
import SluiceStorage

extension Broker {
    /// Takes a batch (further): stores each message, or says why not, and answers when the disk has it.
    func publish(_ batch: PublishBatch, from source: any PublishSource) {
        if let refusing { return refuse(batch, source, refusing) }
        if batch.resolvedGeneration != topicsGeneration { resolve(batch) }
        while batch.taken < batch.entries.count {
            let index = batch.taken
            let entry = batch.entries[index]
            let need = Int(entry.bodyBytes) + Int(entry.propertyBytes) + 1_024
            if !store.hasRoom(for: need) {
                if store.noRoom == nil { return suspend { self.publish(batch, from: source) } }
                batch.fail(index, APIError(.unavailable, store.noRoom ?? "the disk is full"))
                publishErrors += 1
            } else if let problem = take(batch, index, entry) {
                batch.fail(index, problem)
                publishErrors += 1
            }
            batch.taken += 1
        }
        answer(batch, source)
    }

    private func refuse(_ batch: PublishBatch, _ source: any PublishSource, _ reason: String) {
        publishErrors += Int64(batch.count - batch.taken)
        for index in batch.taken..<batch.count { batch.fail(index, APIError(.unavailable, reason)) }
        batch.taken = batch.count
        answer(batch, source)
    }

    /// Looks its topics up, and makes none: a batch is filled again and again, and still knows topics that nobody sends to
    /// any more and that were deleted meanwhile.
    private func resolve(_ batch: PublishBatch) {
        batch.resolved = batch.topics.map { topics[$0] }
        batch.resolvedGeneration = topicsGeneration
    }

    /// The topic a producer names, made on the first message where that is allowed.
    ///
    /// - Parameter queuesWanted: what its producer would like; at most the template's eight (semantics, 1).
    func topicForSending(_ name: String, queuesWanted: Int = 0) throws(APIError) -> Topic {
        if let problem = Topic.problem(with: name) { throw APIError(.invalid, problem) }
        if TopicName.forbiddenToSend.contains(name) {
            throw APIError(.refused, "\(name) is the broker's own topic; publish to another one")
        }
        if let topic = topics[name] { return topic }
        let wanted = queuesWanted > 0 ? min(queuesWanted, Self.templateQueues) : options.defaultQueues
        let queues = name.hasPrefix("%") ? 1 : wanted
        let mayMake = options.autoCreateTopics && queuesWanted != Int(PublishBatch.noTemplate)
        guard mayMake || name.hasPrefix("%") else {
            throw APIError(.notFound, "there is no topic \(name); create it with `sluice topic create \(name)`")
        }
        return makeTopic(TopicConfig(name: name, readQueues: queues, writeQueues: queues))
    }

    /// Queues of TBW102, the template of topics that are made by their first message.
    public static let templateQueues = 8

    /// Stores one message; nil when that went well.
    private func take(_ batch: PublishBatch, _ index: Int, _ entry: borrowing PublishBatch.Entry) -> APIError? {
        if batch.resolved[Int(entry.topic)] == nil {
            do throws(APIError) {
                let wanted = Int(batch.queuesWanted[Int(entry.topic)])
                batch.resolved[Int(entry.topic)] = try topicForSending(
                    batch.topics[Int(entry.topic)], queuesWanted: wanted)
            } catch {
                return error
            }
        }
        guard var topic = batch.resolved[Int(entry.topic)] else { return APIError(.failed, "the topic is gone") }
        guard topic.config.permission.contains(.write), !topic.isBrokersOwn else {
            return APIError(.refused, "topic \(topic.config.name) does not permit writing")
        }
        let body = batch.body(entry)
        let properties = batch.properties(entry)
        guard body.count <= Limits.maxBodyBytes else {
            return APIError(.tooLarge, "the body has \(body.count) bytes, at most \(Limits.maxBodyBytes) are allowed")
        }
        guard properties.count + clusterProperty.count + 200 <= Limits.maxPropertiesBytes else {
            return APIError(
                .tooLarge,
                "the properties have \(properties.count) bytes, at most \(Limits.maxPropertiesBytes - 200) are allowed")
        }
        guard Int(entry.queue) < max(topic.config.writeQueues, topic.config.readQueues) else {
            return APIError(
                .invalid,
                "topic \(topic.config.name) has \(topic.config.writeQueues) queues, there is no queue \(entry.queue)")
        }
        if topic.publishLimit != nil, let problem = throttle(topic) { return problem }
        var queue = entry.queue < 0 ? topic.chooseQueue() : Int(entry.queue)
        if topic.kind == .retry, isOverLimit(topic, entry) {
            topic = systemTopic(TopicName.deadLetter(String(topic.config.name.dropFirst(TopicName.retryPrefix.count))))
            queue = 0
        }
        var header = RecordHeader(
            queue: Int32(queue), flag: entry.flag, systemFlag: entry.systemFlag, bornTimestamp: entry.bornTimestamp,
            bornHost: batch.bornHost, storeTimestamp: now, storeHost: options.host,
            reconsumeTimes: entry.reconsumeTimes)
        let scan = PropertyScan(properties)
        if scan.isTransaction || header.systemFlag & SystemFlag.transactionMask == SystemFlag.prepared {
            storeHalf(topic, &header, properties: properties, body: body, scan: scan)
        } else if scan.isDelayed {
            var due: Int64 = 0
            if let problem = storeDelayed(
                topic, &header, properties: properties, body: body, scan: scan, exactly: &due)
            {
                return problem
            }
            batch.due(index, due)
        } else if scan.hasWait, !entry.isOfBatch {
            // RocketMQ drops WAIT from the stored string of a plain send.
            batch.dropWait(index)
            let kept = batch.entries[index]
            let properties = batch.properties(kept)
            storePlain(topic, &header, properties: properties, body: batch.body(kept), scan: PropertyScan(properties))
        } else {
            storePlain(topic, &header, properties: properties, body: body, scan: scan)
        }
        batch.stored(index, queue: Int32(queue), queueOffset: header.queueOffset, physicalOffset: header.physicalOffset)
        published += 1
        return nil
    }

    /// A consumer's own retry (it sends to its retry topic when sending back failed) that has had its tries.
    private func isOverLimit(_ topic: Topic, _ entry: borrowing PublishBatch.Entry) -> Bool {
        if entry.maxReconsumeTimes >= 0 { return entry.reconsumeTimes >= entry.maxReconsumeTimes }
        let group = groups[String(topic.config.name.dropFirst(TopicName.retryPrefix.count))]
        return Int(entry.reconsumeTimes) >= group?.config.retryMaxTimes ?? GroupConfig(name: "").retryMaxTimes
    }

    /// Puts a message where consumers see it.
    func storePlain(
        _ topic: Topic, _ header: inout RecordHeader, properties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        scan: borrowing PropertyScan
    ) {
        let more: [UInt8]? = scan.hasCluster ? nil : properties.isEmpty ? clusterPropertyAlone : clusterProperty
        append(topic, &header, properties, more: more, body, scan)
    }

    private func append(
        _ topic: Topic, _ header: inout RecordHeader, _ properties: UnsafeRawBufferPointer, more: [UInt8]?,
        _ body: UnsafeRawBufferPointer, _ scan: PropertyScan
    ) {
        let queue = topic.queue(Int(header.queue), store)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        topic.nameBytes.withUnsafeBytes { name in
            if let more {
                more.withUnsafeBytes { more in
                    _ = store.append(
                        to: queue, topic: name, header: &header, properties: properties, moreProperties: more,
                        body: body,
                        scan: scan, topicHash: topic.keyHash)
                }
            } else {
                store.append(
                    to: queue, topic: name, header: &header, properties: properties, moreProperties: none, body: body,
                    scan: scan, topicHash: topic.keyHash)
            }
        }
        if topic.kind == .normal { publishedNormal += 1 }
        waiters.touch(queue)
    }

    /// Stores a record under exactly these properties: for the broker's own copies and topics.
    func store(
        _ topic: Topic, _ header: inout RecordHeader, properties: [UInt8], body: UnsafeRawBufferPointer
    ) {
        properties.withUnsafeBytes { raw in append(topic, &header, raw, more: nil, body, PropertyScan(raw)) }
    }

    /// One of the broker's own topics, made when it is first needed.
    func systemTopic(_ name: String, queues: Int = 1) -> Topic {
        topics[name] ?? makeTopic(TopicConfig(name: name, readQueues: queues, writeQueues: queues))
    }
}
