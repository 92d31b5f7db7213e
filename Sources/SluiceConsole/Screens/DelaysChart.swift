import SluiceAPI

/// The upper part of the delays screen: what is due when, or what that does to the load.
enum DelaysChart {
    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        if model.showsLoad { drawLoad(model, rect, &painter) } else { drawHistogram(model, rect, &painter) }
    }

    private static func title(_ model: ConsoleModel, _ name: String) -> String {
        let width = DelayZoom.widths[model.zoom]
        let span = DelaysScreen.levelText(width * Int64(ConsoleModel.histogramBars))
        let from = DelaysScreen.levelText(Int64(model.histogramScroll) * width)
        let when = model.histogramScroll == 0 ? tr("next \(span)") : tr("\(span) from +\(from) on")
        return tr("\(name) · \(when) · \(DelaysScreen.levelText(width)) a bar")
    }

    private static func keys(_ other: String) -> [Span] {
        [
            Span("+ -", .key), Span(tr(" zoom  "), .dim), Span("< >", .key), Span(tr(" scroll  "), .dim),
            Span("l", .key),
            Span(" \(other)", .dim),
        ]
    }

    private static func drawHistogram(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.histograms[DelayZoom.widths[model.zoom]] ?? Fetched()
        painter.rule(rect, title(model, tr("Due")), trailing: keys(tr("load")))
        guard let shown = model.shownHistogram else {
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: tr("Asking…"))
        }
        let plot = Rect(x: rect.x + 8, y: rect.y + 1, width: rect.width - 20, height: rect.height - 2)
        drawBars(shown.counts, plot, &painter)
        drawTimes(shown.width, ConsoleModel.histogramBars, model.histogramScroll, plot, &painter)
        let laterX = plot.maxX + 2
        func side(_ label: String, _ count: Int, _ y: Int) {
            painter.put(label, x: laterX, y: y, width: rect.maxX - laterX, .dim)
            painter.put(
                Format.count(count), x: laterX, y: y + 1, width: rect.maxX - laterX, count > 0 ? .number : .dim)
        }
        if plot.height >= 5 { side(model.histogramScroll > 0 ? tr("earlier") : tr("overdue"), shown.earlier, plot.y) }
        side(tr("later"), shown.later, plot.maxY - 2)
    }

    // MARK: Load
    private static func drawLoad(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.histograms[DelayZoom.widths[model.zoom]] ?? Fetched()
        painter.rule(rect, title(model, tr("Future load")), trailing: keys(tr("histogram")))
        guard let load = model.futureLoad else {
            let text = tr("Load is told from now on: < goes back to it.")
            return model.drawEmpty(fetched, &painter, rect, whenEmpty: text)
        }
        let theme = painter.theme
        var series = [
            ChartSeries(
                values: load.load.map { $0 }, style: theme[.chartBacklog], filled: true,
                gradient: theme.gradient(.backlog))
        ]
        let count = load.due.count
        if let inflow = load.inflow {
            series.append(ChartSeries(values: Array(repeating: inflow, count: count), style: theme[.chartIn]))
        }
        if let capacity = load.capacity {
            series.append(ChartSeries(values: Array(repeating: capacity, count: count), style: theme[.chartOut]))
        }
        let sentence = model.sentence(load)
        let lines = DialogBox.wrap(sentence.text, width: rect.width - 3, limit: 3)
        let end = load.start + load.width * Int64(count)
        Chart.draw(
            into: &painter.buffer,
            rect: Rect(x: rect.x, y: rect.y + 2, width: rect.width, height: rect.height - 2 - lines.count),
            series: series,
            axes: ChartAxes(
                unit: .count("/s"), time: load.start...end, utcOffset: model.settings.utcOffset,
                style: theme[.chartAxis]), glyphs: painter.glyphs)
        let legend = [
            Span(tr("due and published"), .chartBacklog), Span(tr(" over "), .dim),
            Span(tr("published \(Format.rate(load.inflow))/s"), .chartIn), Span(tr(" against "), .dim),
            Span(tr("consumers at best \(Format.rate(load.capacity))/s"), .chartOut),
        ]
        painter.put(legend, x: rect.x + 2, y: rect.y + 1, width: rect.width - 3)
        for (index, line) in lines.enumerated() {
            painter.put(
                line, x: rect.x + 2, y: rect.maxY - lines.count + index, width: rect.width - 3, sentence.role)
        }
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

    /// A label each quarter, from now on.
    private static func drawTimes(
        _ width: Int64, _ bars: Int, _ scroll: Int, _ plot: Rect, _ painter: inout Painter
    ) {
        painter.buffer.horizontal(
            x: plot.x, y: plot.maxY, width: plot.width, style: painter.theme[.chartAxis], ascii: painter.isASCII)
        for quarter in 0..<4 {
            let bar = scroll + bars * quarter / 4
            let label = bar == 0 ? tr("now ") : " +\(DelaysScreen.levelText(width * Int64(bar))) "
            painter.put(label, x: plot.x + plot.width * quarter / 4, y: plot.maxY, .chartAxis)
        }
    }
}
