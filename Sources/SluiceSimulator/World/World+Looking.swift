import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// What operators look at.
extension World {
    func browse() {
        let topic = pick(settings.topics + [TopicName.half, TopicName.schedule])
        guard let queue = readableQueue(topic) else { return }
        let id = QueueID(topic, queue)
        let from = Int64(int(0..<Int(model.queues[id]?.next ?? 0) + 2))
        var asked = Asked(.browse, .browse(id, from: from, limit: pick([1, 20])))
        asked.answered = { [self] (response) throws(Violation) in
            guard case .units(let source, _) = response, let units = try? source.load() else { return }
            self.trace.note(Int64(units.count))
        }
        ask(asked)
    }

    /// Looks a message up that is known to be there.
    func lookUp() {
        guard let place = anyPlace(), let entry = model.entries[place], entry.number >= 0 else { return }
        let sent = model.sent[entry.number]
        let key = pick(sent.keys + [sent.id])
        var asked = Asked(.lookUp, .lookUp(topic: entry.queue.topic, key: key))
        asked.answered = { [self] (response) throws(Violation) in
            guard case .lookUp(let lookup, _) = response else { return }
            let found: [Int64]
            do { found = try lookup.candidates(limit: 100_000) } catch {
                throw Violation(.lookUp, "the index cannot be read: \(error)")
            }
            guard self.model.entries[place]?.sum == entry.sum, self.model.isReadable(place) else { return }
            guard found.contains(place) || place < self.broker.store.minOffset else {
                throw Violation(.lookUp, "\(key) of \(entry.queue.text) is at \(place), and the index does not know it")
            }
            self.tally.count(Invariant.lookUp)
        }
        ask(asked)
    }

    /// A record that is there, mostly a newer one.
    private func anyPlace() -> Int64? {
        let ids = model.queues.keys.sorted().filter { $0.topic != TopicName.op && model.isFollowed($0.topic) }
        guard let id = pickAny(ids), let queue = model.queues[id], queue.depth > 0 else { return nil }
        let from = chance(0.5) ? max(queue.min, queue.next - 20) : queue.min
        return queue[Int64(int(Int(from)..<Int(queue.next)))]
    }

    func listHalves() {
        ask(Asked(.listHalves, .halves(skip: int(0..<3), limit: 50)))
    }

    func listDelays() {
        ask(Asked(.listDelays, .delays(DelayQuery(topic: chance(0.5) ? anyTopic() : nil, limit: 50))))
    }

    func askOffsets() {
        let name = pick(settings.groups)
        var asked = Asked(.askOffsets, .committed(group: name, queues: [QueueID(anyTopic(), 0)]))
        asked.handled = { [self] (_) throws(Violation) in try self.compareOffsets(name) }
        ask(asked)
    }

    func askGroup() {
        let name = pick(settings.groups)
        var asked = Asked(.askGroup, .group(name))
        asked.answered = { [self] (response) throws(Violation) in
            guard case .group(let status) = response else { return }
            let lag = status.queues.reduce(0) { $0 + $1.lag }
            guard status.summary.lag.map({ $0 == lag }) ?? true else {
                throw Violation(.lag, "\(name) lags \(status.summary.lag.text) in all, its queues say \(lag)")
            }
            self.tally.count(.lag)
        }
        ask(asked)
    }
}
