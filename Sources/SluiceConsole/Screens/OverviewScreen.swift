import SluiceAPI
import SluiceMessage

/// All at a glance: the flow, what needs a hand, the deepest topics, the groups furthest behind, what falls due, what
/// nobody has resolved.
enum OverviewScreen {
    /// Where each panel goes in a content area; an empty one is left out.
    struct Layout {
        var flow = Rect(x: 0, y: 0, width: 0, height: 0)
        var attention = Rect(x: 0, y: 0, width: 0, height: 0)
        var topics = Rect(x: 0, y: 0, width: 0, height: 0)
        var groups = Rect(x: 0, y: 0, width: 0, height: 0)
        var delays = Rect(x: 0, y: 0, width: 0, height: 0)
        var halves = Rect(x: 0, y: 0, width: 0, height: 0)

        init(_ model: ConsoleModel, _ size: Size) {
            let rect = Frame.content(size)
            let isWide = rect.width >= 110
            let bottom = rect.height >= 20 ? (rect.height >= 34 ? 5 : 4) : 0
            let attention = isWide ? 0 : (rect.height >= 18 ? 4 : 3)
            let room = rect.height - bottom - attention
            // What topics and groups do not need makes the chart higher.
            let listed = max(model.data.topics.value?.count ?? 0, model.data.groups.value?.count ?? 0)
            let top = max(5, room * (isWide ? 42 : 47) / 100, min(room * 65 / 100, room - 3 - max(4, listed)))
            let rows = rect.rows([top, attention, -1, bottom])
            // One line between left and right, the same all the way down where there are three.
            let split = rect.width / 2
            func cut(_ row: Rect, at left: Int) -> (Rect, Rect) {
                let parts = row.columns([left, 1, -1])
                return (parts[0], parts[2])
            }
            if isWide {
                (flow, self.attention) = cut(rows[0], at: rect.width * 62 / 100)
            } else {
                flow = rows[0]
                self.attention = rows[1]
            }
            (topics, groups) = cut(rows[2], at: split)
            (delays, halves) = cut(rows[3], at: split)
        }
    }

    static func attentionRect(_ model: ConsoleModel) -> Rect? {
        let rect = Layout(model, model.size).attention
        return rect.isEmpty ? nil : rect
    }

