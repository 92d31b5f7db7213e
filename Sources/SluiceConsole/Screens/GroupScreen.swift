import SluiceAPI
import SluiceMessage

/// One group: its queues, the worst of them, its clients.
enum GroupScreen {
    private static func columns(_ model: ConsoleModel) -> [Column] {
        [
            Column("topic", 12, grow: 2, limit: 36),
            Column("queue", model.queueWidth(5), .right),
            Column("first", 11, .right, priority: 6),
            Column("next", 11, .right, priority: 5),
            Column("offset", 11, .right, priority: 3),
            Column("lag", 9, .right, sort: .lag),
            Column("behind", 7, .right, sort: .behind),
            Column("out/s", 6, .right, priority: 2),
            Column("drains", 7, .right, priority: 1),
            Column("client", 14, priority: 0, grow: 1, limit: 40),
        ]
    }

    static func draw(_ model: ConsoleModel, _ name: String, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.group[name] ?? Fetched()
        let isBroadcast = fetched.value?.summary.model == .broadcasting
        let note = isBroadcast ? tr(" · broadcast: each client has its own offsets") : ""
        painter.rule(rect, tr("Group \(name)\(note)"), trailing: model.staleMark(fetched))
        guard let status = fetched.value else { return model.drawEmpty(fetched, &painter, rect, whenEmpty: "") }
        drawSummary(status, model, Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: 3), &painter)
        let table = Table(columns(model), in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 4, list: model.list)
        if model.rows.isEmpty {
            let text = status.queues.isEmpty ? tr("No queue has an offset of this group yet.") : model.nothingPasses
            painter.put(text, x: rect.x + 4, y: rect.y + 5, width: rect.width - 5, .dim)
        }
        let worst = model.worstQueue(status)?.queue.id
        model.drawRows(table, &painter, first: rect.y + 5, count: rect.height - 5) { row in
            cells(status.queues[row.index], name, isWorst: status.queues[row.index].id == worst, model)
        }
    }

    private static func drawSummary(
        _ status: GroupStatus, _ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter
    ) {
        let group = status.summary
        let x = rect.x + 4
        let rate = model.data.committed[group.config.name]?.shownRate
        var spans = [model.stateSpan(group, painter.glyphs)]
        // How much of it in messages a second: a word alone does not say whether to hurry.
        if let slope = model.data.lag[group.config.name]?.slope, abs(slope) >= 0.05 {
            spans.append(Span(" \(slope > 0 ? "+" : "")\(Format.rate(slope))/s", .number))
        }
        // What holds it back is not cut off where it is narrow.
        if let setting = model.gate(group.config.name), setting != .open {
            spans += [Span(tr("   gate "), .dim), model.gateSpan(group.config.name)]
            if let held = model.gateStatus(group.config.name)?.held, held >= 0 {
                spans.append(Span(tr(" (\(Format.count(held)) held)"), .dim))
            }
        }
        spans += [Span(tr("   lag "), .dim), GroupsScreen.lag(group)]
        spans += [Span(tr("   behind "), .dim), GroupsScreen.behind(group)]
        spans += [Span(tr("   out "), .dim), Span(Format.rate(rate) + "/s", model.rateRole(rate))]
        spans += [Span(tr("   clients "), .dim), Span(GroupsScreen.clients(group), GroupsScreen.clientRole(group))]
        if group.deadLetters > 0 {
            spans.append(Span("   \(Format.plural(group.deadLetters, "dead letter"))", .warning))
        }
        painter.put(spans, x: x, y: rect.y, width: rect.maxX - x)
        painter.put(drain(status, model), x: x, y: rect.y + 1, width: rect.maxX - x)
        painter.put(whatIf(status, model), x: x, y: rect.y + 2, width: rect.maxX - x)
    }

    /// What is tried, or the key that tries it.
    private static func whatIf(_ status: GroupStatus, _ model: ConsoleModel) -> [Span] {
        let name = status.summary.config.name
        guard let kept = model.whatIf, kept.group == name else {
            guard status.summary.lag != nil else { return [] }
            return [
                Span("w", .key), Span(tr(" what if: more consumers, producers stop, a gate"), .dim),
            ]
        }
        return [Span(tr("what if \(kept.what.words): "), .accent)] + model.forecast(kept.what, of: name).spans
    }

    /// When it will have drained, by its worst queue rather than by the sum.
    private static func drain(_ status: GroupStatus, _ model: ConsoleModel) -> [Span] {
        guard let worst = model.worstQueue(status) else {
            return [
                Span(
                    status.summary.lag == 0 ? tr("nothing waits") : tr("how fast its queues drain is not known yet"),
                    .dim)
            ]
        }
        let queue = worst.queue
        guard let seconds = worst.seconds else {
            let moved =
                queue.lastMoved == 0
                ? tr("not moved since the broker started")
                : tr("not moved for \(Format.age(model.now - queue.lastMoved))")
            return [
                Span(
                    tr(
                        "worst \(queue.id.topic)/\(model.queueName(queue.id.queue)): \(Format.count(queue.lag)) behind, \(moved)"
                    ),
                    .attention
                )
            ]
        }
        var spans = [
            Span(tr("worst "), .dim), Span("\(queue.id.topic)/\(model.queueName(queue.id.queue))"),
            Span(tr(": drains in "), .dim),
            Span(Format.drain(seconds), .number), Span(tr(" once producers stop"), .dim),
        ]
        let key = GroupQueue(group: status.summary.config.name, queue: queue.id)
        if let inflow = model.data.queueMax[key]?.steadyRate, let out = model.data.queueOffsets[key]?.steadyRate {
            let net = out - inflow
            spans.append(net > 0.05 ? Span(tr(", in "), .dim) : Span(tr(", never"), .warning))
            if net > 0.05 { spans.append(Span(Format.drain(Double(queue.lag) / net), .number)) }
            spans.append(Span(tr(" at this inflow"), .dim))
        }
        return spans
    }

    private static func cells(_ queue: GroupQueueStatus, _ group: String, isWorst: Bool, _ model: ConsoleModel)
        -> [Span]
    {
        let rate = model.data.queueOffsets[GroupQueue(group: group, queue: queue.id)]?.shownRate
        return [
            Span(queue.id.topic), Span(model.queueName(queue.id.queue)), Span(Format.exact(queue.minOffset), .dim),
            Span(Format.exact(queue.maxOffset), .dim), Span(Format.exact(queue.offset)),
            Span(Format.count(queue.lag), queue.lag == 0 ? .dim : isWorst ? .warning : .number),
            Span(queue.lag == 0 ? "0" : Format.age(queue.behind), queue.lag == 0 ? .dim : .text),
            Span(Format.rate(rate), model.rateRole(rate)),
            Span(queue.lag == 0 ? Format.unknown : Format.drain(model.queueDrain(group, queue)), .dim),
            Span(queue.client ?? tr("nobody"), queue.client == nil && queue.lag > 0 ? .bad : .dim),
        ]
    }
}
