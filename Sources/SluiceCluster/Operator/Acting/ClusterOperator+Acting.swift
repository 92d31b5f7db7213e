import SluiceAPI
import SluiceBroker
import SluiceMessage

/// What is done by hand: one way in, so that each action is noted before it happens and can be tried without effect.
extension ClusterOperator {
    func act(_ action: OperatorAction, _ context: ActionContext) async throws(APIError) -> ActionOutcome {
        var context = context
        if case .reset(let request) = action, request.dryRun { context.dryRun = true }
        try await refuseWhatIsNotThere(action)
        guard !context.dryRun, let audit else { return try await perform(action, dryRun: context.dryRun) }
        let before = await state(of: action)
        let begun = try await audit.begin(action, context, state: before, at: now())
        do throws(APIError) {
            var outcome = try await perform(action, dryRun: false)
            outcome.before = before
            outcome.after = await state(of: action)
            do throws(APIError) {
                try await audit.end(
                    begun, action, context, state: outcome.after,
                    outcome: AuditEntry.outcome(done: outcome.text), at: now())
            } catch {
                outcome.text += ". How it ended could not be noted: \(error.message)"
            }
            return outcome
        } catch {
            let after = await state(of: action)
            try? await audit.end(begun, action, context, state: after, outcome: error.message, at: now())
            throw error
        }
    }

    private func perform(_ action: OperatorAction, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        switch action {
        case .resolve(let id, let resolution): try await resolve(id: id, resolution, dryRun: dryRun)
        case .recheck(let id): try await recheck(id: id, dryRun: dryRun)
        case .cancelDelay(let id, let topic): try await cancelDelay(id: id, topic: topic, dryRun: dryRun)
        case .reset(let request): try await reset(request, dryRun: dryRun)
        case .republish(let places, let topic): try await republish(places, to: topic, dryRun: dryRun)
        case .resendDeadLetters(let selection): try await resendDeadLetters(selection, dryRun: dryRun)
        case .gate(let group, let setting): try await setGate(group, setting, dryRun: dryRun)
        case .updateTopic(let config, let mustBeNew): try await update(config, mustBeNew: mustBeNew, dryRun: dryRun)
        case .deleteTopic(let name): try await deleteTopic(name, dryRun: dryRun)
        case .updateGroup(let config): try await update(config, dryRun: dryRun)
        case .deleteGroup(let name): try await deleteGroup(name, dryRun: dryRun)
        case .copyOffsets, .setOption:
            throw APIError(.unavailable, "on a cluster mqadmin does this: cloneGroupOffset, updateBrokerConfig")
        case .deliverNow, .reschedule, .replay, .controlReplay, .limitPublishing:
            throw APIError(.unavailable, "RocketMQ has no request for this")
        }
    }

    private func refuseWhatIsNotThere(_ action: OperatorAction) async throws(APIError) {
        let feature: Feature? =
            switch action {
            case .deliverNow: .delayNow
            case .reschedule: .delayReschedule
            case .cancelDelay: .delayCancel
            case .replay, .controlReplay: .pacedReplay
            case .gate(_, .limited): .gateLimit
            case .limitPublishing: .publishLimit
            default: nil
            }
        guard let feature else { return }
        if let why = FeatureTable.refusal(of: feature, at: try await cluster.brokers().map(\.node.kind)) {
            throw APIError(.unavailable, why)
        }
    }

    func told(_ question: OperatorQuestion) async throws(APIError) -> OperatorAnswer {
        switch question {
        case .gates(let group): return .gates(try await gates(group))
        case .replays: return .replays([])
        case .checks: return .checks(try await checkQueues())
        case .audit(let from, let limit):
            guard let audit else { throw Self.noAudit }
            return try await audit.entries(from: from, limit: limit)
        case .verifyAudit:
            guard let audit else { throw Self.noAudit }
            return try await audit.verification()
        case .publishLimits: return .publishLimits([:])
        case .clients: return .clients(try await connectedClients())
        case .brokers: return .brokers(try await brokerNodes())
        case .features: return .features(FeatureTable.features(of: try await cluster.brokers().map(\.node.kind)))
        }
    }

