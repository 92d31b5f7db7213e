import SluiceAPI
import SluiceMessage

/// A flood being levelled: in, out and backlog over the same time, in words and in charts.
enum PeakShavingScreen {
    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let span = DelaysScreen.levelText(Int64(model.flowSpan) * 1000)
        painter.rule(
            rect, tr("Peak shaving · \(span)"), trailing: FlowChart.legend(model.data.flow.means(seconds: 3)))
        drawState(model, Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: 2), &painter)
        let panel = panelHeight(model, rect)
        let look = DisplayWidth.lines(tr(key: model.flowScenario?.lookAt ?? ""), width: max(20, rect.width - 4)).prefix(
            2)
        for (index, line) in look.enumerated() {
            painter.put(line, x: rect.x + 2, y: rect.y + 3 + index, width: rect.width - 3, .accent)
        }
        let top = 3 + look.count
        let charts = Rect(x: rect.x, y: rect.y + top, width: rect.width, height: rect.height - top - panel)
        drawCharts(model, charts, &painter)
        drawPanel(model, Rect(x: rect.x, y: charts.maxY, width: rect.width, height: panel), &painter)
    }

    private static func panelHeight(_ model: ConsoleModel, _ rect: Rect) -> Int {
        guard let scenario = model.flowScenario else { return 2 }
        let columns = panelColumns(rect.width)
        let (narrow, wide) = ScenariosScreen.split(scenario.lines, columns: columns, rect.width)
        return min(
            1 + (narrow.count + columns - 1) / columns + wide.count + lastRows(model, rect.width).count,
            max(3, rect.height * 2 / 5))
    }

    private static func panelColumns(_ width: Int) -> Int { max(1, width / 38) }

    // MARK: State
    private static func drawState(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        var spans = FlowChart.stateSpans(model, painter.glyphs)
        if let first = spans.first, let state = model.data.flow.state {
            spans[0] = Span(first.text.uppercased(), state.role)
        }
        spans += [Span(tr("   backlog "), .dim), Span(Format.count(model.data.flow.backlog), .chartBacklog)]
        let drain = FlowChart.drain(model)
        if !drain.isEmpty { spans += [Span("   "), Span(drain)] }
        painter.put(spans, x: rect.x + 2, y: rect.y, width: rect.width - 3)
        var x = rect.x + 2
        // What does not fit as a whole is left out, the least important last.
        for part in worst(model) {
            guard x + part.reduce(0, { $0 + DisplayWidth.of($1.text) }) < rect.maxX || x == rect.x + 2 else { break }
            x += painter.put(part, x: x, y: rect.y + 1, width: rect.maxX - x - 1)
        }
    }

    /// The group furthest behind, by its worst queue.
    private static func worst(_ model: ConsoleModel) -> [[Span]] {
        guard let name = model.worstGroup, let group = model.data.groups.value?.first(where: { $0.config.name == name })
        else {
            let highest = model.data.flow.series(seconds: model.flowSpan).inflow.compactMap { $0 }.max()
            return [[Span(tr("highest inflow shown "), .dim), Span(Format.rate(highest) + "/s", .number)]]
        }
        var parts = [
            [Span(tr("furthest behind "), .dim), Span(name, .accent)],
            [Span(tr("   lag "), .dim), GroupsScreen.lag(group)],
            [Span(tr("   behind "), .dim), GroupsScreen.behind(group)],
        ]
        if let setting = model.gate(name), setting != .open {
            parts.append([Span(tr("   gate "), .dim), model.gateSpan(name)])
        }
        if let status = model.data.group[name]?.value, let worst = model.worstQueue(status) {
            parts.append([
                Span(tr("   its worst queue "), .dim),
                Span("\(worst.queue.id.topic)/\(model.queueName(worst.queue.id.queue))"),
                Span(
                    worst.seconds == nil ? tr(" does not move") : tr(" drains in "),
                    worst.seconds == nil ? .attention : .dim),
                Span(worst.seconds == nil ? "" : Format.drain(worst.seconds), .number),
            ])
        }
        return parts
    }

    // MARK: Charts
    private static func drawCharts(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        guard !model.data.flow.samples.isEmpty else { return FlowChart.drawAwaited(model, rect, &painter) }
        let extra = model.flowScenario?.series.first
        let hasSeries = extra != nil && rect.height >= 12
        let areas = rect.rows(rect.height < 8 ? [-1, 0, 0] : hasSeries ? [-5, -4, -3] : [-5, -4, 0])
        let series = model.data.flow.series(seconds: model.flowSpan)
        let theme = painter.theme
        draw(
            [
                ChartSeries(
                    values: series.inflow, style: theme[.chartIn], filled: true, gradient: theme.gradient(.flow)),
                ChartSeries(values: series.outflow, style: theme[.chartOut]),
            ], .count("/s"), model, areas[0], nil, &painter, markers: FlowChart.gateMarkers(model, theme))
        if areas[1].height > 0 {
            let backlog = ChartSeries(
                values: series.backlog, style: theme[.chartBacklog], filled: true, gradient: theme.gradient(.backlog))
            draw([backlog], .count(""), model, areas[1], tr("backlog"), &painter)
        }
        if hasSeries, let extra {
            let unit: ChartAxes.Unit = extra.unit == "ms" ? .milliseconds : .count(extra.unit)
            let latency = ChartSeries(
                values: values(extra, FlowChart.time(model, seconds: model.flowSpan), model.flowSpan),
                style: theme[.chartLatency])
            draw([latency], unit, model, areas[2], tr(key: extra.label), &painter)
        }
    }

    /// A chart whose plot begins in the same column as those above and below.
    private static func draw(
        _ series: [ChartSeries], _ unit: ChartAxes.Unit, _ model: ConsoleModel, _ area: Rect, _ label: String?,
        _ painter: inout Painter, markers: [ChartMarker] = []
    ) {
        let widest = max(ChartScale.labelWidth(.count("/s")), ChartScale.labelWidth(.milliseconds))
        let shift = max(0, widest - ChartScale.labelWidth(unit))
        let rect = Rect(x: area.x + 1 + shift, y: area.y, width: area.width - 2 - shift, height: area.height)
        let axes = ChartAxes(
            unit: unit, time: FlowChart.time(model, seconds: model.flowSpan), utcOffset: model.settings.utcOffset,
            style: painter.theme[.chartAxis])
        Chart.draw(
            into: &painter.buffer, rect: rect, series: series, axes: axes, markers: markers, glyphs: painter.glyphs)
        guard let label else { return }
        painter.put(" \(label) ", x: rect.x + ChartScale.labelWidth(unit) + 2, y: area.y, .dim)
    }

    /// A scenario's points by the second of the shared time axis; of several in a second the largest.
    static func values(_ series: ScenarioStatus.Series, _ time: ClosedRange<Int64>, _ count: Int) -> [Double?] {
        var values = [Double?](repeating: nil, count: count)
        for point in series.points where time.contains(point.time) {
            let index = Int((point.time - time.lowerBound) / 1000)
            guard values.indices.contains(index), let value = point.value else { continue }
            values[index] = max(values[index] ?? value, value)
        }
        return values
    }

    // MARK: Panel
    private static func drawPanel(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let title = model.flowScenario.map { tr(key: $0.title) } ?? tr("Broker")
        let last = lastRows(model, rect.width)
        painter.rule(rect, title, trailing: ruleKeys(model, rect.width) ?? [])
        let columns = panelColumns(rect.width)
        let (lines, wide) = ScenariosScreen.split(model.flowScenario?.lines ?? [], columns: columns, rect.width)
        let room = (rect.width - 4) / columns
        let rows = max(0, rect.height - 1 - last.count)
        ScenariosScreen.drawWide(
            wide, rect, from: rect.y + 1 + (lines.count + columns - 1) / columns, to: rect.y + 1 + rows, &painter)
        for (index, line) in lines.enumerated() where index / columns < rows {
            let x = rect.x + 2 + index % columns * room
            let y = rect.y + 1 + index / columns
            let used = painter.put(
                DisplayWidth.pad(tr(key: line.label), to: 16) + " ", x: x, y: y, width: room - 2, .dim)
            painter.put(
                tr(key: line.value), x: x + used, y: y, width: room - used - 2,
                line.needsAttention ? .attention : .number)
        }
        for (index, row) in last.enumerated() {
            painter.put(row, x: rect.x + 2, y: rect.maxY - last.count + index, width: rect.width - 3)
        }
    }

    /// The keys where the rule has room for them.
    private static func ruleKeys(_ model: ConsoleModel, _ width: Int) -> [Span]? {
        var keys: [Span] = []
        for hint in model.flowScenario?.keys ?? [] {
            if !keys.isEmpty { keys.append(Span("  ")) }
            keys += [Span(String(hint.key), .key), Span(" " + tr(key: hint.label), .dim)]
        }
        let needed = keys.reduce(0) { $0 + DisplayWidth.of($1.text) }
        let title = model.flowScenario.map { tr(key: $0.title) } ?? tr("Broker")
        return needed + DisplayWidth.of(title) + 8 > width ? nil : keys
    }

    /// What the broker says of its disk; or the keys that the rule has no room for, in as many rows as they need.
    private static func lastRows(_ model: ConsoleModel, _ width: Int) -> [[Span]] {
        guard let scenario = model.flowScenario, ruleKeys(model, width) == nil else { return [disk(model)] }
        return ScenariosScreen.keyRows(scenario, width)
    }

    private static func disk(_ model: ConsoleModel) -> [Span] {
        guard let broker = model.data.broker.value else { return [Span(tr("broker not known yet"), .dim)] }
        let durability =
            broker.durability == .sync
            ? tr("sync: on disk before it is acknowledged") : tr("async: acknowledged before it is on disk")
        return [
            Span(durability, .text), Span("   \(broker.fileSystem)   \(broker.dataFolder)", .dim),
            Span(tr("   \(Format.bytes(broker.diskFreeBytes)) free"), .dim),
        ]
    }
}
