import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Delayed messages: they wait as records of the schedule topic (levels) or the timer topic (exact times), known to the
/// timer, and are stored again in their own topic when they are due. The delivered record names the waiting one in its
/// preparedTransactionOffset, so that a restart delivers nothing twice.
extension Broker {
    /// The longest delay taken: 40 days.
    static let longestDelay: Int64 = 40 * 86_400_000

    /// Stores a message to wait for its moment, or at once where that is past. Returns why it cannot.
    /// - Parameter exactly: set to the moment, epoch ms, where it is an exact one.
    func storeDelayed(
        _ topic: Topic, _ header: inout RecordHeader, properties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        scan: borrowing PropertyScan, exactly: inout Int64
    ) -> APIError? {
        if let text = scan.delayLevel, let level = text.decimal, level > 0 {
            wait(topic, &header, PropertyCoding.decode(properties), body, level: Int(min(level, Int64(Int32.max))))
            return nil
        }
        let due: Int64
        switch dueTime(scan) {
        case .success(let time): due = time
        case .failure(let problem): return problem
        }
        if due <= now {
            storePlain(topic, &header, properties: properties, body: body, scan: scan)
            return nil
        }
        guard due - now <= Self.longestDelay else {
            return APIError(.invalid, "the message is due in \((due - now) / 86_400_000) days, at most 40 are allowed")
        }
        wait(topic, &header, PropertyCoding.decode(properties), body, due: due)
        exactly = due
        return nil
    }

    private func dueTime(_ scan: borrowing PropertyScan) -> Result<Int64, APIError> {
        func number(_ text: UnsafeRawBufferPointer, _ name: String) -> Result<Int64, APIError> {
            guard let value = text.decimal, value > Int64.min / 2_000, value < Int64.max / 2_000 else {
                return .failure(APIError(.invalid, "property \(name) is \"\(text.text)\", not a number of that kind"))
            }
            return .success(value)
        }
        if let text = scan.timerDelaySeconds { return number(text, "TIMER_DELAY_SEC").map { now + $0 * 1_000 } }
        if let text = scan.timerDelayMilliseconds { return number(text, "TIMER_DELAY_MS").map { now + $0 } }
        if let text = scan.timerDeliverAt { return number(text, "TIMER_DELIVER_MS") }
        return .success(now)
    }

    /// Lets a message wait for a level.
    func wait(
        _ topic: Topic, _ header: inout RecordHeader, _ properties: [Property], _ body: UnsafeRawBufferPointer,
        level: Int
    ) {
        let level = min(level, options.levels.milliseconds.count)
        let schedule = systemTopic(TopicName.schedule, queues: options.levels.milliseconds.count)
        let target = Int(header.queue)
        header.queue = Int32(level - 1)
        store(schedule, &header, properties: waiting(properties, topic, target), body: body)
        let due = header.storeTimestamp + options.levels.milliseconds(level)
        timer.add(.init(due: due, physicalOffset: header.physicalOffset, level: Int32(level)))
    }

    private func wait(
        _ topic: Topic, _ header: inout RecordHeader, _ properties: [Property], _ body: UnsafeRawBufferPointer,
        due: Int64
    ) {
        let target = Int(header.queue)
        header.queue = 0
        let more = [Property(PropertyName.timerDue, String(due))]
        store(systemTopic(TopicName.timer), &header, properties: waiting(properties, topic, target, more), body: body)
        timer.add(.init(due: due, physicalOffset: header.physicalOffset, level: 0))
    }

    /// Properties of a waiting copy: where it goes is kept in REAL_TOPIC and REAL_QID, as RocketMQ does.
    func waiting(_ properties: [Property], _ topic: Topic, _ queue: Int, _ more: [Property] = []) -> [UInt8] {
        var kept = properties.filter { $0.name != PropertyName.realTopic && $0.name != PropertyName.realQueue }
        if !kept.contains(where: { $0.name == PropertyName.cluster }) {
            kept.append(Property(PropertyName.cluster, options.cluster))
        }
        kept += [Property(PropertyName.realTopic, topic.config.name), Property(PropertyName.realQueue, String(queue))]
        return PropertyCoding.encode(kept + more)
    }

    /// Delivers what is due.
    func deliverDue() {
        var later: [DelayTimer.Entry] = []
        while later.isEmpty, let due = timer.nextDue, due <= now, refusing == nil {
            guard !store.isSaturated else { break }
            for entry in timer.popDue(now: now, limit: 32) {
                // Not yet written, or no room for it: one of the next turns.
                let canGo = entry.physicalOffset < store.confirmed && store.hasRoom(for: Limits.maxRecordBytes)
                if canGo { deliver(entry) } else { later.append(entry) }
            }
        }
        for entry in later { timer.add(entry) }
    }

    /// How a delivered record names its waiting one: by its physical offset, where 0 says "none" and no record starts at 1.
    private static func sourceOffset(_ physicalOffset: Int64) -> Int64 { max(physicalOffset, 1) }
    static func waitingOffset(_ source: Int64) -> Int64 { source == 1 ? 0 : source }

