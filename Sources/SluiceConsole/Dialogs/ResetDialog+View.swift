import SluiceAPI
import SluiceMessage

extension ResetDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let steps = done ?? preview ?? []
        let room = max(2, rect.height - 14)
        let rows = min(max(1, steps.count), room)
        let width = min(96, rect.width - 2)
        let title = done == nil ? "Move group \(group) to another offset" : "Group \(group) was moved"
        var box = DialogBox(
            title, lines: (done == nil ? 9 : 3) + rows + (needsValue && done == nil ? 1 : 0), width: width, in: rect,
            &painter)
        if done == nil { drawFields(&box, &painter) }
        drawSteps(steps, rows: rows, &box, &painter)
        if done != nil {
            box.line(summary(steps, isDone: true), .good, &painter)
            box.keys([("Esc", "close")], isFocused: true, &painter)
            return
        }
        if let problem {
            box.line(problem, .bad, &painter)
        } else if isCommitting {
            box.line("Moving…", .accent, &painter)
        } else if preview != nil {
            box.line(summary(steps, isDone: false), .warning, &painter)
        } else {
            box.line(pending != nil ? "Asking what would happen…" : "", .dim, &painter)
        }
        box.field("Reason", reason, isFocused: focus == .reason, labelWidth: 12, &painter)
        box.field("Type \(Self.password)", typed, isFocused: focus == .typed, labelWidth: 12, &painter)
        let isChoosing = focus == .choices
        box.keys(
            [
                (isChoosing ? "d" : "Tab, d", "dry run again"), (isChoosing ? "y" : "Tab, y", "move it"),
                ("Esc", "leave it"),
            ],
            isFocused: isChoosing, &painter)
    }

    private func drawFields(_ box: inout DialogBox, _ painter: inout Painter) {
        if topics.count > 6 || topics.isEmpty {
            box.choice(
                "Topic", [topicName ?? "none"], selected: 0, isFocused: focus == .topic, labelWidth: 12, &painter)
        } else {
            box.choice("Topic", topics, selected: topic, isFocused: focus == .topic, labelWidth: 12, &painter)
        }
        box.field(
            "Queue", queue, isFocused: focus == .queue, labelWidth: 12, hint: [Span("empty is all queues", .dim)],
            &painter)
        let all = Strategy.allCases
        box.choice(
            "To", ["first kept", "last", "a time", "an offset"], selected: all.firstIndex(of: strategy) ?? 0,
            isFocused: focus == .strategy, labelWidth: 12, &painter)
        guard needsValue else { return }
        let hint = strategy == .time ? "14:30, -10m, 2026-01-31 14:30" : "cut to what each queue has"
        box.field(
            strategy == .time ? "Time" : "Offset", value, isFocused: focus == .value, labelWidth: 12,
            hint: [Span(hint, .dim)], &painter)
    }

    private func drawSteps(_ steps: [ResetStep], rows: Int, _ box: inout DialogBox, _ painter: inout Painter) {
        let table = Table(
            [
                Column("queue", 14, grow: 1, limit: 30), Column("now", 11, .right), Column("then", 11, .right),
                Column("again or skipped", 16, .right), Column("first", 11, .right, priority: 2),
                Column("next", 11, .right, priority: 1),
            ], in: Rect(x: box.inner.x, y: 0, width: box.inner.width, height: 1), indent: 0)
        guard !box.isFull else { return }
        table.drawHeader(&painter, y: box.y)
        box.skip()
        if steps.isEmpty {
            box.line(preview == nil ? "no preview yet" : "no queue is concerned", .dim, &painter)
        }
        let shown = steps.count > rows ? rows - 1 : rows
        for step in steps.prefix(shown) where !box.isFull {
            let again = step.again
            let text =
                again == 0 ? "stays" : again > 0 ? "+\(Format.count(again)) again" : "\(Format.count(-again)) skipped"
            table.draw(
                [
                    Span("\(step.id.topic)/\(step.id.queue)"), Span(Format.exact(step.from), .dim),
                    Span(Format.exact(step.to)),
                    Span(text, again == 0 ? .dim : again > 0 ? .number : .warning),
                    Span(Format.exact(step.minOffset), .dim),
                    Span(Format.exact(step.maxOffset), .dim),
                ], &painter, y: box.y)
            box.skip()
        }
        if steps.count > shown { box.line("and \(steps.count - shown) more queues, counted below", .dim, &painter) }
    }

    private func summary(_ steps: [ResetStep], isDone: Bool) -> String {
        let again = steps.reduce(Int64(0)) { $0 + max(0, $1.again) }
        let skipped = steps.reduce(Int64(0)) { $0 + max(0, -$1.again) }
        var parts: [String] = []
        if again > 0 { parts.append("\(Format.plural(again, "message")) \(isDone ? "come" : "would come") again") }
        if skipped > 0 { parts.append("\(Format.plural(skipped, "message")) \(isDone ? "are" : "would be") skipped") }
        if parts.isEmpty { return isDone ? "Nothing had to move." : "Nothing would move." }
        return parts.joined(separator: ", ") + (isDone ? "." : ". Compensable: u moves it back.")
    }
}
