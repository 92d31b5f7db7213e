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
        painter.rule(rect, "Scenarios · what a message queue is for")
        guard !entries.isEmpty else {
            painter.put("There are none here.", x: rect.x + 2, y: rect.y + 2, width: rect.width - 3, .dim)
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
                [Span(name + " ", .key), Span(entry.title, .title), Span(isRunning ? "   running" : "", .good)],
                x: rect.x + 2, y: y, width: rect.width - 3)
            painter.put(entry.claim, x: rect.x + 17, y: y + 1, width: rect.width - 18, .dim)
            guard position == state.selected else { continue }
            painter.put("▸", x: rect.x, y: y, .accent)
            painter.select(Rect(x: rect.x, y: y, width: rect.width, height: 2))
        }
        let hint =
            model.settings.canStartScenarios
            ? "Enter plays one. Each has keys to break things on purpose."
            : "sluice demo NAME plays one, sluice demo all of them from a list."
        painter.put(hint, x: rect.x + 2, y: rect.maxY - 1, width: rect.width - 3, .dim)
    }

    // MARK: The running one
    private static func sentences(_ scenario: ScenarioStatus, _ width: Int) -> [(text: String, role: Role)] {
        let room = max(20, width - 4)
        return wrapped(scenario.claim, room).map { ($0, Role.dim) }
            + wrapped(scenario.lookAt, room).map { ($0, Role.accent) }
    }

    private static func headHeight(_ scenario: ScenarioStatus, _ width: Int) -> Int {
        1 + min(5, sentences(scenario, width).count)
    }

    private static func drawHead(_ scenario: ScenarioStatus, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, scenario.title, trailing: [Span(scenario.name, .dim)])
        for (line, sentence) in sentences(scenario, rect.width).prefix(5).enumerated() {
            painter.put(sentence.text, x: rect.x + 2, y: rect.y + 1 + line, width: rect.width - 3, sentence.role)
        }
    }

    /// A sentence in lines of a width, broken between words.
    static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, DisplayWidth.of(last) + 1 + DisplayWidth.of(String(word)) <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
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
                " \(series.label) ", x: place.x + ChartScale.labelWidth(unit(series)) + 2, y: area.y, roles[index])
        }
    }

    private static func unit(_ series: ScenarioStatus.Series) -> ChartAxes.Unit {
        series.unit == "ms" ? .milliseconds : .count(series.unit)
    }

    // MARK: Panel
    private static func columns(_ width: Int) -> Int { max(1, width / 39) }

    private static func panelHeight(_ scenario: ScenarioStatus, _ rect: Rect) -> Int {
        let lines = (scenario.lines.count + columns(rect.width) - 1) / columns(rect.width)
        return min(1 + lines + keyRows(scenario, rect.width).count, max(4, rect.height * 3 / 5))
    }

    /// The keys with what they do, in as many rows as they need.
    private static func keyRows(_ scenario: ScenarioStatus, _ width: Int) -> [[Span]] {
        var rows: [[Span]] = [[]]
        var used = 0
        for hint in scenario.keys {
            let needed = DisplayWidth.of(hint.label) + 4
            if used > 0, used + needed > width - 4 {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1] += [Span(String(hint.key), .key), Span(" \(hint.label)  ", .text)]
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
        let rows = max(1, (scenario.lines.count + columns - 1) / columns)
        for (index, line) in scenario.lines.enumerated() where index % rows < room {
            let x = rect.x + 2 + index / rows * width
            let y = rect.y + 1 + index % rows
            let used = painter.put(DisplayWidth.pad(line.label, to: 16) + " ", x: x, y: y, width: width - 2, .dim)
            painter.put(
                line.value, x: x + used, y: y, width: width - used - 2, line.needsAttention ? .attention : .number)
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
            return say("sluice demo \(row.id) plays it.", .info)
        }
        if row.id == scenario?.name {
            showsScenarioList = false
            if flowScenario != nil { go(to: .peakShaving, &effects) }
            return
        }
        if let reason = whyNoActing { return say(reason, .bad) }
        say("Starting \(row.id) …", .info, for: 3000)
        effects.append(.startScenario(row.id))
    }
}
