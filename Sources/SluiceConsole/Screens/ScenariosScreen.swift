/// The uses of a message queue, live: the list of them, and the one that runs with what to look at.
enum ScenariosScreen {
    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        guard let scenario = model.shownScenario else { return drawList(model, rect, &painter) }
        let panel = panelHeight(scenario, rect)
        drawHead(scenario, rect, &painter)
        let top = headHeight(scenario, rect.width)
        let charts = Rect(x: rect.x, y: rect.y + top, width: rect.width, height: rect.height - top - panel)
        drawCharts(model, scenario, charts, &painter)
        drawPanel(scenario, Rect(x: rect.x, y: charts.maxY, width: rect.width, height: panel), &painter)
    }

    // MARK: The list
    /// Rows of the list that are visible at a time; none where a scenario is in front.
    static func listRows(_ model: ConsoleModel) -> Int {
        model.shownScenario == nil ? max(0, (Frame.content(model.size).height - 5) / 3) : 0
    }

    private static func drawList(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let entries = model.settings.scenarios
        painter.rule(rect, tr("Scenarios · what a message queue is for"))
        guard !entries.isEmpty else {
            painter.put(
                tr("None here: sluice demo runs them, with a broker of their own."), x: rect.x + 2, y: rect.y + 2,
                width: rect.width - 3, .dim)
            return
        }
        let state = model.list
        for line in 0..<listRows(model) {
            let position = state.top + line
            guard model.rows.indices.contains(position) else { break }
            let entry = entries[model.rows[position].index]
            let y = rect.y + 1 + 3 * line
            let isRunning = entry.name == model.scenario?.name
            let name = DisplayWidth.pad(entry.name, to: 14)
            painter.put(
                [
                    Span(name + " ", .key), Span(tr(key: entry.title), .title),
                    Span(isRunning ? tr("   running") : "", .good),
                ],
                x: rect.x + 2, y: y, width: rect.width - 3)
            painter.put(tr(key: entry.claim), x: rect.x + 17, y: y + 1, width: rect.width - 18, .dim)
            guard position == state.selected else { continue }
            painter.put("▸", x: rect.x, y: y, .accent)
            painter.select(Rect(x: rect.x, y: y, width: rect.width, height: 2))
        }
        let hint =
            model.settings.canStartScenarios
            ? tr("Enter plays one. Each has keys to break things on purpose.")
            : tr("sluice demo NAME plays one, sluice demo all of them from a list.")
        painter.put(hint, x: rect.x + 2, y: rect.maxY - 1, width: rect.width - 3, .dim)
    }

    // MARK: The running one
    private static func sentences(_ scenario: ScenarioStatus, _ width: Int) -> [(text: String, role: Role)] {
        let room = max(20, width - 4)
        // What to look at now is never cut for what is always claimed.
        let look = DisplayWidth.lines(tr(key: scenario.lookAt), width: room).prefix(4)
        let all = DisplayWidth.lines(tr(key: scenario.claim), width: room)
        var claim = Array(all.prefix(max(1, 5 - look.count)))
        if claim.count < all.count, let last = claim.popLast() {
            claim.append(DisplayWidth.of(last) < room ? last + "…" : String(last.dropLast()) + "…")
        }
        return claim.map { ($0, Role.dim) } + look.map { ($0, Role.accent) }
    }

    private static func headHeight(_ scenario: ScenarioStatus, _ width: Int) -> Int {
        1 + min(5, sentences(scenario, width).count)
    }

    private static func drawHead(_ scenario: ScenarioStatus, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, tr(key: scenario.title), trailing: [Span(scenario.name, .dim)])
        for (line, sentence) in sentences(scenario, rect.width).prefix(5).enumerated() {
            painter.put(sentence.text, x: rect.x + 2, y: rect.y + 1 + line, width: rect.width - 3, sentence.role)
        }
    }

    // MARK: Charts
    private static let roles: [Role] = [.chartLatency, .chartOut, .chartBacklog]

    private static func drawCharts(
        _ model: ConsoleModel, _ scenario: ScenarioStatus, _ rect: Rect, _ painter: inout Painter
    ) {
        let count = min(scenario.series.count, 3, rect.height / 3)
        guard count > 0 else { return }
        let time = FlowChart.time(model, seconds: model.flowSpan)
        let widest = scenario.series.map { ChartScale.labelWidth(unit($0)) }.max() ?? 0
        for (index, area) in rect.rows(Array(repeating: -1, count: count)).enumerated() {
            let series = scenario.series[index]
            let shift = widest - ChartScale.labelWidth(unit(series))
            let place = Rect(x: area.x + 1 + shift, y: area.y, width: area.width - 2 - shift, height: area.height)
            let values = PeakShavingScreen.values(series, time, model.flowSpan)
            let axes = ChartAxes(
                unit: unit(series), time: time, utcOffset: model.settings.utcOffset, style: painter.theme[.chartAxis])
            Chart.draw(
                into: &painter.buffer, rect: place,
                series: [ChartSeries(values: values, style: painter.theme[roles[index]], filled: index == 2)],
                axes: axes, glyphs: painter.glyphs)
            painter.put(
                " \(tr(key: series.label)) ", x: place.x + ChartScale.labelWidth(unit(series)) + 2, y: area.y,
                roles[index])
        }
    }

    private static func unit(_ series: ScenarioStatus.Series) -> ChartAxes.Unit {
        series.unit == "ms" ? .milliseconds : .count(series.unit)
    }

    // MARK: Panel
    private static func columns(_ width: Int) -> Int { max(1, width / 39) }

    /// Lines whose values fit into a column, and those that take the whole width below them.
    static func split(
        _ lines: [ScenarioStatus.Line], columns: Int, _ width: Int
    ) -> (narrow: [ScenarioStatus.Line], wide: [ScenarioStatus.Line]) {
        let room = (width - 4) / columns - 19
        return (
            lines.filter { DisplayWidth.of($0.value) <= room }, lines.filter { DisplayWidth.of($0.value) > room }
        )
    }

    /// Lines over the whole width, from a row on, as far as there is room.
    static func drawWide(
        _ lines: [ScenarioStatus.Line], _ rect: Rect, from y: Int, to end: Int, _ painter: inout Painter
    ) {
        for (index, line) in lines.enumerated() where y + index < end {
            let used = painter.put(
                DisplayWidth.pad(line.label, to: 16) + " ", x: rect.x + 2, y: y + index, width: rect.width - 4, .dim)
            painter.put(
                line.value, x: rect.x + 2 + used, y: y + index, width: rect.width - used - 4,
                line.needsAttention ? .attention : .number)
        }
    }

    private static func panelHeight(_ scenario: ScenarioStatus, _ rect: Rect) -> Int {
        let (narrow, wide) = split(scenario.lines, columns: columns(rect.width), rect.width)
        let lines = (narrow.count + columns(rect.width) - 1) / columns(rect.width) + wide.count
        return min(1 + lines + keyRows(scenario, rect.width).count, max(4, rect.height * 3 / 5))
    }

    /// The keys with what they do, in as many rows as they need.
    static func keyRows(_ scenario: ScenarioStatus, _ width: Int) -> [[Span]] {
        var rows: [[Span]] = [[]]
        var used = 0
        for hint in scenario.keys {
            let label = tr(key: hint.label)
            let needed = DisplayWidth.of(label) + 4
            if used > 0, used + needed > width - 4 {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1] += [Span(String(hint.key), .key), Span(" \(label)  ", .text)]
            used += needed
        }
        return rows
    }

    /// The lines go down one column and then the next: what follows in time stands below each other.
    private static func drawPanel(_ scenario: ScenarioStatus, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, nil)
        let keys = keyRows(scenario, rect.width)
        let columns = columns(rect.width)
        let width = (rect.width - 4) / columns
        let room = max(0, rect.height - 1 - keys.count)
        let (narrow, wide) = split(scenario.lines, columns: columns, rect.width)
        let rows = max(1, (narrow.count + columns - 1) / columns)
        drawWide(wide, rect, from: rect.y + 1 + rows, to: rect.y + 1 + room, &painter)
        for (index, line) in narrow.enumerated() where index % rows < room {
            let x = rect.x + 2 + index / rows * width
            let y = rect.y + 1 + index % rows
            let used = painter.put(
                DisplayWidth.pad(tr(key: line.label), to: 16) + " ", x: x, y: y, width: width - 2, .dim)
            painter.put(
                tr(key: line.value), x: x + used, y: y, width: width - used - 2,
                line.needsAttention ? .attention : .number)
        }
        for (index, row) in keys.enumerated() {
            painter.put(row, x: rect.x + 2, y: rect.maxY - keys.count + index, width: rect.width - 3)
        }
    }
}

