import SluiceAPI

/// All consumer groups.
enum GroupsScreen {
    static let columns = [
        Column("group", 24, grow: 3, limit: 48, sort: .name),
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
        let shown = items.count - (model.showsAllTopics ? 0 : items.count { $0.isInternal })
        painter.rule(
            rect, model.listTitle(tr("Groups"), shown: model.rows.count, total: shown),
            trailing: model.staleMark(all)
        )
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            return model.drawEmpty(
                all, &painter, rect,
                whenEmpty: items.isEmpty
                    ? tr("No groups yet: a consumer makes its own when it connects.") : model.nothingPasses)
        }
        let glyphs = painter.glyphs
        model.drawNote(&painter, rect)
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2 - model.noteLines) { row in
            cells(items[row.index], model, glyphs)
        }
    }

    static func cells(_ group: GroupSummary, _ model: ConsoleModel, _ glyphs: GlyphSet) -> [Span] {
        let rate = model.data.committed[group.config.name]?.shownRate
        return [
            Span(group.config.name),
            Span(clients(group), clientRole(group)),
            lag(group), behind(group),
            Span(group.lag == nil ? Format.unknown : Format.rate(rate), model.rateRole(rate)),
            model.stateSpan(group, glyphs),
            Span(model.drainText(group), .dim),
            Span(Format.count(group.deadLetters, group.coverage), group.deadLetters > 0 ? .warning : .dim),
            model.gateSpan(group.config.name),
            Span(group.topics.joined(separator: " "), .dim),
        ]
    }

    static func clientRole(_ group: GroupSummary) -> Role {
        group.clients > 0 ? .text : group.clients == 0 && (group.lag ?? 0) > 0 ? .bad : .dim
    }
    /// Clients are connected to every broker: one that is silent adds none.
    static func clients(_ group: GroupSummary) -> String {
        group.clients < 0 ? Format.unknown : Format.count(group.clients)
    }
    static func lag(_ group: GroupSummary) -> Span {
        Span(Format.count(group.lag, group.coverage), (group.lag ?? 0) > 0 ? .number : .dim)
    }
    static func behind(_ group: GroupSummary) -> Span {
        guard let lag = group.lag else { return Span(Format.unknown, .dim) }
        return Span(
            lag > 0 ? Format.age(group.behind) : group.coverage?.isPartial == true ? "?" : "0",
            lag == 0 ? .dim : .text)
    }
}

extension GroupSummary {
    /// True for groups of the broker's own, which nobody operates.
    var isInternal: Bool { config.name.hasPrefix("CID_RMQ_SYS_") }
}

extension ConsoleModel {
    /// When the group will have drained; of a broadcasting one each client by itself knows.
    func drainText(_ group: GroupSummary) -> String {
        if group.model == .broadcasting { return tr("each") }
        return group.lag == nil ? Format.unknown : Format.drain(groupDrain(group))
    }

    /// `▲ growing`, or that it is broadcast, or that nothing is known yet.
    func stateSpan(_ group: GroupSummary, _ glyphs: GlyphSet) -> Span {
        guard group.lag != nil else {
            return Span(group.model == .broadcasting ? tr("» each own") : Format.unknown, .dim)
        }
        if !group.config.consumeEnabled { return Span(tr("■ shut off"), .bad) }
        if gate(group.config.name) == .paused { return Span(tr("■ paused"), .attention) }
        guard let state = groupState(group) else { return Span("?", .dim) }
        if group.lag == 0 {
            return group.coverage?.isPartial == true ? Span("?", .dim) : Span(tr("= level"), .dim)
        }
        return Span("\(state.mark(glyphs)) \(tr(key: state.rawValue))", state.role)
    }
}
