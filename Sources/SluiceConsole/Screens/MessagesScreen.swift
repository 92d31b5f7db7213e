import SluiceAPI
import SluiceMessage

/// The messages of a queue, a page at a time.
enum MessagesScreen {
    private static let columns = [
        Column("offset", 11, .right),
        Column("stored", 11),
        Column("tag", 8, priority: 3, grow: 1, limit: 16),
        Column("key", 12, priority: 2, grow: 2, limit: 28),
        Column("size", 8, .right, priority: 4),
        Column("body", 22, priority: 1, grow: 6),
    ]

    static func draw(_ model: ConsoleModel, _ id: QueueID, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.pages[id] ?? Fetched()
        let topic = model.data.topic[id.topic] ?? Fetched()
        painter.rule(rect, title(model, id), trailing: model.staleMark(topic))
        let isDead = ConsoleModel.deadLetterGroup(id.topic) != nil
        let table = Table(isDead ? deadColumns : columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1)
        let items = fetched.value?.messages ?? []
        if model.rows.isEmpty {
            if let status = model.queueStatus(id), status.depth == 0 {
                painter.put(tr("Nothing in this queue: < and > go to the others."), x: rect.x + 4, y: rect.y + 3, .dim)
            } else if topic.value == nil {
                model.drawEmpty(topic, &painter, rect, whenEmpty: "")
            } else {
                let text = items.isEmpty ? tr("No message could be read here.") : model.nothingPasses
                model.drawEmpty(fetched, &painter, rect, whenEmpty: text)
            }
            return
        }
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2) { row in
            isDead ? deadCells(items[row.index], model) : cells(items[row.index], model)
        }
    }

    private static func title(_ model: ConsoleModel, _ id: QueueID) -> String {
        var text = ConsoleModel.deadLetterGroup(id.topic).map { tr("Dead letters of \($0)") } ?? model.queueTitle(id)
        // Several brokers hold dead letters of a group, each in a queue of its own.
        let holders = (model.data.topic[id.topic]?.value?.queues ?? []).filter { $0.depth > 0 }
        if ConsoleModel.deadLetterGroup(id.topic) != nil, holders.count > 1 {
            let total = Format.count(holders.reduce(0) { $0 + $1.depth })
            let here = Format.count(holders.first { $0.queue == id.queue }?.depth ?? 0)
            text += " · " + tr("\(here) of \(total) on \(model.queueName(id.queue)), < and > to the others")
        }
        if let status = model.queueStatus(id), status.depth > 0 {
            text += tr(" · \(Format.exact(status.minOffset)) to \(Format.exact(status.maxOffset - 1))")
        }
        if let filter = model.list.filter { text += tr(" · /\(filter.source) on this page") }
        if !model.list.marks.isEmpty { text += tr(" · \(model.list.marks.count) marked") }
        return text
    }

    private static func cells(_ message: StoredMessage, _ model: ConsoleModel) -> [Span] {
        [
            Span(Format.exact(message.queueOffset), .number), Span(model.moment(message.storeTimestamp), .dim),
            Span(message.tag ?? Format.unknown, message.tag == nil ? .dim : .text),
            Span(
                message.keys.isEmpty ? Format.unknown : message.keys.joined(separator: " "),
                message.keys.isEmpty ? .dim : .text),
            Span(Format.bytes(message.body.count), .dim), Span(bodyPeek(message.body)),
        ]
    }

    private static let deadColumns = [
        Column("offset", 9, .right),
        Column("died", 11),
        Column("from topic", 12, priority: 2, grow: 1, limit: 30),
        Column("tries", 5, .right, priority: 3),
        Column("key", 12, priority: 1, grow: 2, limit: 28),
        Column("size", 8, .right, priority: 4),
        Column("body", 12, grow: 6),
    ]

    private static func deadCells(_ message: StoredMessage, _ model: ConsoleModel) -> [Span] {
        let cells = cells(message, model)
        return [
            cells[0], cells[1], Span(message.realTopic == message.topic ? Format.unknown : message.realTopic),
            Span("\(message.reconsumeTimes)", .warning), cells[3], cells[4], cells[5],
        ]
    }

    /// A body in one line.
    static func bodyPeek(_ body: [UInt8]) -> String {
        if body.isEmpty { return tr("(empty)") }
        return String(decoding: body.prefix(400), as: UTF8.self)
    }
}
