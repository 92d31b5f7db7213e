import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// Consumers of a group, and readers that keep their own offsets.
extension World {
    private static let filters = ["*", "*", "*", "red", "red || blue", "none"]

    /// A group and a queue of a topic it reads.
    private func place(_ isWanted: (Consumer) -> Bool) -> (String, QueueID)? {
        let names = consumers.keys.sorted().filter { consumers[$0].map(isWanted) ?? false }
        guard let name = pickAny(names), let consumer = consumers[name] else { return nil }
        let topic = chance(0.15) ? TopicName.retry(name) : pick(consumer.topics)
        guard let queue = readableQueue(topic) else { return nil }
        return (name, QueueID(topic, queue))
    }

    func pull(waiting: Bool) throws(Violation) {
        guard let (name, id) = place({ !$0.isBroadcast && (!$0.isSlow || self.chance(0.2)) }) else { return }
        try pull(waiting ? .waitingPull : .pull, name, id, wait: waiting ? Int64(int(1..<30_000)) : 0)
    }

    func readBroadcast() throws(Violation) {
        guard let (name, id) = place({ $0.isBroadcast }) else { return }
        try pull(.readBroadcast, name, id, wait: 0)
    }

    private func pull(_ kind: RequestKind, _ name: String, _ id: QueueID, wait: Int64) throws(Violation) {
        var offset = consumers[name]?.positions[id] ?? startOf(name, id)
        if chance(0.02) { offset = Int64(int(0..<50)) }
        if chance(0.01) { offset += 1_000 }
        let filter = TagFilter(pick(Self.filters))
        let limit = pick([1, 8, 32, 200])
        var asked = Asked(
            kind,
            .pull(
                PullRequest(
                    group: name, queue: id, offset: offset, limit: limit, filter: filter, wait: wait,
                    client: pick(Consumer.clients))))
        asked.mayWait = wait > 0
        let generation = model.generations[id.topic]
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            if self.model.offsets[name]?[id]?.live == nil, self.consumers[name]?.starts[id] == nil {
                self.consumers[name]?.starts[id] = offset
            }
        }
        asked.answered = { [self] (response) throws(Violation) in
            guard case .pulled(let answer) = response, self.model.isFollowed(id.topic),
                self.model.generations[id.topic] == generation
            else { return }
            try self.pulled(name, id, offset, answer)
        }
        ask(asked)
    }

    /// Where a client begins that has no position of its own: at the committed offset, or at the beginning.
    private func startOf(_ name: String, _ id: QueueID) -> Int64 {
        model.offsets[name]?[id]?.live ?? model.queues[id]?.min ?? 0
    }

    /// What a pull brought is what the model has there, and nothing else.
    private func pulled(
        _ name: String, _ id: QueueID, _ offset: Int64, _ answer: PullAnswer
    ) throws(Violation) {
        try follow(id)
        guard let queue = model.queues[id] else { return }
        guard answer.status == .found else {
            let isRight =
                answer.status == .noNewMessage
                ? answer.next == offset && offset <= queue.next
                : answer.next >= 0 && answer.next <= queue.next && (offset < queue.min || offset > answer.next)
            guard isRight else {
                throw Violation(
                    .order,
                    "a pull of \(id.text) from \(offset) was told \(answer.status.rawValue), next \(answer.next)")
            }
            consumers[name]?.positions[id] = answer.next
            return
        }
        let found: BrokerHarness.Pulled
        do { found = try BrokerHarness.read(answer) } catch {
            throw Violation(.durability, "\(id.text) cannot be read from \(offset): \(error)")
        }
        trace.note(found.next)
        guard found.next > offset, found.next <= queue.next else {
            throw Violation(.order, "a pull of \(id.text) from \(offset) goes on at \(found.next) of \(queue.next)")
        }
        try comparePulled(id, queue, max(offset, queue.min)..<max(found.next, queue.min), answer.filter, found)
        consumers[name]?.positions[id] = found.next
        consumers[name]?.pulled = found.messages.map(\.physicalOffset).suffix(8)
    }

    private func comparePulled(
        _ id: QueueID, _ queue: LearnedQueue, _ range: Range<Int64>, _ filter: TagFilter,
        _ found: BrokerHarness.Pulled
    ) throws(Violation) {
        let expected = range.compactMap { queue[$0] }.filter { place in
            guard let entry = model.entries[place] else { return false }
            return !entry.isRotten && filter.passes(entry.tag)
        }
        let got = found.messages.filter { $0.queueOffset >= range.lowerBound }.map(\.physicalOffset)
        guard expected == got else {
            throw Violation(
                .durability, "a pull of \(id.text) for \(range) brought the records at \(got), not those at \(expected)"
            )
        }
        if !got.isEmpty { tally.count(.order) }
    }

    // MARK: Offsets

    func commit() {
        guard let (name, id) = place({ !$0.isBroadcast && !$0.positions.isEmpty }),
            let position = consumers[name]?.positions[id]
        else { return }
        commit(.commit, name, id, position)
    }

    func commitBackward() {
        guard let (name, id) = place({ !$0.isBroadcast }), let at = model.offsets[name]?[id]?.live, at > 0
        else { return }
        commit(.commitBackward, name, id, max(0, at - Int64(int(1..<20))))
    }

    private func commit(_ kind: RequestKind, _ name: String, _ id: QueueID, _ offset: Int64) {
        var asked = Asked(kind, .commit([OffsetCommit(group: name, queue: id, offset: offset)]))
        let state = Versions()
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            state.versions = [self.move(name, id, offset)]
        }
        asked.answered = { [self] (response) throws(Violation) in self.settleOffsets(name, [id], state, response) }
        ask(asked)
    }

    /// A client or operator put a group to an offset.
    func move(_ group: String, _ id: QueueID, _ offset: Int64?) -> Int {
        model.hasChanges = true
        tell("\(group) to \(offset.text) on \(id.text)")
        return model.offsets[group, default: [:]][id, default: Kept(nil)].set(offset)
    }

    func settleOffsets(_ group: String, _ ids: [QueueID], _ state: Versions, _ response: Response) {
        if case .failed = response { return }
        for (id, version) in zip(ids, state.versions) { model.offsets[group]?[id]?.acknowledged(version) }
    }

    // MARK: Back again

    func sendBack() {
        let names = consumers.keys.sorted().filter { consumers[$0]?.pulled.isEmpty == false }
        guard let name = pickAny(names), model.limbo.isEmpty, let place = pickAny(consumers[name]?.pulled ?? []),
            let entry = model.entries[place], entry.number >= 0
        else { return }
        let key = RetryKey(group: name, number: entry.number, times: entry.times + 1)
        model.retriesAsked[key, default: 0] += 1
        let back = SendBack(
            group: name, physicalOffset: place, delayLevel: pick([0, 0, 0, 1, 2, -1]),
            maxReconsumeTimes: pick([nil, nil, 2]))
        var asked = Asked(.sendBack, .sendBack(back))
        asked.answered = { [self] (response) throws(Violation) in
            if case .done = response { self.model.retriesAnswered[key, default: 0] += 1 }
        }
        ask(asked)
    }

    // MARK: Clients

    func register() {
        let name = pick(consumers.keys.sorted() + settings.producerGroups)
        let client = pick(Consumer.clients)
        let pushed = PushLog()
        pushes["\(name)/\(client)"] = pushed
        var registration = Registration(client: client, address: "10.0.0.1:5", push: pushed.push)
        if let consumer = consumers[name] {
            registration.consumerGroup = name
            registration.model = consumer.isBroadcast ? .broadcasting : .clustering
        } else {
            registration.producerGroup = name
        }
        var asked = Asked(.register, .register(registration))
        asked.handled = { [self] (_) throws(Violation) in self.consumers[name]?.members.insert(client) }
        ask(asked)
    }

    func unregister() {
        let client = pick(Consumer.clients)
        var asked = Asked(.unregister, .unregister(client: client))
        asked.handled = { [self] (_) throws(Violation) in
            for name in self.consumers.keys where self.consumers[name]?.members.remove(client) != nil {
                self.consumers[name]?.locks = (self.consumers[name]?.locks ?? [:]).filter { $0.value.client != client }
            }
        }
        ask(asked)
    }

    func lock() {
        guard let (name, first) = place({ !$0.isBroadcast }) else { return }
        let client = pick(Consumer.clients)
        let ids = [first, QueueID(first.topic, 0)].sorted()
        var asked = Asked(.lock, .lock(group: name, client: client, queues: ids))
        asked.handled = { [self] (response) throws(Violation) in
            guard case .queues(let got)? = response else { return }
            let time = self.broker.now
            let expected = ids.filter { id in
                if let held = self.consumers[name]?.locks[id], held.client != client, held.until > time { return false }
                self.consumers[name]?.locks[id] = (client, time + 60_000)
                return true
            }
            guard got == expected else {
                throw Violation(.locks, "\(client) of \(name) got \(got.map(\.text)), not \(expected.map(\.text))")
            }
            if expected.count < ids.count { self.tally.count(.locks) }
        }
        ask(asked)
    }

    func unlock() {
        guard let (name, id) = place({ !$0.locks.isEmpty }) else { return }
        let client = pick(Consumer.clients)
        var asked = Asked(.unlock, .unlock(group: name, client: client, queues: [id]))
        asked.handled = { [self] (_) throws(Violation) in
            if self.consumers[name]?.locks[id]?.client == client { self.consumers[name]?.locks[id] = nil }
        }
        ask(asked)
    }
}

/// Which changes a request made, from the moment it is handled to that of its answer.
final class Versions {
    var versions: [Int] = []
}
