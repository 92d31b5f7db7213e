import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Where groups stand, and how they are moved.
extension Broker {
    func commit(_ commits: [OffsetCommit], _ reply: @escaping Reply) {
        do throws(APIError) {
            for commit in commits { try move(commit) }
        } catch {
            return reply(.failed(error))
        }
        flushOffsets()
        #if Plants
            if Plant.isOn(.unanswered), commits.contains(where: { $0.offset % 8 == 7 }) { return }
        #endif
        answerWhenConfirmed(.done, reply)
    }

    /// No queue comes near it, and offsets of many queues can be added up.
    static let highestOffset: Int64 = 1 << 48

    private func move(_ commit: OffsetCommit) throws(APIError) {
        let group = try usableGroup(commit.group)
        guard (0...Self.highestOffset).contains(commit.offset) else {
            throw APIError(.invalid, "an offset cannot be \(commit.offset)")
        }
        let before = group.offsets[commit.queue]
        if let before, commit.offset < before.offset { group.backwardCommits += 1 }
        if group.model == .clustering, !commit.queue.topic.hasPrefix(TopicName.retryPrefix) {
            let base = before?.offset ?? group.starts[commit.queue] ?? commit.offset
            consumed &+= max(0, commit.offset - base)
        }
        setOffset(group, commit.queue, commit.offset)
    }

    func setOffset(_ group: Group, _ queue: QueueID, _ offset: Int64) {
        guard group.offsets[queue]?.offset != offset else { return }
        group.offsets[queue] = .init(offset: offset, moved: now)
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "O"))
        entry.put(group.name)
        entry.put(queue.topic)
        entry.put(Int32(queue.queue))
        entry.put(offset)
        pendingOffsets.append(entry.bytes)
    }

    /// Hands the moved offsets to the next batch.
    func flushOffsets() {
        guard !pendingOffsets.isEmpty else { return }
        let bytes = pendingOffsets.reduce(0) { $0 + $1.count + 8 }
        offsetsJournaled += Int64(bytes)
        if offsetsJournaled > 8 << 20 {
            let all = groups.values.flatMap { group in
                group.offsets.map { queue, position -> [UInt8] in
                    var entry = ByteWriter()
                    entry.put(UInt8(ascii: "O"))
                    entry.put(group.name)
                    entry.put(queue.topic)
                    entry.put(Int32(queue.queue))
                    entry.put(position.offset)
                    return entry.bytes
                }
            }
            store.journal(JournalChange(offsetsJournal, replaceAll: all))
            offsetsJournaled = 0
        } else {
            store.journal(JournalChange(offsetsJournal, append: pendingOffsets))
        }
        pendingOffsets.removeAll(keepingCapacity: true)
    }

    func committed(_ name: String, _ queues: [QueueID]) -> [Int64?] {
        let group = groups[name]
        return queues.map { group?.offsets[$0]?.offset }
    }

    /// Where a consumer goes on: its committed offset; else 0 while the queue's first message is still there and recent,
    /// so that a new group misses nothing of a young topic; else nothing (semantics, 7).
    func start(_ name: String, _ id: QueueID) -> Int64? {
        if let offset = groups[name]?.offsets[id]?.offset { return offset }
        // Tools read the pair of its offsets before there is an op record.
        if name == Self.transactionGroup { return 0 }
        guard let topic = topics[id.topic], id.queue >= 0, id.queue < topic.config.readQueues else { return nil }
        let queue = topic.queue(id.queue, store)
        guard queue.minOffset <= 0 else { return nil }
        guard queue.maxOffset > 0, let first = try? store.unit(queue, 0) else { return 0 }
        return store.tail - first.physicalOffset <= options.memoryWindow ? 0 : nil
    }

    func allCommitted() -> [OffsetCommit] {
        groups.values.flatMap { group in
            group.offsets.map { OffsetCommit(group: group.name, queue: $0.key, offset: $0.value.offset) }
        }
    }

    func storeTime(_ id: QueueID, _ offset: Int64) -> Int64? {
        guard let topic = topics[id.topic], id.queue >= 0,
            id.queue < max(topic.config.readQueues, topic.config.writeQueues)
        else { return nil }
        return store.storeTime(topic.queue(id.queue, store), offset)
    }

    func offset(_ id: QueueID, _ target: OffsetTarget) throws(APIError) -> Int64 {
        let topic = try existingTopic(id.topic)
        guard id.queue >= 0, id.queue < max(topic.config.readQueues, topic.config.writeQueues) else {
            throw APIError(.invalid, "topic \(id.topic) has no queue \(id.queue)")
        }
        let queue = topic.queue(id.queue, store)
        switch target {
        case .first: return queue.minOffset
        case .last: return visibleMax(queue)
        case .time(let time): return store.offset(queue, storedFrom: time)
        case .offset(let offset): return min(max(offset, queue.minOffset), visibleMax(queue))
        }
    }

    func reset(_ request: ResetRequest, _ reply: @escaping Reply) throws(APIError) {
        guard let group = groups[request.group] else { throw noGroup(request.group) }
        let topic = try existingTopic(request.topic)
        let numbers = request.queue.map { [$0] } ?? Array(0..<topic.config.readQueues)
        var steps: [ResetStep] = []
        for number in numbers {
            let id = QueueID(request.topic, number)
            let to = try offset(id, request.target)
            let queue = topic.queue(number, store)
            steps.append(
                ResetStep(
                    id: id, from: group.offsets[id]?.offset, to: to, minOffset: queue.minOffset,
                    maxOffset: visibleMax(queue)))
        }
        if request.dryRun { return reply(.steps(steps)) }
        for step in steps { setOffset(group, step.id, step.to) }
        flushOffsets()
        let offsets = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.to) })
        for member in group.members.values {
            member.registration.push(.offsetsReset(group: request.group, topic: request.topic, offsets: offsets))
        }
        answerWhenConfirmed(.steps(steps), reply)
    }
}
