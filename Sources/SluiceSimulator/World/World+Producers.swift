import SluiceAPI
import SluiceBroker
import SluiceMessage

/// Producers, with and without transactions.
extension World {
    private func draft(delay: Delay? = nil, group: String? = nil) -> Sent {
        let topic = anyTopic()
        let number = model.sent.count
        let queue = chance(0.7) ? writableQueue(topic) ?? -1 : -1
        let size = chance(0.05) ? int(1_000..<6_000) : int(0..<200)
        var keys: [String] = []
        if chance(0.5) { keys.append("k\(number)") }
        if chance(0.2) { keys.append("shared\(int(0..<5))") }
        let sent = Sent(
            number: number, topic: topic, queue: queue, tag: pick([nil, "red", "green", "blue"]), keys: keys,
            bodySize: size, flag: Int32(int(0..<4)), delay: delay, producerGroup: group,
            producer: int(0..<settings.producers))
        model.sent.append(sent)
        return sent
    }

    func publish() { if isUsable { send(.publish, [draft()]) } }

    func publishBatch() {
        guard isUsable else { return }
        send(.publishBatch, (0..<int(2..<12)).map { _ in draft() })
    }

    func publishDelayed() {
        guard isUsable else { return }
        let delay: Delay =
            switch int(0..<4) {
            case 0: .level(int(1..<21))
            case 1: .after(milliseconds: Int64(int(-100..<20_000)))
            case 2: .at(now + Int64(int(-2_000..<60_000)))
            default: .at(now + Int64(int(0..<40_000_000)))
            }
        send(.publishDelayed, [draft(delay: delay)])
    }

    func publishHalf() {
        guard isUsable else { return }
        send(.publishHalf, [draft(group: pick(settings.producerGroups))])
    }

    /// A producer that got no answer hands its message in again.
    func publishAgain() {
        guard isUsable, let number = pickAny(Array(model.sent.indices.suffix(30))) else { return }
        guard model.sent[number].producerGroup == nil else { return }
        model.sent[number].copies += 1
        send(.publishAgain, [model.sent[number]])
    }

    /// Not on its way out: a topic whose deletion is under way has messages of two lives.
    private var isUsable: Bool { model.limbo.isEmpty }

    private func send(_ kind: RequestKind, _ messages: [Sent]) {
        let made = BrokerHarness.batch(
            messages.map(\.message), transaction: messages.first?.producerGroup, bornAt: now)
        var asked = Asked(kind, .publish(made.source))
        asked.batch = made
        let generations = model.generations
        asked.answered = { [self] (_) throws(Violation) in
            for (index, message) in messages.enumerated() {
                try self.published(made.batch, index, message, generations)
            }
        }
        ask(asked)
    }

    private func published(
        _ batch: PublishBatch, _ index: Int, _ message: Sent, _ generations: [String: Int]
    ) throws(Violation) {
        if let error = batch.error(index) {
            trace.note(error.message)
            return try checkRefused(message.topic, error)
        }
        let place = batch.entries[index]
        trace.note(place.physicalOffset)
        guard generations[message.topic] == model.generations[message.topic], model.isFollowed(message.topic) else {
            return
        }
        let queue: QueueID
        if message.producerGroup != nil {
            queue = QueueID(TopicName.half, 0)
            openTransactions.append(place.physicalOffset)
        } else if case .level(let level)? = message.delay {
            queue = QueueID(TopicName.schedule, min(level, Model.levels.count) - 1)
        } else if place.due > 0 {
            queue = QueueID(TopicName.timer, 0)
        } else {
            queue = QueueID(message.topic, Int(place.queue))
        }
        try follow(queue)
        // A queue that was taken from its topic since holds its messages until it is given back.
        guard isThere(queue) else { return }
        guard let entry = model.entries[place.physicalOffset], entry.number == message.number, entry.queue == queue,
            entry.offset == place.queueOffset
        else {
            // Expired between the moment it was written and the answer.
            if place.physicalOffset < model.minPhysicalOffset || place.queueOffset < model.queues[queue]?.min ?? 0 {
                return
            }
            throw Violation(
                .durability,
                "\(message.id) was acknowledged at offset \(place.queueOffset) of \(queue.text), at "
                    + "\(place.physicalOffset), and is not there")
        }
        tally.count(.durability)
        try checkTaken(message.topic, stored: entry.stored)
    }

    private func isThere(_ id: QueueID) -> Bool {
        guard case .topicConfig(let found)? = try? look(.topicConfig(id.topic)), let config = found else {
            return false
        }
        return id.queue < max(config.readQueues, config.writeQueues)
    }

