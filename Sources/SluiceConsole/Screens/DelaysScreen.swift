import SluiceAPI

/// Delayed messages: what is due when, and each with its countdown.
enum DelaysScreen {
    private static let columns = [
        Column("due in", 7, .right, sort: .due),
        Column("at", 11),
        Column("topic", 12, grow: 3, limit: 40, sort: .topic),
        Column("delay", 7, priority: 4),
        Column("tag", 8, priority: 5, grow: 1, limit: 16),
        Column("key", 12, priority: 2, grow: 2, limit: 30),
        Column("size", 8, .right, priority: 3),
        Column("id", 11, priority: 1, grow: 1, limit: 32),
    ]

    /// Rows of the histogram with its rule and its axis; 0 where there is no room.
    static func chartHeight(_ size: Size) -> Int {
        let height = Frame.content(size).height
        return height < 14 ? 0 : min(14, height * 2 / 5)
    }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let chart = Rect(x: rect.x, y: rect.y, width: rect.width, height: chartHeight(painter.buffer.size))
        if chart.height > 0 { DelaysChart.draw(model, chart, &painter) }
        let body = Rect(x: rect.x, y: chart.maxY, width: rect.width, height: rect.height - chart.height)
        drawList(model, body, &painter)
    }

    private static func drawList(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.delays
        let page = fetched.value
        let items = page?.items ?? []
        let total = page?.total ?? 0
        let shown = model.list.filter == nil ? items.count : model.rows.count
        painter.rule(
            rect,
            model.listTitle(
                tr("Pending delays"), shown: shown, total: total, of: page?.coverage,
                more: which(model, items.count, total)),
            trailing: model.staleMark(fetched))
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            let isFound = model.delayTopic != nil || model.delayKey != nil
            let text =
                !items.isEmpty
                ? model.nothingPasses
                : isFound
                    ? tr("Nothing that waits is of it: Esc shows all.")
                    : tr("Nothing is delayed. p publishes a message with a delay.")
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: text)
        }
        let levels = page?.levels ?? []
        model.drawNote(&painter, rect)
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2 - model.noteLines) { row in
            cells(items[row.index], levels, model)
        }
    }

    /// What is asked for, and which part of it is listed.
    private static func which(_ model: ConsoleModel, _ count: Int, _ total: Int) -> String {
        var text = ""
        if let topic = model.delayTopic { text += tr(" · topic \(topic)") }
        if let key = model.delayKey { text += tr(" · key \(key)") }
        let isAll = text.isEmpty && model.delaySkip == 0 && count >= total
        guard !isAll, count > 0 else { return text }
        let first = Format.exact(Int64(model.delaySkip + 1))
        text += tr(" · \(first) to \(Format.exact(Int64(model.delaySkip + count)))")
        return text + (model.shownDelays == model.delayQuery ? "" : tr(" · asking for others"))
    }

    private static func cells(_ delay: PendingDelay, _ levels: [Int64], _ model: ConsoleModel) -> [Span] {
        let left = delay.due - model.now
        let level =
            levels.indices.contains(delay.level - 1)
            ? "\(delay.level) \(levelText(levels[delay.level - 1]))" : tr("exact")
        return [
            Span(Format.countdown(left), left <= 0 ? .warning : .number), Span(model.moment(delay.due), .dim),
            Span((delay.isRetry ? tr("retry ") : "") + delay.topic), Span(level, .dim),
            Span(delay.tag ?? Format.unknown, delay.tag == nil ? .dim : .text),
            Span(
                delay.keys.isEmpty ? Format.unknown : delay.keys.joined(separator: " "),
                delay.keys.isEmpty ? .dim : .text),
            Span(Format.bytes(delay.bodySize), .dim), Span(delay.id, .dim),
        ]
    }

    /// `90s` as `1m30s`, `7200s` as `2h`.
    static func levelText(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined()
    }
}