    /// Rows for what needs a hand; on a wide screen the state of the flow stands below.
    static func attentionRows(_ model: ConsoleModel) -> Int {
        let rect = Layout(model, model.size).attention
        return max(0, rect.height - 1 - (rect.width < model.size.width && rect.height >= 5 ? 2 : 0))
    }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let layout = Layout(model, painter.buffer.size)
        drawFlow(model, layout.flow, &painter)
        drawAttention(model, layout.attention, &painter)
        drawTopics(model, layout.topics, &painter)
        drawGroups(model, layout.groups, &painter)
        if layout.delays.height > 0 {
            drawDelays(model, layout.delays, &painter)
            drawHalves(model, layout.halves, &painter)
        }
        for (left, right) in [
            (layout.flow, layout.attention), (layout.topics, layout.groups), (layout.delays, layout.halves),
        ]
        where right.x > left.x && !left.isEmpty {
            let x = right.x - 1
            painter.buffer.vertical(
                x: x, y: left.y + 1, height: left.height - 1, style: painter.theme[.border], ascii: painter.isASCII)
            painter.put("─", x: x, y: left.y, .border)
        }
    }

    // MARK: Flow
    private static func drawFlow(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let means = model.data.flow.means(seconds: 3)
        painter.rule(rect, tr("Flow · 5 min"), trailing: FlowChart.legend(means))
        let area = Rect(x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: rect.height - 1)
        FlowChart.drawRates(model, seconds: 300, area, &painter)
    }

    // MARK: Needs a hand
    private static func drawAttention(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        guard !rect.isEmpty else { return }
        let items = model.attention
        let isStacked = rect.width == painter.buffer.size.width
        let state = FlowChart.stateSpans(model, painter.glyphs)
        painter.rule(
            rect, items.isEmpty ? tr("Needs a hand") : tr("Needs a hand · \(items.count)"),
            trailing: isStacked ? state : [])
        let rows = max(0, rect.height - 1 - (!isStacked && rect.height >= 5 ? 2 : 0))
        if items.isEmpty { drawQuiet(model, rect, &painter) }
        let list = model.list
        for line in 0..<rows where items.indices.contains(list.top + line) {
            let item = items[list.top + line]
            let y = rect.y + 1 + line
            painter.put("!", x: rect.x + 2, y: y, item.isUrgent ? .attention : .warning)
            let text = fitted(item.text, rect.width - 7)
            painter.put(text, x: rect.x + 4, y: y, width: rect.width - 7, item.isUrgent ? .number : .text)
            if item.target != nil { painter.putRight("→", right: rect.maxX - 1, y: y, .accent) }
            if list.top + line == list.selected {
                painter.put("▸", x: rect.x, y: y, .accent)
                painter.select(Rect(x: rect.x, y: y, width: rect.width, height: 1))
            }
        }
        guard !isStacked, rect.height >= 5 else { return }
        painter.put(state, x: rect.x + 2, y: rect.maxY - 2, width: rect.width - 3)
        painter.put(FlowChart.drain(model), x: rect.x + 2, y: rect.maxY - 1, width: rect.width - 3, .dim)
    }

    /// A sentence that begins with a name gets it shortened where it is too long: what is the matter stays.
    private static func fitted(_ text: String, _ width: Int) -> String {
        guard DisplayWidth.of(text) > width, let end = text.firstIndex(where: { $0 == ":" || $0 == "：" }) else {
            return text
        }
        let rest = String(text[end...])
        let room = width - DisplayWidth.of(rest)
        return room >= 8 ? DisplayWidth.clip(String(text[..<end]), to: room) + rest : text
    }

    private static func drawQuiet(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let y = rect.y + 1
        let width = rect.width - 3
        let asked = [model.data.broker.value != nil, model.data.groups.value != nil, model.data.halves.value != nil]
        if let error = model.data.groups.error ?? model.data.halves.error ?? model.data.broker.error {
            _ = painter.put(tr("? not known: \(error.message)"), x: rect.x + 2, y: y, width: width, .bad)
            return
        }
        guard asked.allSatisfy({ $0 }) else {
            _ = painter.put(tr("Asking…"), x: rect.x + 2, y: y, width: width, .dim)
            return
        }
        if model.data.topics.value?.contains(where: { $0.kind == .normal }) == false {
            painter.put(
                [
                    Span(tr("An empty broker. "), .text), Span("p", .key),
                    Span(tr(" publishes a first message, "), .text),
                    Span("?", .key), Span(tr(" shows the keys."), .text),
                ], x: rect.x + 2, y: y, width: width)
            let more = [
                model.settings.scenarios.isEmpty
                    ? [Span(tr("What a queue is for, live: "), .dim), Span("sluice demo", .accent)]
                    : [Span("8", .key), Span(tr(" shows live what a message queue is for."))],
                [Span(tr("In a shell: "), .dim), Span("sluice publish hello --body hi", .accent)],
            ]
            for (line, spans) in more.enumerated() where line + 2 < rect.height {
                painter.put(spans, x: rect.x + 2, y: y + 1 + line, width: width)
            }
        } else {
            painter.put(tr("✓ nothing"), x: rect.x + 2, y: y, width: width, .good)
        }
    }

    // MARK: Topics and groups
    /// The topics with most messages.
    static func topics(_ items: [TopicSummary], _ count: Int) -> [TopicSummary] {
        items.indices.filter { items[$0].kind == .normal }.first(max(0, count)) {
            let (one, other) = (items[$0].depth, items[$1].depth)
            return one == other ? items[$0].config.name < items[$1].config.name : one > other
        }.map { items[$0] }
    }

    /// The groups furthest behind, without those that brokers keep for themselves.
    static func groups(_ items: [GroupSummary], _ count: Int) -> [GroupSummary] {
        items.filter { !$0.isInternal }.first(max(0, count)) {
            ($0.lag ?? -1) == ($1.lag ?? -1) ? $0.config.name < $1.config.name : ($0.lag ?? -1) > ($1.lag ?? -1)
        }
    }

    private static func drawTopics(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.topics
        let items = fetched.value ?? []
        let all = items.indices.filter { items[$0].kind == .normal }
        let shown = topics(items, rect.height - 2)
        painter.rule(
            rect, tr("Topics by depth") + count(all.count),
            trailing: model.partMark(items.first?.coverage) + model.staleMark(fetched))
        let table = Table(
            [
                Column("topic", 13, grow: 3, limit: 30), Column("queues", 6, .right, priority: 4),
                Column("in/s", 6, .right), Column("depth", 9, .right), Column("last 60 s", 12, priority: 2),
            ], in: rect, indent: 2)
        table.drawHeader(&painter, y: rect.y + 1)
        if all.isEmpty {
            return model.drawEmpty(
                fetched, &painter, Rect(x: rect.x - 2, y: rect.y - 1, width: rect.width, height: rect.height),
                whenEmpty: tr("none yet"))
        }
        for (line, topic) in shown.enumerated() {
            let track = model.data.published[topic.config.name]
            let rate = track?.rate
            table.draw(
                [
                    Span(topic.config.name), Span("\(topic.config.readQueues)", .dim),
                    Span(Format.rate(rate), model.rateRole(rate)),
                    Span(Format.count(topic.depth, topic.coverage), .number),
                    Span(model.sparkline(track, width: 12), .chartIn),
                ], &painter, y: rect.y + 2 + line)
        }
    }

    private static func drawGroups(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.groups
        let all = (fetched.value ?? []).filter { !$0.isInternal }
        let shown = groups(all, rect.height - 2)
        painter.rule(
            rect, tr("Groups by lag") + count(all.count),
            trailing: model.partMark(all.first?.coverage) + model.staleMark(fetched))
        let table = Table(
            [
                Column("group", 14, grow: 3, limit: 24), Column("clients", 7, .right, priority: 6),
                Column("lag", 7, .right), Column("behind", 6, .right, priority: 3), Column("state", 10),
                Column("drains", 6, .right, priority: 5),
            ], in: rect, indent: 2)
        table.drawHeader(&painter, y: rect.y + 1)
        if all.isEmpty {
            return model.drawEmpty(
                fetched, &painter, Rect(x: rect.x - 2, y: rect.y - 1, width: rect.width, height: rect.height),
                whenEmpty: tr("none yet"))
        }
        for (line, group) in shown.enumerated() {
            table.draw(
                [
                    Span(group.config.name), Span(GroupsScreen.clients(group), GroupsScreen.clientRole(group)),
                    GroupsScreen.lag(group), GroupsScreen.behind(group), model.stateSpan(group, painter.glyphs),
                    Span(model.drainText(group), .dim),
                ], &painter, y: rect.y + 2 + line)
        }
    }

    private static func count(_ count: Int) -> String { count == 0 ? "" : " · \(Format.count(count))" }
}

extension Array {
    /// The first few in an order, without ordering all the others.
    fileprivate func first(_ count: Int, by isBefore: (Element, Element) -> Bool) -> [Element] {
        var best: [Element] = []
        guard count > 0 else { return best }
        for element in self {
            if best.count == count {
                guard let last = best.last, isBefore(element, last) else { continue }
                best.removeLast()
            }
            let place = best.firstIndex { isBefore(element, $0) } ?? best.count
            best.insert(element, at: place)
        }
        return best
    }
}
