import SluiceAPI
import SluiceMessage

/// Where a group stands and where a move takes it, queue by queue.
enum ResetSteps {
    static func draw(_ steps: [ResetStep], rows: Int, _ box: inout DialogBox, _ painter: inout Painter) {
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
            box.line(tr("no preview yet"), .dim, &painter)
        }
        let shown = steps.count > rows ? rows - 1 : rows
        for step in steps.prefix(shown) where !box.isFull {
            let again = step.again
            let text =
                again == 0
                ? tr("stays") : again > 0 ? tr("+\(Format.count(again)) again") : tr("\(Format.count(-again)) skipped")
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
        if steps.count > shown { box.line(tr("and \(steps.count - shown) more queues, counted below"), .dim, &painter) }
    }

    static func summary(_ steps: [ResetStep], isDone: Bool) -> String {
        let again = steps.reduce(Int64(0)) { $0 + max(0, $1.again) }
        let skipped = steps.reduce(Int64(0)) { $0 + max(0, -$1.again) }
        var parts: [String] = []
        if again > 0 {
            let messages = Format.plural(again, "message")
            parts.append(isDone ? tr("\(messages) come again") : tr("\(messages) would come again"))
        }
        if skipped > 0 {
            let messages = Format.plural(skipped, "message")
            parts.append(isDone ? tr("\(messages) are skipped") : tr("\(messages) would be skipped"))
        }
        if parts.isEmpty { return isDone ? tr("Nothing had to move.") : tr("Nothing would move.") }
        let text = parts.joined(separator: tr(", "))
        return tr("\(text).")
    }
}