// MARK: The model's side
extension ConsoleModel {
    var scenarioRows: [Row] {
        settings.scenarios.enumerated().map { Row(id: $1.name, index: $0) }
    }

    /// The running scenario where it is in front.
    var shownScenario: ScenarioStatus? { showsScenarioList ? nil : scenario }

    /// The running scenario where the peak shaving screen shows it: it is about the broker's flow.
    var flowScenario: ScenarioStatus? {
        scenario.flatMap { $0.name.isEmpty || $0.name == Screen.peakShaving.rawValue ? $0 : nil }
    }

    /// The running scenario's keys, on the screens that show it.
    var scenarioKeys: [ScenarioStatus.KeyHint] {
        switch screen {
        case .peakShaving: flowScenario?.keys ?? []
        case .scenarios: shownScenario?.keys ?? []
        default: []
        }
    }

    mutating func take(_ status: ScenarioStatus, _ effects: inout [Effect]) {
        let isNew = scenario?.name != status.name
        scenario = status
        guard isNew else { return }
        showsScenarioList = false
        arrange()
        if screen == .scenarios, flowScenario != nil { go(to: .peakShaving, &effects) }
    }

    mutating func startScenario(_ row: Row, _ effects: inout [Effect]) {
        guard shownScenario == nil else { return }
        guard settings.canStartScenarios else {
            return say(tr("sluice demo \(row.id) plays it."), .info)
        }
        if row.id == scenario?.name {
            showsScenarioList = false
            if flowScenario != nil { go(to: .peakShaving, &effects) }
            return
        }
        if let reason = whyNoActing { return say(reason, .bad) }
        say(tr("Starting \(row.id) …"), .info, for: 3000)
        effects.append(.startScenario(row.id))
    }
}
