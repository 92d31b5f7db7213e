import SluiceAPI
import SluiceMessage

// MARK: Dialogs
extension ConsoleModel {
    var dialogContext: DialogContext {
        let levels = data.delays.value?.levels.count ?? 0
        return DialogContext(
            moments: Moments(now: now, utcOffset: settings.utcOffset, levels: levels == 0 ? 18 : levels),
            topicNames: (data.topics.value ?? []).map(\.config.name), readOnly: settings.readOnly)
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

    private mutating func perform(_ operation: Operation, in dialog: Dialog, _ effects: inout [Effect]) {
        let requests: [DialogRequest]
        switch dialog {
        case .publish(var form):
            requests = form.perform(operation, in: dialogContext)
            self.dialog = .publish(form)
        case .reset(var dialog):
            requests = dialog.perform(operation, in: dialogContext)
            self.dialog = .reset(dialog)
        case .replay(var dialog):
            requests = dialog.perform(operation)
            self.dialog = .replay(dialog)
        case .resolve(var dialog):
            requests = dialog.perform(operation)
            self.dialog = .resolve(dialog)
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
        case .reset(var open):
            guard open.isTyping else { return }
            requests = open.insert(text, in: dialogContext)
            dialog = .reset(open)
        case .replay(var open):
            guard open.isTyping else { return }
            requests = open.insert(text)
            dialog = .replay(open)
        case .resolve(var open):
            guard open.isTyping else { return }
            open.insert(text)
            dialog = .resolve(open)
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
            case .close: closeDialog(&effects)
            case .bell: effects.append(.bell)
            case .ask(let query): if inFlight[query.slot] == nil { ask(query, &effects) }
            case .finish(let text, let kind):
                say(text, kind, for: 15_000)
                closeDialog(&effects)
            case .act(let act): start(act, &effects)
            case .choose(let choice): choose(choice, &effects)
            case .jump(let offset): jump(to: offset)
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
        case .reset(var open):
            open.pending = ticket
            dialog = .reset(open)
        case .replay(var open):
            open.pending = ticket
            dialog = .replay(open)
        case .resolve(var open):
            open.pending = ticket
            dialog = .resolve(open)
        case .chooser, .jump, nil: return
        }
        effects.append(.act(ticket, act))
    }

    /// Closing while something is on its way does not take it back: its outcome goes to the status line.
    private mutating func closeDialog(_ effects: inout [Effect]) {
        if let pending = pendingAct, !isPreview { orphans.insert(pending) }
        if orphans.count > 100 { orphans.removeAll() }
        dialog = nil
        refresh(&effects)
    }

    private var isPreview: Bool {
        if case .reset(let open) = dialog { return !open.isCommitting }
        return false
    }

    private var pendingAct: Ticket? {
        switch dialog {
        case .publish(let form): form.pending
        case .reset(let open): open.pending
        case .replay(let open): open.pending
        case .resolve(let open): open.pending
        case .chooser, .jump, nil: nil
        }
    }

    mutating func takeOutcome(
        _ ticket: Ticket, _ result: Result<Outcome, APIError>, _ effects: inout [Effect]
    ) {
        guard pendingAct == ticket else {
            if orphans.remove(ticket) != nil { report(result) }
            return
        }
        var requests: [DialogRequest] = []
        switch dialog {
        case .publish(var form):
            requests = form.take(result)
            dialog = .publish(form)
        case .reset(var open):
            requests = open.take(result)
            dialog = .reset(open)
        case .replay(var open):
            requests = open.take(result)
            dialog = .replay(open)
        case .resolve(var open):
            requests = open.take(result)
            dialog = .resolve(open)
            // What was marked is done with.
            lists[.transactions]?.marks.subtract(open.halves.map(\.id))
        case .chooser, .jump, nil: break
        }
        fulfil(requests, &effects)
    }

    private mutating func report(_ result: Result<Outcome, APIError>) {
        switch result {
        case .success(.sent(let receipt)): say("Published: \(receipt.id)", .good)
        case .success(.reset(let steps)): say("Moved the group on \(Format.plural(steps.count, "queue")).", .good)
        case .success(.resolved(let outcome)):
            say((outcome.resolution == .commit ? "Committed: " : "Rolled back: ") + outcome.id, .good)
        case .success(.replayed(let receipts)):
            say("\(Format.plural(receipts.count, "message")) published again.", .good)
        case .success(.acted(let outcome)): say(outcome.text, .good)
        case .failure(let error): say(error.message, .bad)
        }
    }

    // MARK: What an open dialog waits for
    mutating func giveToDialog(_ result: Result<TopicStatus, APIError>, topic: String) {
        switch dialog {
        case .resolve(var open) where open.first?.topic == topic:
            switch result {
            case .success(let status): open.target.take(status, at: now)
            case .failure(let error): open.target.fail(error)
            }
            dialog = .resolve(open)
        case .replay(var open) where open.topic == topic:
            switch result {
            case .success(let status): open.receivers.take(status, at: now)
            case .failure(let error): open.receivers.fail(error)
            }
            dialog = .replay(open)
        default: break
        }
    }

    mutating func giveToDialog(_ result: Result<HalfMessage, APIError>, half id: String) {
        guard case .resolve(var open) = dialog, open.first?.id == id else { return }
        switch result {
        case .success(let half):
            open.current.take(half, at: now)
            if open.halves.count == 1 { open.halves = [half] }
        case .failure(let error): open.current.fail(error)
        }
        dialog = .resolve(open)
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
            say("An interval is 100ms to 1h, as 500ms, 2s, 1m.", .bad)
            return
        }
        refreshInterval = length
        say("Refreshing every \(text).", .good, for: 4000)
    }
}
