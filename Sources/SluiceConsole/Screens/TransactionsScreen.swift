import SluiceAPI
import SluiceMessage

/// Unresolved half messages.
enum TransactionsScreen {
    private static func columns(_ model: ConsoleModel) -> [Column] {
        [
            Column("half id", 11),
            Column("topic", 8, grow: 2, limit: 30, sort: .topic),
            Column("q", model.queueWidth(3), .right, priority: 6),
            Column("age", 6, .right, sort: .age),
            Column("checks", 7, .right, sort: .checks),
            Column("next check", 10, .right, priority: 1),
            Column("producer group", 14, priority: 4, grow: 2, limit: 30, sort: .producerGroup),
            Column("online", 6, .right),
            Column("key", 10, priority: 0, grow: 2, limit: 28),
            Column("body", 16, priority: 5, grow: 6),
        ]
    }

    /// Lines for the check-backs by producer group, with their rule and header, of a content area so high.
    static func checksHeight(_ height: Int) -> Int { height >= 30 ? 8 : 0 }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.halves
        let page = fetched.value
        let items = page?.items ?? []
        let total = page?.total ?? 0
        var more = page.map { $0.setAside > 0 ? tr(" · \(Format.count($0.setAside)) set aside") : "" } ?? ""
        if total > items.count { more += tr(" · the oldest \(Format.count(items.count)) are listed") }
        let shown = model.list.filter == nil ? total : model.rows.count
        painter.rule(
            rect,
            model.listTitle(
                tr("Transactions unresolved"), shown: shown, total: total, of: page?.coverage, more: more),
            trailing: model.staleMark(fetched))
        let table = Table(columns(model), in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            let text = items.isEmpty ? tr("Every transaction is resolved.") : model.nothingPasses
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: text)
        }
        let detail = model.screen.detailHeight(rect.height)
        model.drawNote(&painter, Rect(x: rect.x, y: rect.y, width: rect.width, height: rect.height - detail))
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2 - detail - model.noteLines) { row in
            cells(items[row.index], model)
        }
        if detail > 0, let row = model.selectedRow, items.indices.contains(row.index) {
            let checks = checksHeight(rect.height)
            drawChecks(
                model, Rect(x: rect.x, y: rect.maxY - detail, width: rect.width, height: checks), &painter)
            let area = Rect(x: rect.x, y: rect.maxY - detail + checks, width: rect.width, height: detail - checks)
            drawDetail(items[row.index], model, area, &painter)
        }
    }

    private static func cells(_ half: HalfMessage, _ model: ConsoleModel) -> [Span] {
        let age = model.now - half.storeTimestamp
        return [
            Span(Format.shortID(half.id), .accent), Span(half.topic), Span(model.queueName(half.queue), .dim),
            Span(Format.age(age), age >= model.oldHalf ? .warning : .text),
            Span("\(half.checks)/\(half.maxChecks)", half.isSetAside ? .bad : .text),
            nextCheck(half, model), Span(half.producerGroup), online(half),
            Span(half.keys.isEmpty ? Format.unknown : half.keys.joined(separator: " ")),
            Span(MessagesScreen.bodyPeek(half.bodyPeek), .dim),
        ]
    }

    private static func nextCheck(_ half: HalfMessage, _ model: ConsoleModel) -> Span {
        guard let next = half.nextCheck else { return Span(tr("set aside"), .bad) }
        return Span(next <= model.now ? tr("now") : Format.countdown(next - model.now), .number)
    }

    private static func online(_ half: HalfMessage) -> Span {
        half.producersOnline == 0 ? Span(tr("none"), .warning) : Span("\(half.producersOnline)", .good)
    }

    private static func drawDetail(_ half: HalfMessage, _ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, tr("Half message \(half.id)"))
        let x = rect.x + 4
        let width = rect.width - 5
        let tag = half.tag.map { tr("   tag \($0)") } ?? ""
        let keys = half.keys.isEmpty ? "" : tr("   keys \(half.keys.joined(separator: " "))")
        painter.put(
            tr(
                "for \(model.queueTitle(QueueID(half.topic, half.queue)))   stored \(model.moment(half.storeTimestamp))\(tag)\(keys)"
            ),
            x: x,
            y: rect.y + 1, width: width)
        painter.put(MessagesScreen.bodyPeek(half.bodyPeek), x: x, y: rect.y + 2, width: width, .dim)
        painter.put(
            advice(half, model), x: x, y: rect.y + 3, width: width, half.producersOnline == 0 ? .warning : .text)
        painter.put(checks(half, model), x: x, y: rect.y + 4, width: width)
        if model.settings.readOnly { return }
        painter.put(
            [
                Span("c", .key), Span(tr(" commit   "), .dim), Span("x", .key), Span(tr(" roll back   "), .dim),
                Span("a", .key), Span(tr(" ask again   "), .dim), Span("*", .key), Span(tr(" mark all   "), .dim),
                Span("Enter", .key), Span(tr(" who reads \(half.topic)"), .dim),
            ], x: x, y: rect.y + 5, width: width)
    }

    private static let checkColumns = [
        Column("producer group", 16, grow: 1, limit: 40), Column("unresolved", 10, .right),
        Column("set aside", 9, .right), Column("checks due", 10, .right), Column("at most/s", 9, .right),
        Column("online", 6, .right),
    ]

    /// The check-backs by producer group, those that wait most first.
    private static func drawChecks(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        guard rect.height > 2, case .checks(let queues)? = model.data.told[.checks]?.value else { return }
        let sorted = queues.sorted { ($1.waiting, $1.unresolved, $0.group) < ($0.waiting, $0.unresolved, $1.group) }
        let room = rect.height - 2
        let shown = sorted.prefix(sorted.count > room ? room - 1 : room)
        painter.rule(rect, tr("Check-backs · \(Format.plural(queues.count, "producer group"))"))
        let table = Table(checkColumns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1)
        for (index, queue) in shown.enumerated() {
            table.draw(
                [
                    Span(queue.group), Span(Format.count(queue.unresolved), .number),
                    Span(Format.count(queue.setAside), queue.setAside > 0 ? .bad : .dim),
                    Span(Format.count(known(queue.waiting)), queue.waiting > 0 ? .warning : .dim),
                    Span(Format.count(known(queue.perSecond)), .dim),
                    Span(
                        queue.producersOnline == 0 ? tr("none") : "\(queue.producersOnline)",
                        queue.producersOnline == 0 ? .warning : .good),
                ], &painter, y: rect.y + 2 + index)
        }
        if sorted.count > shown.count {
            painter.put(tr("and \(sorted.count - shown.count) more"), x: rect.x + 4, y: rect.maxY - 1, .dim)
        }
    }

    /// How the check-backs of its producer group go, and how many groups have some.
    private static func checks(_ half: HalfMessage, _ model: ConsoleModel) -> [Span] {
        guard case .checks(let queues)? = model.data.told[.checks]?.value else {
            let why = model.data.told[.checks]?.error.map { "? \($0.message)" } ?? "…"
            return [Span(tr("check-backs of \(half.producerGroup): \(why)"), .dim)]
        }
        guard let queue = queues.first(where: { $0.group == half.producerGroup }) else {
            return [Span(tr("no check-back of \(half.producerGroup) waits"), .dim)]
        }
        var spans = [
            Span(tr("\(queue.group): "), .dim), Span(Format.plural(queue.unresolved, "half", "halves")),
            Span(tr(", \(Format.count(queue.setAside)) set aside"), queue.setAside > 0 ? .bad : .dim),
            Span(tr(", "), .dim),
            Span(
                known(queue.waiting).map { tr("\(Format.plural($0, "check")) due") }
                    ?? tr("its checks due are not known"),
                queue.waiting > 0 ? .warning : .dim),
            Span(known(queue.perSecond).map { tr(", \($0)/s at most") } ?? "", .dim),
        ]
        let others = queues.filter { $0.group != queue.group }
        if !others.isEmpty {
            let waiting = others.reduce(0) { $0 + max(0, $1.waiting) }
            let count = Format.plural(others.count, "other group")
            spans.append(Span(tr("   \(count): \(Format.plural(waiting, "check")) due"), waiting > 0 ? .warning : .dim))
        }
        return spans
    }

    /// What will happen when nobody does anything.
    private static func advice(_ half: HalfMessage, _ model: ConsoleModel) -> String {
        if half.isSetAside {
            return tr("Given up after \(half.checks) checks: nobody will be asked again, only you can end it.")
        }
        let left = half.maxChecks - half.checks
        if half.producersOnline == 0 {
            return
                tr(
                    "Nobody of \(half.producerGroup) is online to ask; \(Format.plural(left, "check")) left before it is set aside."
                )
        }
        return tr("\(half.producerGroup) is asked again by itself; \(Format.plural(left, "check")) left.")
    }

    /// A stock broker does not tell what it is about to check: figures below 0 are not known.
    private static func known(_ value: Int) -> Int? { value < 0 ? nil : value }
}
