import SluiceAPI
import SluiceMessage

/// Producers and consumers that are connected, a line for each group that one is in.
enum ClientsScreen {
    private static let columns = [
        Column("client", 18, grow: 3, limit: 44, sort: .name),
        Column("role", 8),
        Column("group", 14, grow: 2, limit: 36, sort: .group),
        Column("from", 16, grow: 1, limit: 24, sort: .address),
        Column("language", 8, priority: 2, sort: .language),
        Column("version", 8, priority: 3, sort: .version),
        Column("topics", 10, priority: 4, grow: 3, limit: 60),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let clients = model.clients
        let fetched = model.told(.clients)
        let people = Set(clients.map(\.client.id)).count
        let more = people == clients.count ? "" : tr(" · of \(Format.plural(people, "client"))")
        let screen = ListScreen(
            title: model.listTitle(tr("Clients"), shown: model.rows.count, total: clients.count, more: more),
            items: clients, columns: columns, whenEmpty: tr("Nobody is connected."))
        if let reason = model.whyNot(.clients) { return screen.refuse(reason, rect, &painter) }
        screen.draw(model, fetched, rect, &painter) {
            cells($0)
        } detail: { client, area, painter in
            painter.rule(area, tr("Client \(client.client.id)"))
            let topics = client.subscriptions.sorted { $0.key < $1.key }.map { topic, expression in
                expression == "*" || expression.isEmpty ? topic : "\(topic) (\(expression))"
            }
            let reads =
                client.role == .producer
                ? tr("a producer: it subscribes to nothing")
                : topics.isEmpty ? tr("not known: its heartbeat named no topic") : topics.joined(separator: ", ")
            painter.pairs(
                [
                    (tr("reads"), [Span(reads)]),
                    (tr("group"), [Span(client.group), Span("  \(share(of: client))", .dim)]),
                    (
                        tr("seen"),
                        [
                            Span(
                                client.client.lastSeen > 0
                                    ? tr("\(Format.age(model.now - client.client.lastSeen)) ago") : Format.unknown),
                            Span(tr(" from \(client.client.address)"), .dim),
                        ]
                    ),
                ], in: Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 1))
        }
    }

    private static func cells(_ client: ConnectedClient) -> [Span] {
        let isProducer = client.role == .producer
        return [
            Span(client.client.id, .accent), Span(tr(key: client.role.rawValue), isProducer ? .chartIn : .chartOut),
            Span(client.group), Span(client.client.address, .dim), Span(client.client.language, .dim),
            Span(version(client.client.version), .dim),
            Span(client.subscriptions.keys.sorted().joined(separator: " "), .dim),
        ]
    }

    private static func share(of client: ConnectedClient) -> String {
        switch client.model {
        case .clustering: tr("shares the messages with its group")
        case .broadcasting: tr("gets every message (broadcasting)")
        case nil: ""
        }
    }

    /// RocketMQ's version numbers count two for each patch from 4.0.0 on, snapshot and release, ten patches each.
    static func version(_ number: Int) -> String {
        guard number >= 212, number < 612 else { return number == 0 ? Format.unknown : "\(number)" }
        let patch = (number - 212) / 2
        let text = "\(4 + patch / 100).\(patch / 10 % 10).\(patch % 10)"
        return number % 2 == 0 ? text + "-S" : text
    }
}

extension ListScreen {
    /// In place of the rows: that these brokers do not tell.
    func refuse(_ reason: String, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, title)
        let lines = DialogBox.wrap(reason, width: rect.width - 8, limit: 4)
        for (index, line) in lines.enumerated() where rect.y + 2 + index < rect.maxY {
            painter.put(line, x: rect.x + 4, y: rect.y + 2 + index, width: rect.width - 5, .warning)
        }
    }
}
