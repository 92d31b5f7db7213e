import SluiceAPI
import SluiceMessage

/// Who had a message: by the offsets of the groups on its topic, and by what traced clients said.
extension MessageScreen {
    /// Groups whose offsets are looked at.
    static let mostReaders = 8

    /// `billing is past it · shipping 12 before it`.
    static func readers(_ id: QueueID, _ offset: Int64, _ model: ConsoleModel) -> [Span] {
        let fetched = model.data.topic[id.topic] ?? Fetched()
        guard let status = fetched.value else {
            return [Span(fetched.error.map { "? \($0.message)" } ?? tr("asking…"), fetched.error == nil ? .dim : .bad)]
        }
        if status.groups.isEmpty { return [Span(tr("nobody: no group reads this topic"), .dim)] }
        var spans: [Span] = []
        for group in status.groups.prefix(mostReaders) {
            if !spans.isEmpty { spans.append(Span(" · ", .dim)) }
            spans += [Span(group.group + " "), reading(group.group, id, offset, model)]
        }
        let more = status.groups.count - mostReaders
        if more > 0 { spans.append(Span(tr(" · and \(Format.plural(more, "group")) more"), .dim)) }
        return spans
    }

    private static func reading(_ group: String, _ id: QueueID, _ offset: Int64, _ model: ConsoleModel) -> Span {
        let fetched = model.data.group[group] ?? Fetched()
        guard let status = fetched.value else { return Span(fetched.error == nil ? "…" : "?", .dim) }
        if status.summary.model == .broadcasting { return Span(tr("not known: each client has its own offset"), .dim) }
        guard let queue = status.queues.first(where: { $0.id == id }), let committed = queue.offset else {
            return Span(tr("has no offset on this queue"), .dim)
        }
        if committed > offset { return Span(tr("has consumed it"), .good) }
        return Span(
            committed == offset ? tr("has it next") : tr("is \(Format.count(offset - committed)) before it"), .warning)
    }

    /// What clients said of it in the trace topic, a line each.
    static func trace(_ message: StoredMessage, _ model: ConsoleModel) -> [[Span]] {
        let fetched = model.data.traces[message.id] ?? Fetched()
        guard let messages = fetched.value else {
            guard let error = fetched.error else { return [[Span(tr("asking…"), .dim)]] }
            let isMissing = error.code == .notFound
            return [[Span(isMissing ? tr("there is no trace topic") : "? \(error.message)", isMissing ? .dim : .bad)]]
        }
        let trace = MessageTrace(of: message.id, bodies: messages.map(\.body))
        var lines = trace.steps.map { line($0, model) }
        if trace.damaged > 0 {
            lines.append([Span(tr("\(Format.plural(trace.damaged, "record")) could not be read"), .bad)])
        }
        if messages.count >= MessageTrace.mostMessages { lines.append([Span(tr("there may be more"), .dim)]) }
        return lines.isEmpty ? [[Span(tr("none: the clients did not trace it"), .dim)]] : lines
    }

    private static func line(_ step: MessageTrace.Step, _ model: ConsoleModel) -> [Span] {
        let time = Span((step.time.map(model.fullMoment) ?? Format.unknown) + "  ", .dim)
        switch step {
        case .sent(_, let group, let cost, let isDone):
            return [
                time, Span(tr("sent by \(group)")),
                Span(isDone ? tr(" in \(cost) ms") : tr(" without success after \(cost) ms"), isDone ? .good : .bad),
            ]
        case .taken(_, let group, let retries):
            return [
                time, Span(tr("taken by \(group)")), Span(retries == 0 ? "" : tr(", try \(retries + 1)"), .warning),
            ]
        case .consumed(_, let group, let cost, let isDone):
            return [
                time, Span(isDone ? tr("consumed in \(group)") : tr("failed in \(group)")),
                Span(tr(" in \(cost) ms"), isDone ? .good : .bad),
            ]
        case .ended(_, let group, let state, let isCheck):
            let text =
                switch state {
                case "COMMIT_MESSAGE": tr("committed by \(group)")
                case "ROLLBACK_MESSAGE": tr("rolled back by \(group)")
                default: tr("left open by \(group)")
                }
            return [time, Span(text), Span(isCheck ? tr(" when asked") : "", .dim)]
        }
    }
}

extension ConsoleModel {
    /// What the message screen lives on: the message, who reads its topic and how far, and its trace, asked for once.
    func messageNeeds(_ id: QueueID, _ offset: Int64) -> [Query] {
        let message = data.message[MessageID(queue: id, offset: offset)]?.value ?? nil
        guard let message else { return [.page(topic: id.topic, queue: id.queue, from: offset, limit: 1)] }
        var list: [Query] = [.topic(id.topic)]
        let groups = data.topic[id.topic]?.value?.groups ?? []
        list += groups.prefix(MessageScreen.mostReaders).map { .group($0.group) }
        let trace = data.traces[message.id]
        if trace?.value == nil, trace?.error == nil { list.append(.trace(message.id)) }
        return list
    }
}
