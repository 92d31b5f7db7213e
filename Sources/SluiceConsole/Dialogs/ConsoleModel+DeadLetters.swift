import SluiceAPI
import SluiceMessage

// MARK: Sending dead letters again
extension ConsoleModel {
    /// The queue of dead letters in front, and whose they are.
    var deadLetterQueue: (queue: QueueID, group: String)? {
        switch place {
        case .messages(let id), .message(let id, _): Self.deadLetterGroup(id.topic).map { (id, $0) }
        default: nil
        }
    }

    /// Enters a group's dead letters: the first queue that holds any, as soon as that is known.
    mutating func goToDeadLetters(of group: String, _ effects: inout [Effect]) {
        let topic = TopicName.deadLetter(group)
        let known = data.topic[topic]?.value?.queues.first { $0.depth > 0 }
        enteredLetters = topic
        go(to: .messages(QueueID(topic, known?.queue ?? 0)), &effects)
    }

    /// Goes on to the first queue with dead letters where the one that was entered has none.
    mutating func findDeadLetters(_ status: TopicStatus) {
        guard let topic = enteredLetters, topic == status.summary.config.name else { return }
        enteredLetters = nil
        guard case .messages(let id) = place, id.topic == topic, (queueStatus(id)?.depth ?? 0) == 0,
            let other = status.queues.first(where: { $0.depth > 0 })
        else { return }
        history.replace(.messages(QueueID(topic, other.queue)))
        arrange()
    }

    var whyNoResend: String? {
        if let reason = whyNoResendAll { return reason }
        return rows.isEmpty && place.screen == .messages ? tr("There is no dead letter here to send again.") : nil
    }

    /// As ``whyNoResend``, where those that pass the filter may be on other pages.
    var whyNoResendAll: String? {
        if let reason = whyNoAct(.deadLetters) { return reason }
        if place == .deadLetters { return selectedRow == nil ? tr("No group has dead letters.") : nil }
        guard let queue = deadLetterQueue?.queue else { return tr("These are no dead letters: 6 lists them.") }
        return queueStatus(queue)?.depth == 0 ? tr("This queue holds no dead letter any more.") : nil
    }

    /// Of groups all of theirs; of messages those marked, else the one selected.
    mutating func openResend(_ effects: inout [Effect]) {
        if place == .deadLetters {
            let marked = rows.filter { list.marks.contains($0.id) }.map(\.id)
            let groups = marked.isEmpty ? [groupInFront].compactMap { $0 } : marked
            return openResend(groups.map { DeadLetterSelection(group: $0, offsets: nil) }, count: nil, &effects)
        }
        guard let (queue, group) = deadLetterQueue else { return }
        let offsets = selectedMessages.map(\.queueOffset)
        guard !offsets.isEmpty else { return }
        openResend(
            [DeadLetterSelection(group: group, offsets: offsets, queue: queue.queue)], count: offsets.count, &effects)
    }

    /// All dead letters of the queue in front, or those on this page that pass the filter.
    mutating func openResendAll(_ effects: inout [Effect]) {
        guard place != .deadLetters else { return openResend(&effects) }
        guard let (queue, group) = deadLetterQueue else { return }
        guard list.filter != nil, place.screen == .messages else {
            return openResend([DeadLetterSelection(group: group, offsets: nil)], count: nil, &effects)
        }
        gather = DeadLetterGathering(queue: queue, group: group, filter: list.filter)
        gatherMore(&effects)
    }

