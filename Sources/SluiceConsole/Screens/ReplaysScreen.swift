import SluiceAPI
import SluiceMessage

/// Time ranges that are stored again, running and ended.
enum ReplaysScreen {
    private static let columns = [
        Column("replay", 6, .right),
        Column("state", 11),
        Column("progress", 14, grow: 1, limit: 40),
        Column("done", 11, .right),
        Column("of", 11, .right),
        Column("now/s", 7, .right, priority: 2),
        Column("left", 7, .right, priority: 1),
        Column("topic", 12, grow: 2, limit: 40),
        Column("pace", 8, priority: 3),
        Column("range", 30, priority: 5),
        Column("damaged", 7, .right, priority: 4),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.told[.replays] ?? Fetched()
        let items = model.replays
        let running = items.filter { $0.state == .running }.count
        painter.rule(
            rect,
            model.listTitle(
                tr("Replays"), shown: model.rows.count, total: items.count,
                more: running > 0 ? tr(" · \(running) running") : ""
            ),
            trailing: model.staleMark(fetched))
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1)
        if model.rows.isEmpty {
            let text = tr("None since the broker started: r on a topic stores a time of it again.")
            return model.drawEmpty(
                fetched, &painter, rect, whenEmpty: items.isEmpty ? text : model.nothingPasses)
        }
        let isASCII = painter.isASCII
        let width = table.width("progress")
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 3) { row in
            cells(items[row.index], model, width, isASCII)
        }
        if let row = model.selectedRow, let problem = items[row.index].problem {
            painter.put("! \(problem)", x: rect.x + 4, y: rect.maxY - 1, width: rect.width - 5, .bad)
        }
    }

    private static func cells(_ replay: ReplayStatus, _ model: ConsoleModel, _ width: Int, _ isASCII: Bool) -> [Span] {
        let rate = model.data.replayed[replay.id]?.shownRate
        let left = Double(replay.total - replay.done)
        let isRunning = replay.state == .running
        let drain = isRunning && (rate ?? 0) > 0.05 ? Format.drain(left / (rate ?? 1)) : Format.unknown
        let plan = replay.plan
        return [
            Span("\(replay.id)"), state(replay.state),
            Span(bar(replay, width, isASCII), isRunning ? .chartOut : .dim),
            Span(Format.count(replay.done), .number), Span(Format.count(replay.total), .dim),
            Span(isRunning ? Format.rate(rate) : Format.unknown, .dim), Span(left <= 0 ? "0" : drain, .number),
            Span(plan.topic + (plan.target.map { $0 == plan.topic ? "" : " → \($0)" } ?? "")),
            Span(pace(plan.speed), .dim), Span(tr("\(model.moment(plan.from)) to \(model.moment(plan.to))"), .dim),
            Span(Format.count(replay.damaged), replay.damaged > 0 ? .bad : .dim),
        ]
    }

    static func pace(_ speed: Double) -> String {
        if speed == 0 { return tr("fastest") }
        return speed == 1 ? tr("its own") : "\(Format.rate(speed))×"
    }

    private static func state(_ state: ReplayStatus.State) -> Span {
        switch state {
        case .running: Span(tr("▲ running"), .good)
        case .paused: Span(tr("■ paused"), .warning)
        case .done: Span(tr("✓ done"), .dim)
        case .cancelled: Span(tr("cancelled"), .dim)
        case .failed: Span(tr("! failed"), .bad)
        }
    }

    private static func bar(_ replay: ReplayStatus, _ width: Int, _ isASCII: Bool) -> String {
        let part = replay.total > 0 ? min(1, max(0, Double(replay.done) / Double(replay.total))) : 1
        let room = max(0, width - 5)
        let filled = Int((part * Double(room)).rounded(.down))
        let glyph = isASCII ? "#" : "█"
        let text =
            String(repeating: glyph, count: filled) + String(repeating: isASCII ? "." : "░", count: room - filled)
        return text + Format.right("\(Int((part * 100).rounded(.down)))%", 5)
    }
}
