import SluiceAPI
import SluiceMessage

extension OperateDialog.Reversal {
    var sentence: String {
        switch self {
        case .reversible(let text): "Reversible: \(text)"
        case .compensable(let text): "Compensable: \(text)"
        case .final(let text): "Final: \(text)"
        }
    }

    /// Of an action as this console takes it back.
    static func of(_ action: OperatorAction) -> OperateDialog.Reversal {
        switch action {
        case .resolve: .final("it cannot be taken back.")
        case .recheck: .final("the producer is asked; nothing else changes.")
        case .cancelDelay: .final("the message is withdrawn for good.")
        case .deliverNow: .final("what was delivered stays.")
        case .reschedule: .reversible("u gives it its old moment back, while it still waits.")
        case .reset: .compensable("u moves the group back to the offsets before; what was delivered again stays so.")
        case .republish, .resendDeadLetters: .final("what is stored again stays. Each copy names its source.")
        case .replay: .final("it can be paused and cancelled; what is stored again by then stays.")
        case .controlReplay(_, .cancel): .final("a cancelled replay does not go on; start another one.")
        case .controlReplay: .reversible("u turns it round.")
        case .gate: .reversible("u sets the gate as it was.")
        case .limitPublishing: .reversible("u sets the limit as it was.")
        case .updateTopic(_, mustBeNew: true): .compensable("u deletes it again, after asking.")
        case .updateTopic: .reversible("u sets it as it was.")
        case .updateGroup: .reversible("u sets it as it was.")
        case .deleteTopic, .deleteGroup: .final("its messages and offsets are gone.")
        case .copyOffsets: .compensable("a reset moves the group to other offsets.")
        case .setOption: .reversible("setting the old value again.")
        }
    }
}

/// What takes the last act back.
struct Undo: Sendable, Equatable {
    /// As `moves order-landing back to the offsets before`.
    var text: String
    var actions: [OperatorAction]
    /// Acts of one dialog belong together.
    var batch: Int
    /// Epoch ms after which it is not offered any more: by then others have acted on what came of it.
    var until: Int64
    static let offered: Int64 = 120_000
}

extension ConsoleModel {
    /// What would take an action back, from what is known before it is done. Nil for what is final, and where the state
    /// before is not known.
    func compensation(of action: OperatorAction) -> (text: String, actions: [OperatorAction])? {
        switch action {
        case .reschedule(let id, let topic, _):
            guard let delay = knownDelay(id) else { return nil }
            return ("gives it its old moment back", [.reschedule(id: id, topic: topic, due: delay.due)])
        case .gate(let group, _):
            guard let before = gate(group) else { return nil }
            return ("sets the gate of \(group) to \(before.text) again", [.gate(group: group, before)])
        case .limitPublishing(let topic, _):
            guard case .publishLimits(let limits)? = data.told[.publishLimits]?.value else { return nil }
            return (
                "sets the publish limit of \(topic) as it was",
                [.limitPublishing(topic: topic, perSecond: limits[topic])]
            )
        case .controlReplay(let id, .pause): return ("lets replay \(id) go on", [.controlReplay(id: id, .resume)])
        case .controlReplay(let id, .resume): return ("pauses replay \(id) again", [.controlReplay(id: id, .pause)])
        case .updateTopic(let config, let mustBeNew):
            if let before = topicSummary(config.name)?.config, !mustBeNew {
                return ("sets \(config.name) as it was", [.updateTopic(before, mustBeNew: false)])
            }
            guard mustBeNew else { return nil }
            return ("deletes \(config.name) again, after asking", [.deleteTopic(config.name)])
        case .updateGroup(let config):
            if let before = groupSummary(config.name)?.config {
                return ("sets \(config.name) as it was", [.updateGroup(before)])
            }
            guard data.groups.value != nil else { return nil }
            return ("deletes \(config.name) again, after asking", [.deleteGroup(config.name)])
        case .reset, .resolve, .recheck, .cancelDelay, .deliverNow, .republish, .replay, .resendDeadLetters,
            .controlReplay(_, .cancel), .deleteTopic, .deleteGroup, .copyOffsets, .setOption:
            return nil
        }
    }

    /// A reset tells itself where the group stood. Queues without an offset before cannot be given none again.
    private func compensation(of request: ResetRequest, _ steps: [ResetStep]) -> (String, [OperatorAction])? {
        let moved: [OperatorAction] = steps.compactMap { step in
            guard let from = step.from, from != step.to else { return nil }
            return .reset(
                ResetRequest(
                    group: request.group, topic: step.id.topic, queue: step.id.queue, target: .offset(from),
                    dryRun: false))
        }
        guard !moved.isEmpty else { return nil }
        return ("moves \(request.group) back on \(Format.plural(moved.count, "queue"))", moved)
    }

