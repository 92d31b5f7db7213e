import SluiceAPI
import SluiceMessage

/// One message: where it is, what it says of itself, its body.
enum MessageScreen {
    static func bodyWidth(_ size: Size) -> Int { size.width - 6 }

    /// Rows left for the body.
    static func bodyRows(_ model: ConsoleModel) -> Int {
        guard case .message(let id, let offset) = model.place,
            let message = model.data.message[MessageID(queue: id, offset: offset)]?.value ?? nil
        else { return 0 }
        let content = Frame.content(model.size)
        return max(0, content.height - 2 - details(message, model, content.width, content.height).count)
    }

    static func draw(
        _ model: ConsoleModel, _ id: QueueID, _ offset: Int64, _ rect: Rect, _ painter: inout Painter
    ) {
        let fetched = model.data.message[MessageID(queue: id, offset: offset)] ?? Fetched()
        painter.rule(rect, tr("Message · \(model.queueTitle(id)) / offset \(Format.exact(offset))"))
        guard let message = fetched.value ?? nil else {
            let gone = tr("There is no message at this offset any more.")
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: gone)
        }
        let lines = details(message, model, rect.width, rect.height)
        var y = rect.y + 1
        for line in lines {
            painter.put(line, x: rect.x + 4, y: y, width: rect.width - 5)
            y += 1
        }
        drawBody(model, message, Rect(x: rect.x, y: y, width: rect.width, height: rect.maxY - y), &painter)
    }

    private static func details(_ message: StoredMessage, _ model: ConsoleModel, _ width: Int, _ height: Int)
        -> [[Span]]
    {
        func line(_ pairs: [(String, String)]) -> [Span] {
            pairs.flatMap { [Span(DisplayWidth.pad($0.0, to: 11), .dim), Span(DisplayWidth.pad($0.1, to: 26))] }
        }
        var lines: [[Span]] = [
            [Span(DisplayWidth.pad(tr("id"), to: 11), .dim), Span(message.id, .accent)],
            line([
                (tr("tag"), message.tag ?? Format.unknown),
                (tr("keys"), message.keys.isEmpty ? Format.unknown : message.keys.joined(separator: " ")),
            ]),
            line([(tr("stored"), model.fullMoment(message.storeTimestamp)), (tr("on"), message.storeHost)]),
            line([(tr("born"), model.fullMoment(message.bornTimestamp)), (tr("by"), message.bornHost)]),
            line([
                (tr("record"), tr("\(Format.bytes(message.size)) at \(Format.exact(message.physicalOffset))")),
                (tr("retries"), "\(message.reconsumeTimes)"),
            ]),
        ]
        if let flags = flags(message) { lines.append(line([(tr("flags"), flags)])) }
        if message.realTopic != message.topic { lines.append(line([(tr("for"), message.realTopic)])) }
        let known: Set<String> = [PropertyName.keys, PropertyName.tags, PropertyName.uniqueKey]
        let others = message.properties.filter { !known.contains($0.name) }
        let room = max(0, height / 2 - lines.count - 1)
        let shown = others.count > room ? max(0, room - 1) : others.count
        let name = min(28, others.prefix(shown).map { DisplayWidth.of($0.name) }.max() ?? 0)
        for (index, property) in others.prefix(shown).enumerated() {
            lines.append([
                Span(DisplayWidth.pad(index == 0 ? tr("properties") : "", to: 11), .dim),
                Span(DisplayWidth.pad(DisplayWidth.clip(property.name, to: name), to: name) + "  ", .key),
                Span(property.value),
            ])
        }
        if shown < others.count {
            lines.append([
                Span(String(repeating: " ", count: 11) + tr("and \(others.count - shown) more properties"), .dim)
            ])
        }
        let id = QueueID(message.topic, message.queue)
        lines.append([Span(DisplayWidth.pad(tr("read by"), to: 11), .dim)] + readers(id, message.queueOffset, model))
        let steps = trace(message, model)
        // The body keeps a third of a low screen.
        let most = max(1, height * 2 / 3 - lines.count)
        for (index, step) in steps.suffix(most).enumerated() {
            lines.append([Span(DisplayWidth.pad(index == 0 ? tr("trace") : "", to: 11), .dim)] + step)
        }
        return lines
    }

    /// What the flags of a message say; nil when none is set.
    private static func flags(_ message: StoredMessage) -> String? {
        var words: [String] = []
        if message.flag != 0 { words.append(tr("the application's \(message.flag)")) }
        if message.systemFlag & SystemFlag.compressed != 0 { words.append(tr("compressed")) }
        switch message.systemFlag & SystemFlag.transactionMask {
        case SystemFlag.prepared: words.append(tr("half of a transaction"))
        case SystemFlag.rollback: words.append(tr("rolled back"))
        case 0: break
        default: words.append(tr("committed, half at \(Format.exact(message.preparedTransactionOffset))"))
        }
        let known =
            SystemFlag.bodyMask | SystemFlag.transactionMask | SystemFlag.bornHostV6 | SystemFlag.storeHostV6
        if message.systemFlag & ~known != 0 { words.append(tr("sysFlag \(message.systemFlag)")) }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private static func drawBody(
        _ model: ConsoleModel, _ message: StoredMessage, _ rect: Rect, _ painter: inout Painter
    ) {
        guard rect.height > 0 else { return }
        let views = BodyView.allCases.flatMap {
            [Span($0 == .json ? "JSON" : tr(key: $0.rawValue), $0 == model.bodyView ? .accent : .dim), Span(" ")]
        }
        let compressed = message.systemFlag & SystemFlag.compressed != 0 ? tr(" · compressed") : ""
        let note = model.body?.note.map { " · \($0)" } ?? ""
        painter.rule(
            rect, tr("Body · \(Format.bytes(message.body.count))\(compressed)\(note)"),
            trailing: Array(views.dropLast()))
        guard let body = model.body else { return }
        if message.body.isEmpty { painter.put(tr("(empty)"), x: rect.x + 4, y: rect.y + 1, .dim) }
        let top = model.list.top
        for row in 0..<max(0, rect.height - 1) where top + row < body.count {
            painter.put(body[top + row], x: rect.x + 4, y: rect.y + 1 + row, width: rect.width - 5)
        }
        let rest = body.count - top - (rect.height - 1)
        if rest > 0 {
            painter.putRight(tr(" \(Format.plural(rest, "line")) below "), right: rect.maxX - 1, y: rect.maxY - 1, .dim)
        }
    }
}
