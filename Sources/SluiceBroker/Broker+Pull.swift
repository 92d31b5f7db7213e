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

    func noGroup(_ name: String) -> APIError {
        APIError(.notFound, "there is no group \(name); `sluice group list` shows those there are")
    }
}
