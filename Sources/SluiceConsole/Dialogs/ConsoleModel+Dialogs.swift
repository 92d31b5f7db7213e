import SluiceAPI
import SluiceMessage

// MARK: Dialogs
extension ConsoleModel {
    var dialogContext: DialogContext {
        let levels = data.delays.value?.levels.count ?? 0
        return DialogContext(
            moments: Moments(now: now, utcOffset: settings.utcOffset, levels: levels == 0 ? 18 : levels),
            groupNames: (data.groups.value ?? []).map(\.config.name))
    }

    /// A key while a dialog is open. In a field a character is text; on the choices it is a key of the table.
    mutating func pressInDialog(_ key: Key, _ effects: inout [Effect]) {
        guard let dialog else { return }
        if dialog.isTyping, case .character(let character) = key {
            type(String(character), &effects)
            return
        }
        guard let binding = KeyTable.binding(for: key, in: dialog.kind) else { return }
        perform(binding.operation, in: dialog, &effects)
    }

    mutating func perform(_ operation: Operation, in dialog: Dialog, _ effects: inout [Effect]) {
        let requests: [DialogRequest]
        switch dialog {
        case .publish(var form):
            requests = form.perform(operation, in: dialogContext)
            self.dialog = .publish(form)
        case .operate(var dialog):
            requests = dialog.perform(operation, in: dialogContext)
            self.dialog = .operate(dialog)
        case .whatIf(var dialog):
            requests = dialog.perform(operation)
            self.dialog = .whatIf(dialog)
        case .find(var dialog):
            requests = dialog.perform(operation)
            self.dialog = .find(dialog)
        case .chooser(var chooser):
            requests = chooser.perform(operation)
            self.dialog = .chooser(chooser)
        case .jump(var dialog):
            requests = dialog.perform(operation)
            self.dialog = .jump(dialog)
        }
        fulfil(requests, &effects)
    }

    /// Text into the field with the cursor.
    mutating func type(_ text: String, _ effects: inout [Effect]) {
        var requests: [DialogRequest] = []
        switch dialog {
        case .publish(var form):
            form.insert(text)
            dialog = .publish(form)
        case .operate(var open):
            guard open.isTyping else { return }
            requests = open.insert(text, in: dialogContext)
            dialog = .operate(open)
        case .whatIf(var open):
            open.insert(text)
            dialog = .whatIf(open)
        case .find(var open):
            open.insert(text)
            dialog = .find(open)
        case .jump(var open):
            open.field.insert(text.filter { !$0.isNewline })
            open.problem = nil
            dialog = .jump(open)
        case .chooser, nil: break
        }
        fulfil(requests, &effects)
    }

    mutating func fulfil(_ requests: [DialogRequest], _ effects: inout [Effect]) {
        for request in requests {
            switch request {
            case .close:
                let offer = undoOffer
                let isUnderWay = pendingAct.map { startedActs[$0]?.act.changesState == true } ?? false
                closeDialog(&effects)
                if isUnderWay {
                    say(
                        tr("Stopped: what is on its way may still be done, the rest is not."), .bad, for: 15_000,
                        offer: offer)
                } else if !offer.isEmpty {
                    say(tr("Done."), .good, for: 15_000, offer: offer)
                }
            case .bell: effects.append(.bell)
            case .ask(let query): if inFlight[query.slot] == nil { ask(query, &effects) }
            case .finish(let text, let kind):
                say(text, kind, for: 15_000, offer: undoOffer)
                closeDialog(&effects)
            case .act(let act): start(act, &effects)
            case .choose(let choice): choose(choice, &effects)
            case .jump(let offset): jump(to: offset)
            case .effect(let effect): effects.append(effect)
            case .go(let target): go(to: target, &effects)
            case .published(let draft):
                if published.last != draft { published.append(draft) }
                if published.count > 100 { published.removeFirst() }
            case .keepWhatIf(let group, let what): whatIf = what.isAsItIs ? nil : (group, what)
            case .find(let topic, let key): find(topic: topic, key: key, &effects)
            }
        }
    }

