import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// Operators: what they change by hand.
extension World {
    func resolve() {
        guard let half = anyHalf() else { return }
        let resolution = pick([Resolution.commit, .rollback])
        attempt(half, resolution, .operator)
        let id = Sent.id(half.number)
        var asked = Asked(.resolve, .resolve(id: id, resolution, reason: "by hand"))
        if chance(0.4) { asked.request = .act(.resolve(id: id, resolution), Self.operatorContext) }
        asked.answered = { [self] (response) throws(Violation) in
            var response = response
            if case .acted(let outcome) = response, let resolved = outcome.resolution { response = .outcome(resolved) }
            // An id names the newest of its halves.
            guard self.model.sent[half.number].copies == 1 else { return }
            try self.resolved(half, resolution, .operator, response)
        }
        ask(asked)
    }

    func recheck() {
        guard let half = anyHalf() else { return }
        ask(Asked(.recheck, .recheck(id: Sent.id(half.number))))
    }

    /// Mostly an unresolved one, sometimes one that is resolved already.
    private func anyHalf() -> Half? {
        let open = model.unresolvedHalves()
        if chance(0.7), let half = pickAny(open) { return half }
        guard let newest = model.openHalves.last else { return nil }
        return model.halves[Int64(int(0..<Int(newest) + 1))]
    }

    /// Withdraws a message that waits for an exact time.
    func recall() {
        let waits = model.pendingWaits().filter { model.entries[$0.physicalOffset]?.queue.topic == TopicName.timer }
        guard let wait = pickAny(waits.suffix(40)), wait.target.topic.dropping(TopicName.retryPrefix) == nil else {
            return
        }
        var asked = Asked(.recall, .recall(topic: wait.target.topic, uniqueKey: Sent.id(wait.number)))
        asked.answered = { [self] (response) throws(Violation) in
            guard case .done = response else { return }
            try self.follow(QueueID(TopicName.timer, 0))
            guard self.model.waits.values.contains(where: { $0.number == wait.number && $0.isWithdrawn }) else {
                throw Violation(.delays, "\(Sent.id(wait.number)) was withdrawn, and nothing in the log says so")
            }
        }
        ask(asked)
    }