    // MARK: Transactions

    func endTransaction() {
        guard let place = pickAny(openTransactions) else { return }
        // Some never say a word.
        if chance(0.1) { return openTransactions.removeAll { $0 == place } }
        guard let entry = model.entries[place], let half = model.halves[entry.offset] else { return }
        if chance(0.8) { openTransactions.removeAll { $0 == place } }
        end(half, by: .producer, .endTransaction)
    }

    /// A producer that was asked says how its transaction ended, or does not know.
    func answerCheck() {
        guard let check = pickAny(checks) else { return }
        checks.removeAll { $0.physicalOffset == check.physicalOffset }
        guard let half = model.halves[check.queueOffset] else { return }
        end(half, by: .checkBack, .answerCheck)
    }

    private func end(_ half: Half, by origin: ResolutionOrigin, _ kind: RequestKind) {
        let resolution = pick([Resolution.commit, .commit, .rollback, nil])
        let isForeign = chance(0.03)
        var end = EndTransaction(
            producerGroup: isForeign ? "strangers" : half.group, physicalOffset: half.physicalOffset,
            queueOffset: half.queueOffset, resolution: resolution, origin: origin)
        if chance(0.5) { end.id = Sent.id(half.number) }
        if let resolution, !isForeign { attempt(half, resolution, origin) }
        var asked = Asked(kind, .endTransaction(end))
        asked.answered = { [self] (response) throws(Violation) in
            try self.resolved(half, resolution, origin, isForeign: isForeign, response)
        }
        ask(asked)
    }

    func attempt(_ half: Half, _ resolution: Resolution, _ origin: ResolutionOrigin) {
        model.attempts[half.first, default: []].append(Attempt(resolution: resolution, origin: origin))
    }

    /// Somebody was told what became of a half.
    func resolved(
        _ half: Half, _ resolution: Resolution?, _ origin: ResolutionOrigin, isForeign: Bool = false,
        _ response: Response
    ) throws(Violation) {
        switch response {
        case .outcome(let outcome): try checkOutcome(half, resolution, origin, isForeign, outcome)
        case .failed(let error):
            trace.note(error.message)
            try checkTold(half, error)
        default: return
        }
    }

    private func checkOutcome(
        _ half: Half, _ resolution: Resolution?, _ origin: ResolutionOrigin, _ isForeign: Bool,
        _ outcome: ResolutionOutcome
    ) throws(Violation) {
        try follow(QueueID(TopicName.op, 0))
        guard let known = now(half) else { return }
        guard !isForeign, outcome.resolution == resolution, known.resolution == resolution, known.origin == origin
        else {
            throw Violation(
                .resolutions,
                "half \(Sent.id(half.number)): \(origin.rawValue) was told \(outcome.resolution.rawValue), and the log says "
                    + "\(known.resolution?.rawValue ?? "nothing") by \(known.origin?.rawValue ?? "nobody")")
        }
        tally.count(.resolutions)
        model.halves[known.queueOffset]?.isAnswered = true
        guard let place = outcome.visibleAt, let offset = outcome.queueOffset, model.isFollowed(place.topic) else {
            return
        }
        try follow(place)
        guard let at = model.halves[known.queueOffset]?.committedAt, let entry = model.entries[at] else {
            throw Violation(.durability, "\(Sent.id(half.number)) was committed and is not in \(place.text)")
        }
        guard entry.isDeleted || (entry.queue == place && entry.offset == offset) else {
            throw Violation(.durability, "\(Sent.id(half.number)) was committed to another place than said")
        }
    }

    /// A half as it is now, where retention may have moved it; nil where a lost machine forgot it.
    private func now(_ half: Half) -> Half? {
        model.half(half.queueOffset).flatMap { $0.first == half.first ? $0 : nil }
    }

    /// Who came too late is told who was first.
    private func checkTold(_ half: Half, _ error: APIError) throws(Violation) {
        guard error.code == .conflict, error.message.contains("was resolved already") else { return }
        try follow(QueueID(TopicName.op, 0))
        guard let known = now(half), let first = known.resolution, let by = known.origin else { return }
        let told = "\(first == .commit ? "committed" : "rolled back") by \(by.rawValue.replacing("_", with: " "))"
        guard error.message.contains(told) else {
            throw Violation(.resolutions, "half \(Sent.id(half.number)) ended in \(told); told was: \(error.message)")
        }
        tally.count(.resolutions)
    }
}
