import SluiceAPI

/// One topic: its queues, and below them its groups.
enum TopicScreen {
    private static func queueColumns(_ model: ConsoleModel) -> [Column] {
        [
            Column("queue", model.queueWidth(7), .right),
            Column("first offset", 13, .right),
            Column("next offset", 13, .right),
            Column("depth", 12, .right),
            Column("oldest", 11, priority: 2),
            Column("newest", 11, priority: 1),
        ]
    }
    private static let groupColumns = [
        Column("group", 16, grow: 1, limit: 44),
        Column("lag", 12, .right),
        Column("clients", 9, .right),
    ]

    static func draw(_ model: ConsoleModel, _ name: String, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.topic[name] ?? Fetched()
        painter.rule(
            rect, tr("Topic \(name)"),
            trailing: model.partMark(fetched.value?.summary.coverage) + model.staleMark(fetched))
        guard let status = fetched.value else {
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: "")
        }
        drawSummary(status, model, Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: 2), &painter)
        drawRows(model, status, Rect(x: rect.x, y: rect.y + 3, width: rect.width, height: rect.height - 3), &painter)
    }

    private static func drawSummary(
        _ status: TopicStatus, _ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter
    ) {
        let summary = status.summary
        let inflow = model.data.published[summary.config.name]
        let outflow = model.data.delivered[summary.config.name]
        var x = rect.x + 4
        let spans = [
            Span(tr("in "), .dim), Span("\(Format.rate(inflow?.rate))/s", .chartIn), Span(tr("   out "), .dim),
            Span("\(Format.rate(outflow?.rate))/s", .chartOut), Span(tr("   depth "), .dim),
            Span(Format.count(summary.depth, summary.coverage), .number), Span(tr("   ever stored "), .dim),
            Span(Format.count(summary.published, summary.coverage)),
            Span("   "), Span(rect.width >= 100 ? model.sparkline(inflow, width: 12) : "", .chartIn),
        ]
        painter.put(spans, x: x, y: rect.y, width: rect.maxX - x)
        x = rect.x + 4
        let queues =
            summary.config.readQueues == summary.config.writeQueues
            ? Format.plural(summary.config.readQueues, "queue")
            : tr("\(summary.config.readQueues) read, \(summary.config.writeQueues) write queues")
        let last =
            summary.lastStored == 0 ? tr("nothing stored yet") : tr("last message \(model.moment(summary.lastStored))")
        var line = [Span(tr("\(queues)   permission \(summary.config.permission.text)   \(last)"), .dim)]
        let isLimited = (model.publishLimit(summary.config.name) ?? nil) != nil
        if isLimited { line += [Span(tr("   publish limit "), .dim), model.limitSpan(summary.config.name)] }
        painter.put(line, x: x, y: rect.y + 1, width: rect.maxX - x)
    }

    private static func drawRows(_ model: ConsoleModel, _ status: TopicStatus, _ rect: Rect, _ painter: inout Painter) {
        let queues = Table(queueColumns(model), in: rect, indent: 4)
        let groups = Table(groupColumns, in: rect, indent: 4)
        let list = model.list
        // One selection runs through both; each part says its columns where it begins.
        let topIsGroup = model.rows.indices.contains(list.top) && model.rows[list.top].id.hasPrefix("group ")
        (topIsGroup ? groups : queues).drawHeader(&painter, y: rect.y)
        var y = rect.y + 1
        var saidGroups = topIsGroup
        for position in list.top..<max(list.top, model.rows.count) where y < rect.maxY {
            let row = model.rows[position]
            let isGroup = row.id.hasPrefix("group ")
            if isGroup, !saidGroups {
                saidGroups = true
                // The line for their header costs one row of the page: only where there is room for it.
                if y + 1 < rect.maxY {
                    groups.drawHeader(&painter, y: y)
                    y += 1
                }
            }
            if isGroup {
                groups.draw(groupCells(status.groups[row.index]), &painter, y: y)
            } else {
                queues.draw(queueCells(status.queues[row.index], model), &painter, y: y)
            }
            if position == list.selected {
                painter.put("▸", x: rect.x, y: y, .accent)
                painter.select(Rect(x: rect.x, y: y, width: rect.width, height: 1))
            }
            y += 1
        }
        if status.groups.isEmpty, y < rect.maxY {
            painter.put(tr("No group reads this topic."), x: rect.x + 4, y: y, .dim)
        }
    }

    private static func queueCells(_ queue: QueueStatus, _ model: ConsoleModel) -> [Span] {
        [
            Span(model.queueName(queue.queue)), Span(Format.exact(queue.minOffset), .dim),
            Span(Format.exact(queue.maxOffset), .text),
            Span(Format.count(queue.depth), queue.depth == 0 ? .dim : .number),
            Span(queue.firstStored == 0 ? Format.unknown : model.moment(queue.firstStored), .dim),
            Span(queue.lastStored == 0 ? Format.unknown : model.moment(queue.lastStored), .dim),
        ]
    }

    private static func groupCells(_ group: TopicStatus.GroupOnTopic) -> [Span] {
        let isAlone = group.clients == 0 && group.lag > 0
        return [
            Span(group.group), Span(Format.count(group.lag), group.lag > 0 ? .number : .dim),
            Span(group.clients == 0 ? tr("0 offline") : Format.count(group.clients), isAlone ? .bad : .text),
        ]
    }
}
