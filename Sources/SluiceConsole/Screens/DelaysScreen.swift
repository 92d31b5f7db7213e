import SluiceAPI

/// Delayed messages: what is due when, and each with its countdown.
enum DelaysScreen {
    private static let columns = [
        Column("due in", 7, .right, sort: .due),
        Column("at", 14),
        Column("topic", 12, grow: 3, limit: 40, sort: .topic),
        Column("level", 7, priority: 4),
        Column("tag", 8, priority: 5, grow: 1, limit: 16),
        Column("key", 12, priority: 2, grow: 2, limit: 30),
        Column("size", 8, .right, priority: 3),
        Column("id", 11, priority: 1, grow: 1, limit: 32),
    ]

    /// Rows of the histogram with its rule and its axis; 0 where there is no room.
    static func chartHeight(_ size: Size) -> Int {
        let height = Frame.content(size).height
        return height < 14 ? 0 : min(12, height / 3)
    }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let chart = Rect(x: rect.x, y: rect.y, width: rect.width, height: chartHeight(painter.buffer.size))
        if chart.height > 0 { drawHistogram(model, chart, &painter) }
        let body = Rect(x: rect.x, y: chart.maxY, width: rect.width, height: rect.height - chart.height)
        drawList(model, body, &painter)
    }

    private static func drawList(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.delays
        let page = fetched.value
        let items = page?.items ?? []
        let total = page?.total ?? 0
        let more = total > items.count ? " · the soonest \(Format.count(items.count)) are listed" : ""
        let shown = model.list.filter == nil ? total : model.rows.count
        painter.rule(
            rect, model.listTitle("Pending delays", shown: shown, total: total, more: more),
            trailing: model.staleMark(fetched))
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            let text = items.isEmpty ? "Nothing is delayed. p publishes a message with a delay." : model.nothingPasses
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: text)
        }
        let levels = page?.levels ?? []
        model.drawRows(table, &painter, first: rect.y + 2, count: rect.height - 2) { row in
            cells(items[row.index], levels, model)
        }
    }

    private static func cells(_ delay: PendingDelay, _ levels: [Int64], _ model: ConsoleModel) -> [Span] {
        let left = delay.due - model.now
        let level =
            levels.indices.contains(delay.level - 1) ? "\(delay.level) \(levelText(levels[delay.level - 1]))" : "exact"
        return [
            Span(Format.countdown(left), left <= 0 ? .warning : .number), Span(model.moment(delay.due), .dim),
            Span((delay.isRetry ? "retry " : "") + delay.topic), Span(level, .dim),
            Span(delay.tag ?? Format.unknown, delay.tag == nil ? .dim : .text),
            Span(
                delay.keys.isEmpty ? Format.unknown : delay.keys.joined(separator: " "),
                delay.keys.isEmpty ? .dim : .text),
            Span(Format.bytes(delay.bodySize), .dim), Span(delay.id, .dim),
        ]
    }

    /// `90s` as `1m30s`, `7200s` as `2h`.
    static func levelText(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")].filter { $0.0 > 0 }
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined()
    }

    // MARK: Histogram
    private static func drawHistogram(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let width = DelayZoom.widths[model.zoom]
        let fetched = model.data.histograms[width] ?? Fetched()
        let bars = ConsoleModel.histogramBars
        let span = levelText(width * Int64(bars))
        painter.rule(
            rect, "Due · next \(span) · \(levelText(width)) a bar",
            trailing: [Span("+", .key), Span(" closer  ", .dim), Span("-", .key), Span(" wider", .dim)])
        guard let histogram = fetched.value else {
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: "")
        }
        let counts = Array(histogram.counts.prefix(bars))
        let later = histogram.counts.count > bars ? histogram.counts[bars...].reduce(0, +) : 0
        let plot = Rect(x: rect.x + 8, y: rect.y + 1, width: rect.width - 20, height: rect.height - 2)
        drawBars(counts, plot, &painter)
        drawTimes(width, bars, plot, &painter)
        let laterX = plot.maxX + 2
        painter.put("later", x: laterX, y: plot.maxY - 2, width: rect.maxX - laterX, .dim)
        painter.put(
            Format.count(later), x: laterX, y: plot.maxY - 1, width: rect.maxX - laterX, later > 0 ? .number : .dim)
    }

    private static func drawBars(_ counts: [Int], _ plot: Rect, _ painter: inout Painter) {
        let highest = counts.max() ?? 0
        guard plot.width > 0, plot.height > 0, !counts.isEmpty else { return }
        painter.putRight(Format.count(highest), right: plot.x - 1, y: plot.y, width: 7, .chartAxis)
        painter.putRight("0", right: plot.x - 1, y: plot.maxY - 1, width: 7, .chartAxis)
        let eighths = Array(painter.isASCII ? " ...:::##" : " ▁▂▃▄▅▆▇█")
        let each = max(1, plot.width / counts.count)
        let gradient = painter.theme.gradient(.backlog)
        for (index, count) in counts.enumerated() where count > 0 && highest > 0 {
            // Whatever is there is seen: one at least.
            let filled = max(1, count * plot.height * 8 / highest)
            for row in 0..<plot.height {
                let part = min(8, filled - row * 8)
                guard part > 0 else { break }
                var style = painter.theme[.chartBacklog]
                style.foreground = gradient.colour(at: Double(row) / Double(max(1, plot.height)))
                let x = plot.x + index * plot.width / counts.count
                let bar = String(repeating: eighths[part], count: each > 2 ? each - 1 : each)
                painter.buffer.write(bar, x: x, y: plot.maxY - 1 - row, maxWidth: plot.maxX - x, style: style)
            }
        }
    }

    /// `now`, and then a label each quarter.
    private static func drawTimes(_ width: Int64, _ bars: Int, _ plot: Rect, _ painter: inout Painter) {
        painter.buffer.horizontal(
            x: plot.x, y: plot.maxY, width: plot.width, style: painter.theme[.chartAxis], ascii: painter.isASCII)
        for quarter in 0..<4 {
            let label = quarter == 0 ? "now " : " +\(levelText(width * Int64(bars * quarter / 4))) "
            painter.put(label, x: plot.x + plot.width * quarter / 4, y: plot.maxY, .chartAxis)
        }
    }
}
