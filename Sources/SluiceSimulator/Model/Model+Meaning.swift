import SluiceAPI
import SluiceBroker
import SluiceMessage

/// What records mean, in the order of the log; worked out anew where a lost machine took some back.
extension Model {
    /// What follows from a record, in the order of the log.
    func apply(_ entry: Entry, half message: StoredMessage? = nil) {
        switch entry.role {
        case .plain: sent[entry.number].seen += 1
        case .waiting(let due, let target):
            waits[entry.physicalOffset] = Wait(
                physicalOffset: entry.physicalOffset, due: due, target: target, number: entry.number, times: entry.times
            )
            openWaits.append(entry.physicalOffset)
            if let source = entry.source {
                waits[source]?.replacedBy = entry.physicalOffset
            } else {
                noteRetry(entry, group: target.topic.dropping(TopicName.retryPrefix))
            }
        case .withdrawal: if let source = entry.source { waits[source]?.isWithdrawn = true }
        case .half: applyHalf(entry, message)
        case .op(let half, let resolution, let origin):
            halves[half]?.resolution = resolution
            halves[half]?.origin = origin
        case .delivered: if let source = entry.source { waits[source]?.deliveredAt = entry.physicalOffset }
        case .committed:
            if let half = entry.source.flatMap({ entries[$0] }) {
                halves[half.offset]?.committedAt = entry.physicalOffset
            }
        case .dead: noteRetry(entry, group: entry.queue.topic.dropping(TopicName.deadLetterPrefix))
        case .copy: break
        }
    }

    private func applyHalf(_ entry: Entry, _ message: StoredMessage?) {
        let target = sent[entry.number]
        let queue = Int(message?.property(PropertyName.realQueue) ?? "") ?? halves[entry.offset]?.target.queue ?? 0
        var half = Half(
            queueOffset: entry.offset, physicalOffset: entry.physicalOffset, first: entry.physicalOffset,
            number: entry.number, group: target.producerGroup ?? "", target: QueueID(target.topic, queue),
            stored: entry.stored)
        if let replaced = entry.source.flatMap({ entries[$0]?.offset }) {
            half.first = halves[replaced]?.first ?? half.first
            half.stored = halves[replaced]?.stored ?? half.stored
            halves[replaced]?.replacedBy = entry.offset
        } else {
            sent[entry.number].seen += 1
        }
        halves[entry.offset] = half
        openHalves.append(entry.offset)
    }

    /// The half that came to an offset of the half queue, where it stands now.
    func half(_ queueOffset: Int64) -> Half? {
        var half = halves[queueOffset]
        while let next = half?.replacedBy { half = halves[next] }
        return half
    }

    private func noteRetry(_ entry: Entry, group: String?) {
        if let group {
            retriesSeen[RetryKey(group: group, number: entry.number, times: entry.times), default: 0] += 1
        } else {
            sent[entry.number].seen += 1
        }
    }

    /// Forgets every record from a place on, as a lost machine does, and works out anew what follows from the others.
    func cut(at place: Int64) {
        let kept = entries.values.filter { $0.physicalOffset < place }.sorted { $0.physicalOffset < $1.physicalOffset }
        let targets = halves.mapValues(\.target.queue)
        let gone = entries.values.filter { $0.physicalOffset >= place && !$0.isDeleted }
        for (queue, lost) in Dictionary(grouping: gone, by: \.queue) {
            if let first = lost.map(\.offset).min() { queues[queue]?.cut(first) }
        }
        entries = Dictionary(uniqueKeysWithValues: kept.map { ($0.physicalOffset, $0) })
        attempts = attempts.filter { $0.key < place }
        (waits, openWaits, halves, openHalves, retriesSeen) = ([:], [], [:], [], [:])
        for index in sent.indices { sent[index].seen = 0 }
        for entry in kept {
            apply(entry)
            if entry.role == .half { halves[entry.offset]?.target.queue = targets[entry.offset] ?? 0 }
        }
        for (key, count) in retriesAnswered { retriesAnswered[key] = min(count, retriesSeen[key] ?? 0) }
        for id in queues.keys.sorted() { forgetLast(id) }
        end = min(end, place)
    }

    private func forgetLast(_ id: QueueID) {
        queues[id]?.lastOf = [:]
        queues[id]?.lastStored = 0
    }
}
