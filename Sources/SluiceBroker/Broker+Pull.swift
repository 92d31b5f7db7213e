import SluiceAPI
import SluiceMessage
import SluiceStorage

extension Broker {
    func pull(_ request: PullRequest, until deadline: Int64, _ reply: @escaping Reply) {
        do throws(APIError) {
            try answerPull(request, deadline, reply)
        } catch {
            reply(.failed(error))
        }
    }

    private func answerPull(_ request: PullRequest, _ deadline: Int64, _ reply: @escaping Reply) throws(APIError) {
        let topic = try existingTopic(request.queue.topic)
        guard topic.config.permission.contains(.read) else {
            throw APIError(.refused, "topic \(topic.config.name) does not permit reading")
        }
        guard request.queue.queue >= 0, request.queue.queue < topic.config.readQueues else {
            throw APIError(
                .invalid,
                "topic \(topic.config.name) has \(topic.config.readQueues) queues, there is no queue \(request.queue.queue)"
            )
        }
        let group = try usableGroup(request.group)
        guard group.config.consumeEnabled else {
            throw APIError(.refused, "group \(request.group) is paused; resume it to go on")
        }
        guard group.config.broadcastEnabled || group.model == .clustering else {
            throw APIError(.refused, "group \(request.group) is not permitted to consume by broadcasting")
        }
        let queue = topic.queue(request.queue.queue, store)
        let visible = visibleMax(queue)
        // What a peer asks from may be any number; what is kept has to be one that can be added up.
        let from = min(max(request.offset, 0), Self.highestOffset)
        if group.offsets[request.queue] == nil, group.starts[request.queue] == nil {
            group.starts[request.queue] = from
        }
        if let client = request.client { group.pullers[request.queue] = (client, now) }
        let handOut = group.handOut(of: request, from: from)
        var answer = PullAnswer(
            status: .noNewMessage, next: request.offset, minOffset: queue.minOffset, maxOffset: visible, units: nil,
            reader: nil, fetched: nil, filter: request.filter, delivered: [], damaged: damagedReads)
        if request.offset < queue.minOffset || request.offset > visible {
            answer.status = .offsetMoved
            answer.next = request.offset < queue.minOffset ? queue.minOffset : visible
            #if Plants
                if Plant.isOn(.movesOffset) { setOffset(group, request.queue, answer.next) }
            #endif
        } else if request.offset < visible {
            var limit = min(max(1, request.limit), 65_536)
            if group.gate != nil {
                let wanted = min(max(1, request.most ?? limit), limit)
                guard let ticket = pass(group, request, upTo: wanted) else {
                    return waitAtGate(request, deadline, answer, reply)
                }
                answer.ticket = ticket
                // Who filters looks through more, and passes on no more than this.
                if request.filter.passesAll, request.most == nil { limit = ticket.count }
            }
            answer.status = .found
            answer.handOut = handOut
            answer.units = store.units(queue, from: request.offset, limit: limit)
            answer.reader = store.reader
            answer.next = answer.units?.end ?? request.offset
            answer.isWoken = request.isWoken
            answer.delivered = [group.delivered, topic.delivered]
        } else if deadline > now, !closing {
            waiters.add(.init(request: request, deadline: deadline, reply: reply), on: queue)
            // A message that is on its way to the disk wakes this one too.
            if visible < queue.maxOffset { waiters.touch(queue) }
            return
        }
        reply(.pulled(answer))
    }

    /// Answers a waiting pull whose time is over.
    func answerEmpty(_ waiter: PullWaiters.Waiter) {
        pull(waiter.request, until: 0, waiter.reply)
    }

    /// The offset behind the last message that is written.
    func visibleMax(_ queue: ConsumeQueue) -> Int64 {
        var offset = queue.maxOffset
        while offset > queue.minOffset, let unit = queue.tailUnit(offset - 1),
            unit.physicalOffset + Int64(unit.size) > store.confirmed
        { offset -= 1 }
        return offset
    }

    func existingTopic(_ name: String) throws(APIError) -> Topic {
        guard let topic = topics[name] else {
            throw APIError(.notFound, "there is no topic \(name); `sluice topic list` shows those there are")
        }
        return topic
    }

    /// The group by that name, made on first use as RocketMQ does.
    func group(_ name: String) -> Group {
        if let group = groups[name] { return group }
        let group = Group(GroupConfig(name: name))
        groups[name] = group
        journalGroup(group)
        return group
    }

    func usableGroup(_ name: String) throws(APIError) -> Group {
        if let group = groups[name] { return group }
        if let problem = Topic.problem(withGroup: name) { throw APIError(.invalid, problem) }
        return group(name)
    }

    // MARK: Offsets

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
    private static let highestOffset: Int64 = 1 << 48

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

    func noGroup(_ name: String) -> APIError {
        APIError(.notFound, "there is no group \(name); `sluice group list` shows those there are")
    }
}