    private func deliver(_ entry: DelayTimer.Entry) {
        guard let found = try? store.reader.record(at: entry.physicalOffset) else {
            damagedRecords += 1
            return
        }
        found.eachRecord { view in
            let scan = PropertyScan(view.properties)
            guard let name = scan.realTopic?.text, let topic = targetTopic(name) else {
                damagedRecords += 1
                return
            }
            var header = view.header
            let queue = Int(scan.realQueue?.decimal ?? 0)
            header.queue = Int32(queue < max(topic.config.writeQueues, topic.config.readQueues) ? queue : 0)
            header.storeTimestamp = now
            header.preparedOffset = Self.sourceOffset(entry.physicalOffset)
            store(topic, &header, properties: Array(view.properties), body: view.body)
        }
    }

    /// Where a waiting message goes; made again when it was deleted meanwhile.
    func targetTopic(_ name: String) -> Topic? {
        if let topic = topics[name] { return topic }
        guard Topic.problem(with: name) == nil, !TopicName.forbiddenToSend.contains(name) else { return nil }
        let queues = name.hasPrefix("%") ? 1 : options.defaultQueues
        return makeTopic(TopicConfig(name: name, readQueues: queues, writeQueues: queues))
    }

    /// Withdraws a waiting message: a record that names it as delivered, in the timer's own topic, settles it for good.
    func recall(topic: String, uniqueKey: String, _ reply: @escaping Reply) throws(APIError) {
        if let refusing { throw APIError(.unavailable, refusing) }
        let candidates = (try? store.lookUp(topic: TopicName.timer, key: uniqueKey).candidates(limit: 8)) ?? []
        for offset in candidates {
            guard let found = try? store.reader.record(at: offset), let waiting = found.messages().first,
                waiting.property(PropertyName.uniqueKey) == uniqueKey,
                waiting.property(PropertyName.realTopic) == topic, timer.remove(waiting.physicalOffset)
            else { continue }
            var header = RecordHeader(
                queue: 0, bornTimestamp: now, bornHost: options.host, storeTimestamp: now, storeHost: options.host,
                preparedOffset: Self.sourceOffset(waiting.physicalOffset))
            let properties = PropertyCoding.encode([Property(PropertyName.timerRecalled, topic + uniqueKey)])
            store(
                systemTopic(TopicName.timer), &header, properties: properties,
                body: UnsafeRawBufferPointer(start: nil, count: 0))
            return answerWhenConfirmed(.done, reply)
        }
        throw APIError(
            .notFound,
            "no message \(uniqueKey) waits for \(topic): it was delivered or withdrawn already, or never sent")
    }

    /// The offset in each level's schedule queue before which everything was delivered.
    func delayOffsets() -> [Int: Int64] {
        guard let schedule = topics[TopicName.schedule] else { return [:] }
        var oldest: [Int: Int64] = [:]
        for entry in timer.all where entry.level > 0 {
            oldest[Int(entry.level)] = min(oldest[Int(entry.level)] ?? .max, entry.physicalOffset)
        }
        var offsets: [Int: Int64] = [:]
        for level in 1...max(1, schedule.config.readQueues) {
            let queue = schedule.queue(level - 1, store)
            guard queue.maxOffset > 0 else { continue }
            offsets[level] = oldest[level].map { firstOffset(queue, at: $0) } ?? queue.maxOffset
        }
        return offsets
    }

    /// The first offset of a queue whose record lies at a place or behind it.
    private func firstOffset(_ queue: ConsumeQueue, at place: Int64) -> Int64 {
        var low = queue.minOffset
        var high = queue.maxOffset
        while low < high {
            let middle = (low + high) / 2
            guard let unit = try? store.unit(queue, middle) else { return low }
            if unit.physicalOffset < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Looking at what waits

    func delays(_ query: DelayQuery) -> DelayPage {
        var items: [PendingDelay] = []
        var skip = query.skip
        let limit = min(max(query.limit, 1), 10_000)
        timer.forEachSoonest { entry in
            guard let delay = pendingDelay(entry), query.topic.map({ $0 == delay.topic }) ?? true,
                query.key.map({ $0 == delay.id || delay.keys.contains($0) }) ?? true
            else { return true }
            if skip > 0 { skip -= 1 } else { items.append(delay) }
            return items.count < limit
        }
        return DelayPage(total: timer.count, items: items, levels: options.levels.milliseconds)
    }

    private func pendingDelay(_ entry: DelayTimer.Entry) -> PendingDelay? {
        guard let message = try? store.reader.record(at: entry.physicalOffset)?.messages().first else { return nil }
        let real = message.property(PropertyName.realTopic) ?? message.topic
        return PendingDelay(
            id: message.id, topic: message.property(PropertyName.retryTopic) ?? real,
            queue: Int(message.property(PropertyName.realQueue) ?? "") ?? 0, due: entry.due, level: Int(entry.level),
            storeTimestamp: message.storeTimestamp, tag: message.tag, keys: message.keys, bodySize: message.body.count,
            isRetry: real.hasPrefix(TopicName.retryPrefix), physicalOffset: entry.physicalOffset)
    }
}