    private mutating func start(_ act: Act, _ effects: inout [Effect]) {
        // The keys were refused already; a dialog that was open when read-only came is refused here.
        if settings.readOnly && act.changesState {
            say(Self.readOnlySentence, .bad)
            dialog = nil
            return
        }
        let ticket = ticket()
        switch dialog {
        case .publish(var form):
            form.pending = ticket
            dialog = .publish(form)
        case .operate(var open):
            open.pending = ticket
            dialog = .operate(open)
        case .whatIf, .find, .chooser, .jump, nil: return
        }
        note(ticket, act)
        effects.append(.act(ticket, act))
    }

    /// Closing while something is on its way does not take it back: its outcome goes to the status line.
    private mutating func closeDialog(_ effects: inout [Effect]) {
        if let pending = pendingAct, startedActs[pending]?.act.changesState == true { orphans.insert(pending) }
        if orphans.count > 100 { orphans.removeAll() }
        actBatch += 1
        dialog = nil
        refresh(&effects)
    }

    private var pendingAct: Ticket? {
        switch dialog {
        case .publish(let form): form.pending
        case .operate(let open): open.pending
        case .whatIf, .find, .chooser, .jump, nil: nil
        }
    }

    mutating func takeOutcome(
        _ ticket: Ticket, _ result: Result<Outcome, APIError>, _ effects: inout [Effect]
    ) {
        let started = startedActs.removeValue(forKey: ticket)
        let result = result.mapError(Self.explained)
        if let started, case .success(.acted(let outcome)) = result { remember(started, outcome) }
        // What was published stays: it is the last act now, and final.
        if case .success(.sent) = result { forgetUndo() }
        if advanceChain(ticket, result, &effects) { return }
        guard pendingAct == ticket else {
            if orphans.remove(ticket) != nil { report(result) }
            return
        }
        var requests: [DialogRequest] = []
        switch dialog {
        case .publish(var form):
            requests = form.take(result)
            dialog = .publish(form)
        case .operate(var open):
            requests = open.take(result)
            dialog = .operate(open)
            let isAnyDone = open.results.contains { if case .done = $0 { true } else { false } }
            if let place = open.marksOf, requests.isFinishing || (open.isFinished && isAnyDone) {
                clearMarks(of: place)
            }
        case .whatIf, .find, .chooser, .jump, nil: break
        }
        fulfil(requests, &effects)
    }

    /// Where the connection broke before the answer came, nobody may read that it failed.
    private static func explained(_ error: APIError) -> APIError {
        guard error.mayBeDone else { return error }
        var unknown = error
        unknown.message = tr("Outcome unknown: \(error.message)")
        return unknown
    }

    private mutating func report(_ result: Result<Outcome, APIError>) {
        switch result {
        case .success(.sent(let receipt)): say(tr("Published: \(receipt.id)"), .good)
        case .success(.acted(let outcome)): say(OperateDialog.sentence(outcome.text), .good)
        case .failure(let error): say(error.message, .bad)
        }
    }

    // MARK: Operator's actions
    /// Opens the dialog of an action, tried at once without effect.
    mutating func open(_ operate: OperateDialog, _ effects: inout [Effect]) {
        var open = operate
        if open.focus == .choices { open.focus = open.places.first ?? .choices }
        let requests = open.look(dialogContext)
        dialog = .operate(open)
        for query in open.questions(open.actions) where inFlight[query.slot] == nil { ask(query, &effects) }
        fulfil(requests, &effects)
    }

    private mutating func clearMarks(of place: Location) {
        lists[place]?.marks = []
        if place == .delays { markedDelays = [:] }
        if case .messages(let id) = place { markedMessages = markedMessages.filter { $0.key.queue != id } }
    }

    // MARK: Choices
    private mutating func choose(_ choice: String, _ effects: inout [Effect]) {
        guard case .chooser(let chooser) = dialog else { return }
        switch chooser.purpose {
        case .theme: effects.append(.loadTheme(choice))
        case .interval: setInterval(choice)
        }
    }

    mutating func setInterval(_ text: String) {
        guard let length = Moments.length(text), (100...3_600_000).contains(length) else {
            say(tr("An interval is 100ms to 1h, as 500ms, 2s, 1m."), .bad)
            return
        }
        refreshInterval = length
        say(tr("Refreshing every \(text)."), .good, for: 4000)
    }
}

extension [DialogRequest] {
    /// True when the dialog ends with it.
    fileprivate var isFinishing: Bool { contains { if case .finish(_, .good) = $0 { true } else { false } } }
}
