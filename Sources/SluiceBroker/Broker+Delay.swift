import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Delayed messages: they wait as records of the schedule topic (levels) or the timer topic (exact times), known to the
/// timer, and are stored again in their own topic when they are due. The delivered record names the waiting one in its
/// preparedTransactionOffset, so that a restart delivers nothing twice.
extension Broker {
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
        if let problem = tooLate(due) { return problem }
        wait(topic, &header, PropertyCoding.decode(properties), body, due: due)
        exactly = due
        return nil
    }

    /// Why a moment is too far away; nil when it is not.
    func tooLate(_ due: Int64) -> APIError? {
        guard due - now > options.longestDelay else { return nil }
        let (wanted, allowed) = (Self.spanText(due - now), Self.spanText(options.longestDelay))
        return APIError(.invalid, "the message is due in \(wanted), at most \(allowed) are allowed")
    }

    /// A span of ms, rounded, in the largest unit that it has at least two of.
    static func spanText(_ span: Int64) -> String {
        let units = [
            ("days", Int64(86_400_000), Int64(3_600_000)), ("hours", 3_600_000, 60_000), ("minutes", 60_000, 1_000),
        ]
        // What rounds up to two of a unit in the next smaller one has two of it.
        for (unit, size, smaller) in units where span + smaller / 2 >= 2 * size {
            return "\((span + size / 2) / size) \(unit)"
        }
        return "\((span + 500) / 1_000) seconds"
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
        var dueThen = due
        #if Plants
            if Plant.isOn(.earlyDelay) { dueThen -= 500 }
        #endif
        timer.add(
            due: dueThen, physicalOffset: header.physicalOffset, level: Int32(level),
            topic: Self.meant(properties, topic))
    }

    private func wait(
        _ topic: Topic, _ header: inout RecordHeader, _ properties: [Property], _ body: UnsafeRawBufferPointer,
        due: Int64
    ) {
        let target = Int(header.queue)
        header.queue = 0
        let more = [Property(PropertyName.timerDue, String(due))]
        store(systemTopic(TopicName.timer), &header, properties: waiting(properties, topic, target, more), body: body)
        timer.add(
            due: due, physicalOffset: header.physicalOffset, level: 0, topic: Self.meant(properties, topic))
    }

    /// The topic people mean by a message: that of its group's own where it is a failed one on its way back.
    private static func meant(_ properties: [Property], _ topic: Topic) -> String {
        properties.last { $0.name == PropertyName.retryTopic }?.value ?? topic.config.name
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

    /// Deliveries of one turn, in messages and bytes: requests are to be handled in between.
    private static let deliveriesPerTurn = 256
    private static let bytesPerTurn: Int64 = 1 << 20

    /// Delivers what is due, or some of it.
    func deliverDue() {
        hasDueLeft = false
        var later: [DelayTimer.Entry] = []
        var left = Self.deliveriesPerTurn
        let start = store.tail
        while refusing == nil, !store.isOccupied, later.count < 32 {
            guard left > 0, store.tail - start < Self.bytesPerTurn else {
                hasDueLeft = timer.nextDue.map { $0 <= now } ?? false
                break
            }
            guard store.hasRoom(for: Limits.maxRecordBytes), let entry = timer.pop(now: now) else { break }
            left -= 1
            // What is not yet written waits for one of the next turns.
            guard entry.physicalOffset < store.confirmed else {
                later.append(entry)
                continue
            }
            do throws(DiskError) {
                _ = try deliver(entry)
                unreadableSince = nil
            } catch {
                guard setAside(entry) else { continue }
                later.append(entry)
                break
            }
        }
        for entry in later { timer.add(entry) }
    }

    /// A record that the disk does not give now is tried again for a while (there may be too many open files), then by the
    /// next start. False when it is not to be tried again now.
    private func setAside(_ entry: DelayTimer.Entry) -> Bool {
        let since = unreadableSince ?? now
        unreadableSince = since
        if now - since < Self.retryReading { return true }
        timer.noteDamage(entries: 1, lowestOffset: entry.physicalOffset)
        return false
    }

    private static let retryReading: Int64 = 10_000

    /// How a record names the waiting one it settles: by its physical offset, where 0 says "none" and no record starts at 1.
    static func sourceOffset(_ physicalOffset: Int64) -> Int64 { max(physicalOffset, 1) }
    static func waitingOffset(_ source: Int64) -> Int64 { source == 1 ? 0 : source }

    /// Stores a waiting message in its own topic; nil where its record is damaged, so that it never can be.
    func deliver(_ entry: DelayTimer.Entry) throws(DiskError) -> StoredPlace? {
        guard let found = try recordIfThere(entry) else {
            damagedRecords += 1
            return nil
        }
        var place: StoredPlace?
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
            var properties = Array(view.properties)
            if view.preparedOffset != 0 {
                // Only for a replay of the record that replaced another.
                let kept = properties.withUnsafeMutableBytes { PropertyCoding.drop("SLUICE_WAS_DUE", from: $0) }
                properties.removeLast(properties.count - kept)
            }
            store(topic, &header, properties: properties, body: view.body)
            place = StoredPlace(
                id: scan.uniqueKey?.text ?? view.message().offsetID, queue: QueueID(name, Int(header.queue)),
                queueOffset: header.queueOffset)
        }
        return place
    }

    /// The waiting record; nil where it is damaged or its segment is not there.
    func recordIfThere(_ entry: DelayTimer.Entry) throws(DiskError) -> Fetch? {
        do throws(DiskError) {
            return try store.reader.record(at: entry.physicalOffset)
        } catch {
            if error.isNotThere { return nil }
            throw error
        }
    }

    /// Where a waiting message goes; made again when it was deleted meanwhile.
    func targetTopic(_ name: String) -> Topic? {
        if let topic = topics[name] { return topic }
        guard Topic.problem(with: name) == nil, !TopicName.forbiddenToSend.contains(name) else { return nil }
        let queues = name.hasPrefix("%") ? 1 : options.defaultQueues
        return makeTopic(TopicConfig(name: name, readQueues: queues, writeQueues: queues))
    }

    /// Stores a waiting message anew, to be due at another moment or to stand elsewhere in the log. The new record names the
    /// old one, so that a replay settles that.
    func replaceWaiting(_ view: RecordView, _ entry: DelayTimer.Entry, due: Int64) {
        var properties = PropertyCoding.decode(view.properties)
        properties.removeAll { $0.name == PropertyName.timerDue || $0.name == PropertyName.replacedDue }
        let names = [PropertyName.uniqueKey, PropertyName.identity]
        if !properties.contains(where: { names.contains($0.name) }) {
            properties.append(Property(PropertyName.identity, view.message().offsetID))
        }
        properties.append(Property(PropertyName.timerDue, String(due)))
        properties.append(Property(PropertyName.replacedDue, String(entry.due)))
        var header = view.header
        header.queue = 0
        header.storeTimestamp = now
        header.preparedOffset = Self.sourceOffset(entry.physicalOffset)
        store(
            systemTopic(TopicName.timer), &header, properties: PropertyCoding.encode(properties), body: view.body)
        timer.remove(due: entry.due, physicalOffset: entry.physicalOffset)
        timer.add(.init(due: due, physicalOffset: header.physicalOffset, level: 0, topic: entry.topic))
    }
}
