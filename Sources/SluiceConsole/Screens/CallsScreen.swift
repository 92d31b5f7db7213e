/// The real calls that this console made, the newest first.
enum CallsScreen {
    private static let columns = [
        Column("made", 12),
        Column("kind", 7),
        Column("call", 20, grow: 3, limit: 90),
        Column("took", 8, .right),
        Column("result", 14, priority: 1, grow: 3),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let calls = model.calls.calls
        let made = model.calls.made
        let more = made > calls.count ? tr(" · \(Format.count(made)) made, older questions are dropped first") : ""
        painter.rule(
            rect, model.listTitle(tr("Calls made"), shown: model.rows.count, total: calls.count, more: more))
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1)
        if model.rows.isEmpty {
            painter.put(
                calls.isEmpty ? tr("No call was made yet.") : model.nothingPasses, x: rect.x + 4, y: rect.y + 3,
                width: rect.width - 5, .dim)
        }
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2) { row in
            cells(calls[row.index].call, model)
        }
    }

    private static func cells(_ call: CallRecord, _ model: ConsoleModel) -> [Span] {
        let civil = CivilTime(call.time, utcOffset: model.settings.utcOffset)
        let fraction = String(civil.millisecond + 1000).dropFirst()
        return [
            Span("\(civil.clock).\(fraction)", .dim),
            Span(tr(key: call.kind.rawValue), call.kind == .act ? .accent : .dim),
            Span(call.what, call.kind == .act ? .text : .dim),
            Span(took(call.milliseconds), call.milliseconds >= 1000 ? .warning : .number),
            Span(call.result, call.isFailure ? .bad : .dim),
        ]
    }

    static func took(_ milliseconds: Double) -> String {
        if milliseconds < 100 { return Format.tenths(milliseconds) + " ms" }
        return milliseconds < 10_000
            ? "\(Int64(milliseconds.rounded())) ms" : Format.age(Int64(milliseconds.rounded()))
    }
}
