import SluiceAPI
import SluiceMessage

extension OperateDialog.Reversal {
    var sentence: String {
        switch self {
        case .reversible(let text): tr("Reversible: \(text)")
        case .compensable(let text): tr("Compensable: \(text)")
        case .final(let text): tr("Final: \(text)")
        }
    }

    var isFinal: Bool { if case .final = self { true } else { false } }

    /// Of a group's reset.
    static var moved: OperateDialog.Reversal {
        .compensable(tr("u moves the group back to the offsets before; what was delivered again stays so."))
    }
    /// Of a replay at a pace.
    static var replayed: OperateDialog.Reversal {
        .final(tr("it can be paused and cancelled; what is stored again by then stays."))
    }

    /// Of an action as this console takes it back.
    static func of(_ action: OperatorAction) -> OperateDialog.Reversal {
        switch action {
        case .resolve: .final(tr("it cannot be taken back."))
        case .recheck: .final(tr("the producer is asked; nothing else changes."))
        case .cancelDelay: .final(tr("the message is withdrawn for good."))
        case .deliverNow: .final(tr("what was delivered stays."))
        case .reschedule: .reversible(tr("u gives it its old moment back, while it still waits."))
        case .reset: moved
        case .republish, .resendDeadLetters: .final(tr("what is stored again stays. Each copy names its source."))
        case .replay: replayed
        case .controlReplay(_, .cancel): .final(tr("a cancelled replay does not go on; start another one."))
        case .controlReplay: .reversible(tr("u turns it round."))
        case .gate: .reversible(tr("u sets the gate as it was."))
        case .limitPublishing: .reversible(tr("u sets the limit as it was."))
        case .updateTopic(_, mustBeNew: true): .compensable(tr("u deletes it again, after asking."))
        case .updateTopic: .reversible(tr("u sets it as it was."))
        case .updateGroup: .reversible(tr("u sets it as it was."))
        case .deleteTopic, .deleteGroup: .final(tr("its messages and offsets are gone."))
        case .copyOffsets: .compensable(tr("a reset moves the group to other offsets."))
        case .setOption: .reversible(tr("setting the old value again."))
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
            return (tr("gives it its old moment back"), [.reschedule(id: id, topic: topic, due: delay.due)])
        case .gate(let group, _):
            guard let before = gate(group) else { return nil }
            return (tr("sets the gate of \(group) to \(tr(key: before.text)) again"), [.gate(group: group, before)])
        case .limitPublishing(let topic, _):
            guard case .publishLimits(let limits)? = data.told[.publishLimits]?.value else { return nil }
            return (
                tr("sets the publish limit of \(topic) as it was"),
                [.limitPublishing(topic: topic, perSecond: limits[topic])]
            )
        case .controlReplay(let id, .pause): return (tr("lets replay \(id) go on"), [.controlReplay(id: id, .resume)])
        case .controlReplay(let id, .resume): return (tr("pauses replay \(id) again"), [.controlReplay(id: id, .pause)])
        case .updateTopic(let config, let mustBeNew):
            if let before = topicSummary(config.name)?.config, !mustBeNew {
                return (tr("sets \(config.name) as it was"), [.updateTopic(before, mustBeNew: false)])
            }
            guard mustBeNew else { return nil }
            return (tr("deletes \(config.name) again, after asking"), [.deleteTopic(config.name)])
        case .updateGroup(let config):
            if let before = groupSummary(config.name)?.config {
                return (tr("sets \(config.name) as it was"), [.updateGroup(before)])
            }
            guard data.groups.value != nil else { return nil }
            return (tr("deletes \(config.name) again, after asking"), [.deleteGroup(config.name)])
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
        return (tr("moves \(request.group) back on \(Format.plural(moved.count, "queue"))"), moved)
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
            if !isSameBatch { forgetUndo() }
            return
        }
        let until = now + Undo.offered
        if isSameBatch, let before = undo {
            // The last thing done is the first to be taken back.
            let actions = found.actions + before.actions
            undo = Undo(
                text: tr("takes \(actions.count) acts back"), actions: actions, batch: started.batch, until: until)
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
            return tr("There is nothing to take back: it is offered for 2 minutes after an act that is not final.")
        }
        return nil
    }

    /// Does what makes up for the last act. What would destroy something asks first.
    mutating func takeBack(_ effects: inout [Effect]) {
        guard let undo, undo.until > now else { return }
        if let deletion = undo.actions.first(where: \.isDeletion) { return openDeletion(deletion, &effects) }
        self.undo = nil
        run(
            Chain(what: tr("Taken back"), actions: undo.actions, reason: "taken back", isUndo: true, source: undo),
            &effects)
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
