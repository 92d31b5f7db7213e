import SluiceAPI

/// Acts done without a dialog, one after the other.
struct Chain: Sendable {
    var what: String
    var actions: [OperatorAction]
    var reason: String
    var isUndo = false
    /// What is being taken back.
    var source: Undo?
    /// What failed and may still work: whoever it is about is there, and as it was.
    var left: [OperatorAction] = []
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
        case .failure(let error):
            chain.failures.append(error.message)
            let isGroundGone = error.code == .notFound || error.code == .conflict
            if !isGroundGone { chain.left.append(chain.actions[chain.done]) }
        }
        chain.done += 1
        step(chain, &effects)
        return true
    }

    /// Something was done that cannot be taken back: what was before it is not the last act any more, and an undo that is
    /// under way is not offered anew when it fails.
    mutating func forgetUndo() {
        undo = nil
        for ticket in chains.keys { chains[ticket]?.source = nil }
    }

    /// What could not be taken back stays on offer, unless something else was done since.
    private mutating func offerAgain(_ chain: Chain) {
        guard let source = chain.source, undo == nil, !chain.left.isEmpty else { return }
        let isWhole = chain.left.count == source.actions.count
        let text = isWhole ? source.text : tr("takes back the \(chain.left.count) acts that failed")
        undo = Undo(text: text, actions: chain.left, batch: actBatch, until: now + Undo.offered)
    }

    private mutating func finish(_ chain: Chain, _ effects: inout [Effect]) {
        defer { actBatch += 1 }
        let count = chain.actions.count
        if let first = chain.failures.first {
            let rest = count == 1 ? "" : tr(" (\(chain.failures.count) of \(count) failed)")
            offerAgain(chain)
            say(first + rest, .bad, for: 15_000, offer: undoOffer)
            effects.append(.bell)
        } else {
            let text = count == 1 ? chain.lastText : tr("\(Format.plural(count, "act")) done.")
            say(
                (chain.isUndo ? "\(chain.what): " : "") + OperateDialog.sentence(text), .good, for: 15_000,
                offer: undoOffer)
        }
        refresh(&effects)
    }
}