    private mutating func openResend(
        _ selections: [DeadLetterSelection], count: Int?, _ effects: inout [Effect], note: String? = nil
    ) {
        guard let first = selections.first else { return }
        let groups = selections.map(\.group).joined(separator: ", ")
        let title =
            count.map { tr("Send \(Format.plural($0, "dead letter")) of \(groups) again?") }
            ?? tr("Send all dead letters of \(groups) again?")
        var dialog = OperateDialog(
            title: title, verb: tr("send again"), feature: .deadLetters,
            reversal: .final(tr("what was sent again stays, and so do the dead letters.")),
            risk: .confirm, fields: [.text(tr("To topic"), hint: tr("empty: only to \(first.group)"))],
            make: { fields, _ in
                let target = fields.first?.value ?? ""
                return .success(
                    selections.map { selection in
                        var selection = selection
                        selection.target = target.isEmpty ? nil : target
                        return .resendDeadLetters(selection)
                    })
            })
        dialog.facts = { model, _ in
            let clients = selections.compactMap { selection in
                model.data.groups.value?.first { $0.config.name == selection.group }
            }
            let online = clients.map { "\($0.config.name) (\(Format.plural($0.clients, "client")))" }
            let goes = online.isEmpty ? groups : online.joined(separator: ", ")
            let text =
                count == 1
                ? tr("It goes back to \(goes), to nobody else, and is tried anew.")
                : tr("They go back to \(goes), to nobody else, and are tried anew.")
            return [Span(text)]
                + (note.map { [Span($0, .warning)] } ?? [])
        }
        dialog.questions = { _ in [.groups] }
        dialog.marksOf = place
        open(dialog, &effects)
    }

    // MARK: All that match
    /// Reads on through the queue, page by page, for what passes the filter.
    mutating func gatherMore(_ effects: inout [Effect]) {
        guard let open = gather else { return }
        // Whoever opened something else meanwhile is not interrupted.
        guard dialog == nil, prompt == nil, leaving == nil, place == .messages(open.queue),
            let status = queueStatus(open.queue)
        else {
            gather = nil
            return
        }
        let from = max(open.next, status.minOffset)
        guard from < status.maxOffset, open.offsets.count < DeadLetterGathering.most else {
            return finish(open, &effects)
        }
        say(tr("Looking for what passes the filter: \(open.offsets.count) so far…"))
        let query = Query.scan(open.queue, from: from, limit: DeadLetterGathering.page)
        if inFlight[query.slot] == nil { ask(query, &effects) }
    }

    mutating func takeScan(
        _ result: Result<[StoredMessage], APIError>, _ queue: QueueID, from: Int64, _ effects: inout [Effect]
    ) {
        guard var open = gather, open.queue == queue else { return }
        switch result {
        case .failure(let error):
            gather = nil
            say(error.message, .bad)
        case .success(let messages):
            open.take(messages, from: from, text: Self.filterText)
            gather = open
            gatherMore(&effects)
        }
    }

    private mutating func finish(_ open: DeadLetterGathering, _ effects: inout [Effect]) {
        gather = nil
        notice = nil
        let offsets = Array(open.offsets.prefix(DeadLetterGathering.most))
        guard !offsets.isEmpty else { return say(tr("No dead letter of \(open.group) passes the filter."), .bad) }
        let note =
            open.offsets.count >= DeadLetterGathering.most
            ? tr("At most \(Format.count(DeadLetterGathering.most)) go at once: these are the oldest that pass.") : nil
        openResend(
            [DeadLetterSelection(group: open.group, offsets: offsets, queue: open.queue.queue)], count: offsets.count,
            &effects, note: note)
    }
}

/// A way through a queue of dead letters for all that pass a filter. Only their offsets are kept.
struct DeadLetterGathering: Sendable {
    static let page = 100
    /// What the broker takes at once.
    static let most = 1000
    var queue: QueueID
    var group: String
    var filter: Filter?
    var next: Int64 = 0
    var offsets: [Int64] = []

    init(queue: QueueID, group: String, filter: Filter?) {
        (self.queue, self.group, self.filter) = (queue, group, filter)
    }

    mutating func take(_ messages: [StoredMessage], from: Int64, text: (StoredMessage) -> String) {
        offsets += messages.filter { filter?.matches(text($0)) ?? true }.map(\.queueOffset)
        // A page without messages is one of records that cannot be read: the way goes on behind it.
        next = max(from + 1, (messages.last?.queueOffset ?? from + Int64(Self.page) - 1) + 1)
    }
}