    /// Moves a group's offsets; where to is asked right before, and worked out by the model where it can be.
    func reset() throws(Violation) {
        guard let name = pickAny(settings.groups), model.groups[name]?.live != nil else { return }
        let topic = anyTopic()
        guard let queue = readableQueue(topic) else { return }
        let target: OffsetTarget =
            switch int(0..<4) {
            case 0: .first
            case 1: .last
            case 2: .time(now - Int64(int(0..<100_000)))
            default: .offset(Int64(int(0..<200)))
            }
        var request = ResetRequest(group: name, topic: topic, target: target, dryRun: false)
        if chance(0.5) { request.queue = queue }
        var asked = Asked(.reset, .reset(request))
        let state = Versions()
        let planned = Planned()
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            // The steps are in the answer only; asked again, a dry run has the same ones.
            var dry = request
            dry.dryRun = true
            guard case .steps(let steps) = try self.look(.reset(dry)) else { return }
            planned.steps = steps
            state.versions = steps.map { self.move(name, $0.id, $0.to) }
        }
        asked.answered = { [self] (response) throws(Violation) in
            self.settleOffsets(name, planned.steps.map(\.id), state, response)
            guard case .steps(let steps) = response else { return }
            try self.compareSteps(steps, planned.steps, target)
        }
        ask(asked)
    }

    private func compareSteps(
        _ steps: [ResetStep], _ planned: [ResetStep], _ target: OffsetTarget
    ) throws(Violation) {
        for (step, plan) in zip(steps, planned) {
            let expected: Int64 =
                switch target {
                case .first: step.minOffset
                case .last: step.maxOffset
                case .offset(let offset): min(max(offset, step.minOffset), step.maxOffset)
                case .time: plan.to
                }
            guard step.to == expected, step.id == plan.id else {
                throw Violation(.lag, "a reset put \(step.id.text) to \(step.to), it should be \(expected)")
            }
            tally.count(.lag)
        }
    }

    // MARK: Topics

    func createTopic() {
        let config = TopicConfig(name: anyTopic(), readQueues: int(1..<5), writeQueues: int(1..<5))
        guard model.isFollowed(config.name), model.topics[config.name]?.live == nil else { return }
        change(.createTopic, config, mustBeNew: true)
    }

    func changeQueues() {
        let name = anyTopic()
        guard model.isFollowed(name), var config = model.topics[name]?.live else { return }
        if chance(0.5) { config.writeQueues = int(1..<6) }
        if chance(0.7) { config.readQueues = max(config.writeQueues, int(1..<6)) }
        change(.changeQueues, config, mustBeNew: false)
    }

    private func change(_ kind: RequestKind, _ config: TopicConfig, mustBeNew: Bool) {
        var asked = Asked(kind, .updateTopic(config, mustBeNew: mustBeNew))
        let state = Versions()
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            self.model.hasChanges = true
            state.versions = [self.model.topics[config.name, default: Kept(nil)].set(config)]
        }
        asked.answered = { [self] (response) throws(Violation) in
            guard case .done = response, let version = state.versions.first else { return }
            self.model.topics[config.name]?.acknowledged(version)
        }
        ask(asked)
    }

    /// Until the deletion is acknowledged nobody writes to the topic: its messages would be of two lives.
    func deleteTopic() throws(Violation) {
        let name = anyTopic()
        guard model.limbo.isEmpty, model.topics[name]?.live != nil, chance(0.5) else { return }
        try settle()
        try follow()
        guard inbox.isEmpty, broker.store.broken == nil, broker.store.noRoom == nil else { return }
        model.limbo.insert(name)
        var asked = Asked(.deleteTopic, .deleteTopic(name))
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            self.model.hasChanges = true
            self.model.topics[name]?.set(nil)
            self.model.limits[name]?.set(nil)
            self.model.taken[name] = nil
            for group in self.model.offsets.keys {
                for id in (self.model.offsets[group] ?? [:]).keys where id.topic == name {
                    _ = self.move(group, id, nil)
                }
            }
        }
        asked.answered = { [self] (response) throws(Violation) in
            self.model.limbo.remove(name)
            if case .done = response { self.forget(name) }
        }
        ask(asked)
    }

    /// A topic is gone with all it held; one of that name that comes is another.
    func forget(_ name: String) {
        model.generations[name, default: 0] += 1
        for id in model.queues.keys where id.topic == name { model.queues[id] = nil }
        for place in model.entries.keys where model.entries[place]?.queue.topic == name {
            model.entries[place]?.isDeleted = true
        }
        for group in consumers.keys {
            consumers[group]?.positions = (consumers[group]?.positions ?? [:]).filter { $0.key.topic != name }
            consumers[group]?.starts = (consumers[group]?.starts ?? [:]).filter { $0.key.topic != name }
            consumers[group]?.locks = (consumers[group]?.locks ?? [:]).filter { $0.key.topic != name }
        }
    }

    // MARK: Groups

    func updateGroup() {
        let name = pick(settings.groups)
        var config = GroupConfig(name: name, retryMaxTimes: int(1..<6))
        config.notifiesMembers = chance(0.5)
        var asked = Asked(.updateGroup, .updateGroup(config))
        let state = Versions()
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            self.model.hasChanges = true
            // It may have come by being used since somebody looked, and be found so again.
            if self.model.groups[name]?.live == nil {
                self.model.groups[name, default: Kept(nil)].set(GroupConfig(name: name))
            }
            state.versions = [self.model.groups[name, default: Kept(nil)].set(config)]
        }
        asked.answered = { [self] (response) throws(Violation) in
            guard case .done = response, let version = state.versions.first else { return }
            self.model.groups[name]?.acknowledged(version)
        }
        ask(asked)
    }

    func deleteGroup() {
        let name = pick(settings.groups)
        guard model.groups[name]?.live != nil else { return }
        var asked = Asked(.deleteGroup, .deleteGroup(name))
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            self.model.hasChanges = true
            self.model.groups[name]?.set(nil)
            self.model.gates[name]?.set(nil)
            for id in (self.model.offsets[name] ?? [:]).keys { _ = self.move(name, id, nil) }
            self.consumers[name]?.starts = [:]
            self.consumers[name]?.locks = [:]
        }
        ask(asked)
    }
}

/// What a reset is to do.
final class Planned {
    var steps: [ResetStep] = []
}
