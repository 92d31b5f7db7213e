import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What operators do and ask by hand: one way in, so that each action is audited and can be tried without effect.
extension Broker {
    func act(_ action: OperatorAction, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        var context = context
        if case .reset(let request) = action, request.dryRun { context.dryRun = true }
        guard !context.dryRun else { return try perform(action, context, reply) }
        try audited(action, context, reply) { (done) throws(APIError) in try self.perform(action, context, done) }
    }

    private func perform(
        _ action: OperatorAction, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        switch action {
        case .resolve(let id, let resolution): try resolveByHand(id: id, resolution, context, reply)
        case .recheck(let id): try recheckByHand(id: id, context, reply)
        case .cancelDelay(let id, let topic): try cancelDelay(id: id, topic: topic, context, reply)
        case .deliverNow(let id, let topic): try deliverNow(id: id, topic: topic, context, reply)
        case .reschedule(let id, let topic, let due): try reschedule(id: id, topic: topic, due: due, context, reply)
        case .reset(let request): try reset(request, context, reply)
        case .republish(let places, let topic): try republish(places, to: topic, context, reply)
        case .replay(let plan): try startReplay(plan, context, reply)
        case .controlReplay(let id, let control): try controlReplay(id: id, control, context, reply)
        case .resendDeadLetters(let selection): try resendDeadLetters(selection, context, reply)
        case .gate(let group, let setting): try setGate(group: group, setting, context, reply)
        case .limitPublishing(let topic, let rate): try limitPublishing(topic: topic, perSecond: rate, context, reply)
        case .updateTopic(let config, let mustBeNew): try updateTopic(config, mustBeNew, context, reply)
        case .deleteTopic(let name): try deleteTopic(name, context, reply)
        case .updateGroup(let config): try updateGroup(config, context, reply)
        case .deleteGroup(let name): try deleteGroup(name, context, reply)
        case .copyOffsets(let source, let target, let topic):
            try copyOffsets(from: source, to: target, topic: topic, context, reply)
        case .setOption(let name, let value):
            if context.dryRun { return acted("set \(name) to \"\(value)\"", context, reply) }
            try setOption(name, value)
            acted("set \(name) to \"\(value)\"", context, reply)
        }
    }

    func answer(_ question: OperatorQuestion) throws(APIError) -> Response {
        switch question {
        case .audit(let from, let limit): return .audit(audit.reading(.entries(from: from, limit: limit), store))
        case .verifyAudit: return .audit(audit.reading(.verification, store))
        case .gates(let group): return .told(.gates(try gates(group)))
        case .replays: return .told(.replays(replays()))
        case .checks: return .told(.checks(checkQueues()))
        case .publishLimits: return .told(.publishLimits(publishLimits()))
        case .clients: return .told(.clients(connectedClients()))
        case .brokers: return .told(.brokers([node()]))
        case .features:
            return .told(.features(Dictionary(uniqueKeysWithValues: Feature.allCases.map { ($0, .works) })))
        }
    }

    /// Answers with what was done once the disk has it, or with what would be.
    private func acted(_ text: String, count: Int = 1, _ context: ActionContext, _ reply: @escaping Reply) {
        if context.dryRun { return reply(.acted(ActionOutcome("would " + text, count: count))) }
        answerWhenConfirmed(.acted(ActionOutcome(text, count: count)), reply)
    }
}

/// Actions of which the broker's plain requests are the greater part.
extension Broker {
    private func reset(
        _ request: ResetRequest, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        var request = request
        request.dryRun = context.dryRun
        let what =
            "\(context.dryRun ? "would move" : "moved") \(request.group) on \(request.topic)"
        try reset(request) { response in
            guard case .steps(let steps) = response else { return reply(response) }
            let again = steps.reduce(0) { $0 + $1.again }
            var outcome = ActionOutcome(
                "\(what), \(steps.count) queues: \(abs(again)) messages \(again < 0 ? "skipped" : "again")",
                count: steps.count)
            outcome.steps = steps
            reply(.acted(outcome))
        }
    }

    private func updateTopic(
        _ config: TopicConfig, _ mustBeNew: Bool, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        try checkUpdate(config, mustBeNew: mustBeNew)
        let isNew = topics[config.name] == nil
        let what = "topic \(config.name): \(config.words)"
        if context.dryRun { return acted("\(isNew ? "create" : "change") \(what)", context, reply) }
        try updateTopic(config, mustBeNew: mustBeNew) { _ in }
        acted("\(isNew ? "created" : "changed") \(what)", context, reply)
    }

    private func deleteTopic(_ name: String, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        let depth = summary(try deletableTopic(name)).depth
        let what = "topic \(name) with \(depth) messages"
        if context.dryRun { return acted("delete \(what)", count: Int(depth), context, reply) }
        try deleteTopic(name) { _ in }
        acted("deleted \(what)", count: Int(depth), context, reply)
    }

    private func updateGroup(
        _ config: GroupConfig, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        try checkUpdate(config)
        let isNew = groups[config.name] == nil
        let what = "group \(config.name): \(config.words)"
        if context.dryRun { return acted("\(isNew ? "make" : "change") \(what)", context, reply) }
        try updateGroup(config) { _ in }
        acted("\(isNew ? "made" : "changed") \(what)", context, reply)
    }

    private func copyOffsets(
        from source: String, to target: String, topic: String?, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        let commits = (groups[source]?.offsets ?? [:]).filter { topic == nil || $0.key.topic == topic }.map {
            OffsetCommit(group: target, queue: $0.key, offset: $0.value.offset)
        }
        let what = "\(commits.count) offsets of group \(source) to \(target)"
        if context.dryRun { return acted("copy \(what)", count: commits.count, context, reply) }
        commit(commits) { response in
            guard case .done = response else { return reply(response) }
            reply(.acted(ActionOutcome("copied \(what)", count: commits.count)))
        }
    }

    private func deleteGroup(_ name: String, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        try checkDeletion(ofGroup: name)
        let what = "group \(name) with its offsets"
        if context.dryRun { return acted("delete \(what)", context, reply) }
        try deleteGroup(name) { _ in }
        acted("deleted \(what)", context, reply)
    }
}