    /// Remembers what takes a done act back.
    mutating func remember(_ started: StartedAct, _ outcome: ActionOutcome) {
        guard case .operate(let action, _, dryRun: false) = started.act else { return }
        if case .reset(let request) = action { forgetRates(of: request.group) }
        guard !started.isUndo else { return }
        var found = started.compensation
        if case .reset(let request) = action { found = compensation(of: request, outcome.steps) }
        let isSameBatch = undo?.batch == started.batch
        guard let found else {
            // Final: what was before it is not the last act any more.
            if !isSameBatch { undo = nil }
            return
        }
        let until = now + Undo.offered
        if isSameBatch, let before = undo {
            // The last thing done is the first to be taken back.
            let actions = found.actions + before.actions
            undo = Undo(text: "takes \(actions.count) acts back", actions: actions, batch: started.batch, until: until)
        } else {
            undo = Undo(text: found.text, actions: found.actions, batch: started.batch, until: until)
        }
    }

    /// Offsets that were moved by hand say nothing of how fast the group consumes.
    private mutating func forgetRates(of group: String) {
        data.committed[group] = nil
        data.lag[group] = nil
        data.queueOffsets = data.queueOffsets.filter { $0.key.group != group }
    }

    var whyNoUndo: String? {
        if let reason = whyNoActing { return reason }
        guard let undo, undo.until > now else {
            return "There is nothing to take back: it is offered for 2 minutes after an act that is not final."
        }
        return nil
    }

    /// Does what makes up for the last act. What would destroy something asks first.
    mutating func takeBack(_ effects: inout [Effect]) {
        guard let undo, undo.until > now else { return }
        if let deletion = undo.actions.first(where: \.isDeletion) { return openDeletion(deletion, &effects) }
        self.undo = nil
        run(Chain(what: "Taken back", actions: undo.actions, reason: "taken back", isUndo: true), &effects)
    }

    /// `u moves it back`, for a notice; empty where nothing can be taken back.
    var undoOffer: String {
        guard let undo, undo.until > now, undo.batch == actBatch else { return "" }
        return "u \(undo.text)"
    }
}

extension OperatorAction {
    var isDeletion: Bool {
        switch self {
        case .deleteTopic, .deleteGroup: true
        default: false
        }
    }
}

/// An act on its way.
struct StartedAct: Sendable {
    var act: Act
    var batch: Int
    var isUndo = false
    var compensation: (text: String, actions: [OperatorAction])?
}

/// Acts done without a dialog, one after the other.
struct Chain: Sendable {
    var what: String
    var actions: [OperatorAction]
    var reason: String
    var isUndo = false
    var done = 0
    var failures: [String] = []
    var lastText = ""
}

// MARK: Acts without a dialog
extension ConsoleModel {
    mutating func run(_ chain: Chain, _ effects: inout [Effect]) {
        actBatch += 1
        step(chain, &effects)
    }

    private mutating func step(_ chain: Chain, _ effects: inout [Effect]) {
        guard chain.done < chain.actions.count else { return finish(chain, &effects) }
        if settings.readOnly { return say(Self.readOnlySentence, .bad) }
        let act = Act.operate(chain.actions[chain.done], reason: chain.reason, dryRun: false)
        let ticket = ticket()
        note(ticket, act, isUndo: chain.isUndo)
        chains[ticket] = chain
        effects.append(.act(ticket, act))
    }

    mutating func note(_ ticket: Ticket, _ act: Act, isUndo: Bool = false) {
        var started = StartedAct(act: act, batch: actBatch, isUndo: isUndo)
        if case .operate(let action, _, dryRun: false) = act { started.compensation = compensation(of: action) }
        startedActs[ticket] = started
        // Only those whose answer never came are left.
        if startedActs.count > 1000 { startedActs = [ticket: started] }
    }

    /// False when the ticket is of no chain.
    mutating func advanceChain(
        _ ticket: Ticket, _ result: Result<Outcome, APIError>, _ effects: inout [Effect]
    ) -> Bool {
        guard var chain = chains.removeValue(forKey: ticket) else { return false }
        switch result {
        case .success(.acted(let outcome)): chain.lastText = outcome.text
        case .success: break
        case .failure(let error): chain.failures.append(error.message)
        }
        chain.done += 1
        step(chain, &effects)
        return true
    }

    private mutating func finish(_ chain: Chain, _ effects: inout [Effect]) {
        defer { actBatch += 1 }
        let count = chain.actions.count
        if let first = chain.failures.first {
            let rest = count == 1 ? "" : " (\(chain.failures.count) of \(count) failed)"
            say(first + rest, .bad, for: 15_000)
            effects.append(.bell)
        } else {
            let text = count == 1 ? chain.lastText : "\(Format.plural(count, "act")) done."
            say(
                (chain.isUndo ? "\(chain.what): " : "") + OperateDialog.sentence(text), .good, for: 15_000,
                offer: undoOffer)
        }
        refresh(&effects)
    }
}
