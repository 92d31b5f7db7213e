import SluiceAPI
import SluiceMessage

/// Groups with dead letters; Enter leads to their messages.
enum DeadLettersScreen {
    private static let columns = [
        Column("group", 16, grow: 3, limit: 48, sort: .name),
        Column("dead", 9, .right, sort: .depth),
        Column("newest", 11, priority: 2),
        Column("clients", 7, .right),
        Column("lag", 10, .right, priority: 1),
        Column("tries", 6, .right, priority: 3),
        Column("topics", 10, priority: 4, grow: 2, limit: 60),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let groups = model.deadLetterGroups
        let sum = groups.reduce(0) { $0 + $1.deadLetters }
        let more = groups.isEmpty ? "" : " · \(Format.plural(sum, "message"))"
        let screen = ListScreen(
            title: model.listTitle(
                tr("Dead letters of groups"), shown: model.rows.count, total: groups.count, more: more),
            items: groups, columns: columns, whenEmpty: tr("No group has dead letters."))
        let times = newest(model)
        screen.draw(model, model.data.groups, rect, &painter) { group in
            let newest = times[TopicName.deadLetter(group.config.name)]
            return [
                Span(group.config.name), Span(Format.count(group.deadLetters, group.coverage), .warning),
                Span(newest.map(model.moment) ?? Format.unknown, newest == nil ? .dim : .text),
                Span(GroupsScreen.clients(group), GroupsScreen.clientRole(group)), GroupsScreen.lag(group),
                Span("\(group.config.retryMaxTimes)", .dim), Span(group.topics.joined(separator: " "), .dim),
            ]
        } detail: { group, area, painter in
            painter.rule(area, tr("Dead letters of \(group.config.name)"))
            let name = group.config.name
            painter.put(
                tr(
                    "Given up after \(Format.plural(group.config.retryMaxTimes, "try", "tries")) each; only \(name) gets them again."
                ),
                x: area.x + 4, y: area.y + 1, width: area.width - 5)
            let refusal = model.whyNoAct(.deadLetters)
            let keys: [Span] =
                [Span("Enter", .key), Span(tr(" look, mark, resend some"), .dim)]
                + (refusal == nil ? [Span("   r", .key), Span(tr(" resend all of them"), .dim)] : [])
            painter.put(keys, x: area.x + 4, y: area.y + 2, width: area.width - 5)
        }
    }

    /// When the newest dead letter of each group was stored, by the name of its topic, where that is known.
    private static func newest(_ model: ConsoleModel) -> [String: Int64] {
        let topics = (model.data.topics.value ?? []).filter { $0.kind == .deadLetter && $0.lastStored > 0 }
        return Dictionary(topics.map { ($0.config.name, $0.lastStored) }) { first, _ in first }
    }
}
