import SluiceAPI

/// All consumer groups.
enum GroupsScreen {
    static let columns = [
        Column("group", 16, grow: 3, limit: 40, sort: .name),
        Column("clients", 7, .right, sort: .clients),
        Column("lag", 10, .right, sort: .lag),
        Column("behind", 7, .right, sort: .behind),
        Column("out/s", 6, .right, priority: 2, sort: .outRate),
        Column("state", 10),
        Column("drains", 7, .right, priority: 1),
        Column("dead", 6, .right, priority: 3),
        Column("gate", 7, .right, priority: 4),
        Column("topics", 10, priority: 5, grow: 2, limit: 60),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let all = model.data.groups
        let items = all.value ?? []
        painter.rule(
            rect, model.listTitle("Groups", shown: model.rows.count, total: items.count), trailing: model.staleMark(all)
        )
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            return model.drawEmpty(
                all, &painter, rect,
                whenEmpty: items.isEmpty
                    ? "No groups yet: a consumer makes its own when it connects." : model.nothingPasses)
        }
        let glyphs = painter.glyphs
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2) { row in
            cells(items[row.index], model, glyphs)
        }
    }

    static func cells(_ group: GroupSummary, _ model: ConsoleModel, _ glyphs: GlyphSet) -> [Span] {
        let rate = model.data.committed[group.config.name]?.shownRate
        return [
            Span(group.config.name),
            Span(Format.count(group.clients), clientRole(group)),
            lag(group), behind(group),
            Span(group.lag == nil ? Format.unknown : Format.rate(rate), model.rateRole(rate)),
            model.stateSpan(group, glyphs),
            Span(model.drainText(group), .dim),
            Span(Format.count(group.deadLetters), group.deadLetters > 0 ? .warning : .dim),
            model.gateSpan(group.config.name),
            Span(group.topics.joined(separator: " "), .dim),
        ]
    }

    static func clientRole(_ group: GroupSummary) -> Role {
        group.clients > 0 ? .text : (group.lag ?? 0) > 0 ? .bad : .dim
    }
    static func lag(_ group: GroupSummary) -> Span {
        Span(Format.count(group.lag), (group.lag ?? 0) > 0 ? .number : .dim)
    }
    static func behind(_ group: GroupSummary) -> Span {
        guard let lag = group.lag else { return Span(Format.unknown, .dim) }
        return Span(lag == 0 ? "0" : Format.age(group.behind), lag == 0 ? .dim : .text)
    }
}

extension ConsoleModel {
    /// When the group will have drained; of a broadcasting one each client by itself knows.
    func drainText(_ group: GroupSummary) -> String {
        if group.model == .broadcasting { return "each" }
        return group.lag == nil ? Format.unknown : Format.drain(groupDrain(group))
    }

    /// `▲ growing`, or that it is broadcast, or that nothing is known yet.
    func stateSpan(_ group: GroupSummary, _ glyphs: GlyphSet) -> Span {
        guard group.lag != nil else {
            return Span(group.model == .broadcasting ? "» each own" : Format.unknown, .dim)
        }
        if !group.config.consumeEnabled { return Span("■ shut off", .bad) }
        if gate(group.config.name) == .paused { return Span("■ paused", .attention) }
        guard let state = groupState(group) else { return Span("?", .dim) }
        if group.lag == 0 { return Span("= level", .dim) }
        return Span("\(state.mark(glyphs)) \(state.rawValue)", state.role)
    }
}