    private static var noAudit: APIError {
        APIError(.unavailable, "this program keeps no audit of what it does on this cluster: no file was named for it")
    }

    private func checkQueues() async throws(APIError) -> [CheckQueue] {
        let halves = try await unresolvedHalves().halves.map(\.half)
        let groups = Dictionary(grouping: halves, by: \.producerGroup)
        let online = try await producersOnline(of: Set(groups.keys))
        return groups.map { group, halves in
            CheckQueue(
                group: group, unresolved: halves.count, setAside: halves.count { $0.isSetAside }, waiting: -1,
                perSecond: -1,
                producersOnline: online[group] ?? -1)
        }.sorted { $0.group < $1.group }
    }

    // MARK: States in words

    /// How what an action is about stands now, as the audit keeps it.
    private func state(of action: OperatorAction) async -> String {
        do throws(APIError) {
            switch action {
            case .resolve(let id, _), .recheck(let id): return try await stateOfHalf(id)
            case .cancelDelay(let id, _), .deliverNow(let id, _), .reschedule(let id, _, _):
                let due = try await pendingDelays().items.first { $0.id == id }?.due
                return due.map { "pending, due in \(max(0, $0 - now()) / 1_000) s" } ?? "not pending"
            case .reset(let request): return try await stateOfOffsets(request)
            case .gate(let group, _), .deleteGroup(let group): return try await stateOfGroup(group)
            case .updateGroup(let config): return try await stateOfGroup(config.name)
            case .resendDeadLetters(let letters): return try await stateOfTopic(TopicName.deadLetter(letters.group))
            case .updateTopic(let config, _): return try await stateOfTopic(config.name)
            case .deleteTopic(let name): return try await stateOfTopic(name)
            case .republish(_, let topic): return try await stateOfTopic(topic)
            default: return ""
            }
        } catch {
            return "not known: \(error.message)"
        }
    }

    private func stateOfHalf(_ id: String) async throws(APIError) -> String {
        let all = try await unresolvedHalves(fresh: true)
        guard let half = all.halves.first(where: { $0.half.id == id })?.half else {
            return all.note.map { "not known: \($0)" } ?? "not unresolved"
        }
        let age = max(0, now() - half.message.bornTimestamp) / 1_000
        return "unresolved for \(age) s, \(half.checks) checks\(half.isSetAside ? ", set aside" : "");"
            + " of \(half.producerGroup), for \(half.target.topic)"
    }

    private func stateOfOffsets(_ request: ResetRequest) async throws(APIError) -> String {
        let positions = try await positions(request.group, try await cluster.brokers())
            .filter { $0.key.topic == request.topic && (request.queue ?? $0.key.queue) == $0.key.queue }
        guard !positions.isEmpty else { return "no offsets" }
        let offsets = positions.sorted { $0.key < $1.key }.map { "\($0.key.queue):\($0.value.offset)" }
        return "offsets \(offsets.joined(separator: " ")), lag \(positions.values.reduce(0) { $0 + $1.lag })"
    }

    private func stateOfGroup(_ name: String) async throws(APIError) -> String {
        guard let group = try await allGroups(fresh: true)[name] else { return "no such group" }
        return "\(group.consumeEnabled ? "consuming" : "paused"), \(group.retryMaxTimes) retries,"
            + " \(group.retryQueues) retry queues"
    }

    private func stateOfTopic(_ name: String?) async throws(APIError) -> String {
        guard let name else { return "" }
        guard let config = try await allTopics(fresh: true)[name] else { return "no such topic" }
        let queues = try await clusterQueues(of: name, try await cluster.brokers())
        return "\(config.readQueues)/\(config.writeQueues) queues a broker, \(config.permission.text),"
            + " \(queues.reduce(0) { $0 + $1.depth }) messages"
    }
}
