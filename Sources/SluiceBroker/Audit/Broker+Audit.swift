import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Each action is noted before and after it happens. What is noted before stands in the same batch as the effect, ahead of
/// it; the answer leaves when the end is noted too.
extension Broker {
    /// Free bytes of the disk below which nothing is done by hand, since it could not be noted.
    private static let roomForNotes: Int64 = 64 << 10

    func audited(
        _ action: OperatorAction, _ context: ActionContext, _ reply: @escaping Reply,
        _ perform: (@escaping Reply) throws(APIError) -> Void
    ) throws(APIError) {
        let (begun, before) = try begin(.action(action), context)
        // A reply is called on the owner's thread, to which the broker is confined.
        nonisolated(unsafe) let broker = self
        let done: Reply = { response in broker.ended(begun, action, context, before, response, reply) }
        do throws(APIError) {
            try perform(done)
        } catch {
            done(.failed(error))
        }
    }

    /// Notes how an action ended and answers when that is written.
    private func ended(
        _ begun: Int64, _ action: OperatorAction, _ context: ActionContext, _ before: String, _ response: Response,
        _ reply: @escaping Reply
    ) {
        let after = state(of: action)
        var answer = response
        var outcome = "done"
        switch response {
        case .acted(var done):
            done.before = before
            done.after = after
            answer = .acted(done)
            outcome = AuditEntry.outcome(done: done.text)
        case .failed(let error): outcome = error.message
        default: break
        }
        // With a broken log the audit stays without this end, and says so when it is verified.
        guard store.broken == nil else { return reply(answer) }
        note(.action(action), context, .after, begun: begun, state: after, outcome: outcome)
        answerWhenConfirmed(answer, reply)
    }

    // MARK: What others do

    func noteBegin(_ subject: AuditSubject, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        answerWhenConfirmed(.noted(try begin(subject, context).number), reply)
    }

    func noteEnd(
        _ subject: AuditSubject, _ context: ActionContext, begun: Int64, outcome: String, _ reply: @escaping Reply
    ) {
        guard store.broken == nil else { return reply(.noted(begun)) }
        let state = state(of: subject)
        let number = note(subject, context, .after, begun: begun, state: state, outcome: outcome)
        answerWhenConfirmed(.noted(number), reply)
    }

    // MARK: Notes

    private func begin(
        _ subject: AuditSubject, _ context: ActionContext
    ) throws(APIError) -> (number: Int64, state: String) {
        if let problem = cannotNote {
            throw APIError(.unavailable, "nothing was done, since it cannot be noted in the audit: \(problem)")
        }
        let state = state(of: subject)
        return (note(subject, context, .before, begun: nil, state: state, outcome: nil), state)
    }

    @discardableResult
    private func note(
        _ subject: AuditSubject, _ context: ActionContext, _ phase: AuditEntry.Phase, begun: Int64?, state: String,
        outcome: String?
    ) -> Int64 {
        audit.note(
            AuditEntry(
                number: 0, time: now, phase: phase, begun: begun, actor: context.actor, action: subject.name,
                target: subject.target, reason: context.reason, state: state, outcome: outcome, previous: "",
                hash: ""), store)
    }

    private var cannotNote: String? {
        if closing { return "the broker is shutting down" }
        if let broken = store.broken { return "the log cannot be written: \(broken); restart sluice after mending it" }
        let free = store.disk.space().free
        return free < Self.roomForNotes ? "only \(free) bytes are free on the disk; free some space" : nil
    }

    // MARK: States in words

    private func state(of subject: AuditSubject) -> String {
        switch subject {
        case .action(let action): state(of: action)
        case .elsewhere(_, _, let state): state
        }
    }

    /// How what an action is about stands now.
    private func state(of action: OperatorAction) -> String {
        switch action {
        case .resolve(let id, _), .recheck(let id): stateOfHalf(id)
        case .cancelDelay(let id, let topic), .deliverNow(let id, let topic), .reschedule(let id, let topic, _):
            stateOfDelay(id, topic)
        case .reset(let request): stateOfOffsets(request)
        case .republish(_, let topic): topic.map(stateOfTopic) ?? ""
        case .replay(let plan): stateOfTopic(plan.target ?? plan.topic)
        case .controlReplay(let id, _):
            replays().first { $0.id == id }.map { "\($0.state.rawValue), \($0.done) of \($0.total)" }
                ?? "no such replay"
        case .resendDeadLetters(let letters): stateOfDeadLetters(letters.group)
        case .gate(let group, _): groups[group].map { ($0.gate?.setting ?? .open).words } ?? "no such group"
        case .limitPublishing(let topic, _):
            topics[topic].map { $0.publishLimit.map { "\($0.perSecond.plain) messages a second" } ?? "no limit" }
                ?? "no such topic"
        case .updateTopic(let config, _): stateOfTopic(config.name)
        case .deleteTopic(let name): stateOfTopic(name)
        case .updateGroup(let config): stateOfGroup(config.name)
        case .deleteGroup(let name): stateOfGroup(name)
        case .copyOffsets(_, let group, _): stateOfGroup(group)
        case .setOption: ""
        }
    }

    private func stateOfHalf(_ id: String) -> String {
        guard let entry = findHalf(id) else {
            guard let known = recentResolutions[id] else { return "not unresolved" }
            return "\(known.resolution == .commit ? "committed" : "rolled back") by \(known.origin.rawValue)"
        }
        var words =
            "unresolved for \(Self.seconds(now - entry.storeTimestamp)), \(entry.checks) of \(options.maxChecks) checks"
        words += entry.isSetAside ? ", set aside" : ", next in \(Self.seconds(entry.nextCheck - now))"
        guard let half = halfMessage(entry) else { return words + ", its record is damaged" }
        return words + "; of \(half.producerGroup), for \(half.topic)"
    }

    private func stateOfDelay(_ id: String, _ topic: String?) -> String {
        guard let delay = delays(DelayQuery(topic: topic, key: id, limit: 1)).items.first else { return "not pending" }
        return "pending for \(delay.topic), due in \(Self.seconds(delay.due - now))"
    }

    private func stateOfOffsets(_ request: ResetRequest) -> String {
        guard let group = groups[request.group] else { return "no such group" }
        let queues = positions(group).filter {
            $0.id.topic == request.topic && (request.queue ?? $0.id.queue) == $0.id.queue
        }
        guard !queues.isEmpty else { return "no offsets" }
        let offsets = queues.map { "\($0.id.queue):\($0.offset.map(String.init) ?? "-")" }.joined(separator: " ")
        return "offsets \(offsets), lag \(queues.reduce(0) { $0 + $1.lag })"
    }

    private func stateOfTopic(_ name: String) -> String {
        guard let topic = topics[name] else { return "no such topic" }
        return "\(topic.config.words), \(summary(topic).depth) messages"
    }

    private func stateOfGroup(_ name: String) -> String {
        guard let group = groups[name] else { return "no such group" }
        return "\(group.config.words), \(group.members.count) clients, lag \(summary(group).lag ?? 0)"
    }

    private func stateOfDeadLetters(_ group: String) -> String {
        topics[TopicName.deadLetter(group)].map { "\(summary($0).depth) dead letters" } ?? "no dead letters"
    }

    private static func seconds(_ milliseconds: Int64) -> String { "\((max(0, milliseconds) + 500) / 1_000) s" }
}
