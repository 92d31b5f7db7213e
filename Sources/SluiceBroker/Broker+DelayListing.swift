import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Looking at what waits.
extension Broker {
    /// Records by one key that are looked at, at most: the newest ones.
    private static let mostByKey = 2_000

    /// The offset in each level's schedule queue before which everything was delivered.
    func delayOffsets() -> [Int: Int64] {
        guard let schedule = topics[TopicName.schedule] else { return [:] }
        let oldest = timer.oldestByLevel()
        var offsets: [Int: Int64] = [:]
        for level in 1...max(1, schedule.config.readQueues) {
            let queue = schedule.queue(level - 1, store)
            guard queue.maxOffset > 0 else { continue }
            offsets[level] = oldest[Int32(level)].map { firstOffset(queue, at: $0) } ?? queue.maxOffset
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

    func delays(_ query: DelayQuery) -> DelayPage {
        let limit = min(max(query.limit, 1), 10_000)
        var items: [PendingDelay] = []
        func take(_ entry: DelayTimer.Entry) -> Bool {
            if let delay = pendingDelay(entry) { items.append(delay) }
            return items.count < limit
        }
        if let key = query.key {
            let found = pendingEntries(key: key, topic: query.topic)
            for entry in found.dropFirst(max(0, query.skip)) where !take(entry) { break }
        } else {
            timer.forEachSoonest(topic: query.topic, skip: max(0, query.skip), take)
        }
        return DelayPage(total: timer.count, items: items, levels: options.levels.milliseconds)
    }

    /// What waits under an id or a key, soonest first.
    private func pendingEntries(key: String, topic: String?) -> [DelayTimer.Entry] {
        var found: [DelayTimer.Entry] = []
        for offset in waitingRecords(key: key) {
            guard let record = try? store.reader.record(at: offset) else { continue }
            record.eachRecord { view in
                guard let waiting = waiting(view) else { return }
                let message = view.message()
                guard message.id == key || message.keys.contains(key), topic.map({ $0 == message.realTopic }) ?? true,
                    timer.contains(due: waiting.due, physicalOffset: offset)
                else { return }
                found.append(.init(due: waiting.due, physicalOffset: offset, level: waiting.level))
            }
        }
        return found.sorted()
    }

    /// Where records of this id or key may be that wait or did, newest first.
    func waitingRecords(key: String) -> [Int64] {
        var places: Set<Int64> = []
        for topic in [TopicName.schedule, TopicName.timer] {
            let lookUp = store.lookUp(topic: topic, key: key)
            places.formUnion((try? lookUp.candidates(limit: Self.mostByKey)) ?? [])
        }
        if let place = OffsetID.physicalOffset(key), place >= store.minOffset, place < store.tail {
            places.insert(place)
        }
        return places.sorted(by: >)
    }

    func pendingDelay(_ entry: DelayTimer.Entry) -> PendingDelay? {
        guard let message = try? store.reader.record(at: entry.physicalOffset)?.messages().first else { return nil }
        let real = message.property(PropertyName.realTopic) ?? message.topic
        return PendingDelay(
            id: message.id, topic: message.property(PropertyName.retryTopic) ?? real,
            queue: Int(message.property(PropertyName.realQueue) ?? "") ?? 0, due: entry.due, level: Int(entry.level),
            storeTimestamp: message.storeTimestamp, tag: message.tag, keys: message.keys, bodySize: message.body.count,
            isRetry: real.hasPrefix(TopicName.retryPrefix), physicalOffset: entry.physicalOffset)
    }
}
