import SluiceAPI

/// All topics.
enum TopicsScreen {
    static let columns = [
        Column("topic", 16, grow: 4, limit: 48, sort: .name),
        Column("queues", 6, .right, priority: 5),
        Column("in/s", 7, .right, sort: .inRate),
        Column("out/s", 7, .right, sort: .outRate),
        Column("depth", 11, .right, sort: .depth),
        Column("groups", 6, .right, priority: 4),
        Column("last message", 12, priority: 3),
        Column("limit", 6, .right, priority: 6),
        Column("last 60 s", 12, priority: 2),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let all = model.data.topics
        let items = all.value ?? []
        let kinds = model.showsAllTopics ? items.count : items.indices.count { items[$0].kind == .normal }
        painter.rule(
            rect, model.listTitle(tr("Topics"), shown: model.rows.count, total: kinds), trailing: model.staleMark(all))
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if items.isEmpty || model.rows.isEmpty {
            return model.drawEmpty(
                all, &painter, rect,
                whenEmpty: items.isEmpty
                    ? tr("No topics yet: p publishes a first message and makes one.") : model.nothingPasses)
        }
        model.drawNote(&painter, rect)
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2 - model.noteLines) { row in
            cells(items[row.index], model)
        }
    }

    static func cells(_ topic: TopicSummary, _ model: ConsoleModel) -> [Span] {
        let name = topic.config.name
        let inflow = model.data.published[name]
        return [
            Span(name, topic.kind == .normal ? .text : .dim),
            Span("\(topic.config.readQueues)", .dim),
            Span(Format.rate(inflow?.rate), model.rateRole(inflow?.rate)),
            Span(Format.rate(model.data.delivered[name]?.rate), model.rateRole(model.data.delivered[name]?.rate)),
            Span(Format.count(topic.depth, topic.coverage), topic.depth <= 0 ? .dim : .number),
            Span(Format.count(topic.groups), topic.groups == 0 ? .dim : .text),
            Span(topic.lastStored <= 0 ? Format.unknown : model.moment(topic.lastStored), .dim),
            model.limitSpan(name), Span(model.sparkline(inflow, width: 12), .chartIn),
        ]
    }
}

// MARK: Shared by lists
extension ConsoleModel {
    /// `Topics 12 of 40 · /pay`.
    func listTitle(
        _ name: String, shown: Int, total: Int, of coverage: Coverage? = nil, more: String = ""
    ) -> String {
        let filter = list.filter.map { " · /\($0.source)" } ?? ""
        let marks = list.marks.isEmpty ? "" : tr(" · \(list.marks.count) marked")
        let count =
            list.filter == nil && shown == total
            ? Format.count(total, coverage) : tr("\(Format.count(shown)) of \(Format.count(total, coverage))")
        return "\(name) · \(count)\(more)\(filter)\(marks)"
    }

    /// How old the data of a panel is, when it is too old.
    func staleMark<Value>(_ fetched: Fetched<Value>) -> [Span] {
        guard let age = fetched.staleAge(now: now, limit: max(2 * refreshInterval, 2000)) else { return [] }
        return [Span(tr("as of \(Format.age(age)) ago"), .stale)]
    }

    var nothingPasses: String { tr("Nothing passes the filter /\(list.filter?.source ?? ""): Esc clears it.") }

    /// In place of rows: what is awaited, what failed, or that there are none.
    func drawEmpty<Value>(_ fetched: Fetched<Value>, _ painter: inout Painter, _ rect: Rect, whenEmpty: String) {
        let y = rect.y + min(3, max(0, rect.height - 1))
        guard fetched.value == nil else {
            // That there is nothing is only known where everybody answers.
            let isKnown = screenNote == nil || list.filter != nil
            painter.put(
                isKnown ? whenEmpty : tr("Nothing of what answers."), x: rect.x + 4, y: y, width: rect.width - 5, .dim)
            return drawNote(&painter, rect)
        }
        if let error = fetched.error {
            painter.put("? \(error.message)", x: rect.x + 4, y: y, width: rect.width - 5, .bad)
        } else {
            painter.put(tr("Asking…"), x: rect.x + 4, y: y, width: rect.width - 5, .dim)
        }
    }

    func rateRole(_ rate: Double?) -> Role { (rate ?? 0) < 0.05 ? .dim : .number }

    /// Bars of the last minute, or nothing when nothing happened in it: a quiet row stays as it is.
    func sparkline(_ track: CounterTrack?, width: Int) -> String {
        let values = track?.rates(width) ?? []
        guard values.contains(where: { ($0 ?? 0) > 0 }) else { return "" }
        return Sparkline.text(values, width: width, glyphs: settings.glyphs)
    }

    /// A moment in local time: the clock today, else with the date.
    func moment(_ time: Int64) -> String {
        let civil = CivilTime(time, utcOffset: settings.utcOffset)
        let today = CivilTime(now, utcOffset: settings.utcOffset)
        if civil.date == today.date { return civil.clock }
        let short =
            "\(Format.two(civil.month))-\(Format.two(civil.day)) \(Format.two(civil.hour)):\(Format.two(civil.minute))"
        return civil.year == today.year ? short : civil.date
    }

    /// With date and milliseconds, as details show it.
    func fullMoment(_ time: Int64) -> String {
        guard time > 0 else { return Format.unknown }
        let civil = CivilTime(time, utcOffset: settings.utcOffset)
        let fraction = String(civil.millisecond + 1000).dropFirst()
        return "\(civil.date) \(civil.clock).\(fraction)"
    }
}
