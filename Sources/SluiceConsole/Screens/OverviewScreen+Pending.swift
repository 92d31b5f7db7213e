import SluiceAPI

// MARK: Delays and halves
extension OverviewScreen {
    /// Minutes at which the buckets end, with their names; the rest is later.
    private static let buckets: [(String, Int)] = [("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60), ("4h", 240)]

    static func drawDelays(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.histograms[ConsoleModel.overviewHistogramWidth] ?? Fetched()
        painter.rule(
            rect, tr("Delays due within"), trailing: model.partMark(fetched.value?.coverage) + model.staleMark(fetched))
        guard let histogram = fetched.value else {
            return model.drawEmpty(
                fetched, &painter, Rect(x: rect.x - 2, y: rect.y - 2, width: rect.width, height: rect.height),
                whenEmpty: "")
        }
        var from = 0
        var bars: [(String, Int)] = buckets.map { name, end in
            defer { from = end }
            return (name, histogram.counts.dropFirst(from).prefix(end - from).reduce(0, +))
        }
        bars.append((tr("later"), histogram.counts.dropFirst(from).reduce(0, +)))
        let highest = max(1, bars.map(\.1).max() ?? 1)
        let rows = max(1, rect.height - 1)
        let columns = (bars.count + rows - 1) / rows
        let width = (rect.width - 2) / columns
        for (index, bar) in bars.enumerated() {
            let x = rect.x + 2 + index / rows * width
            let y = rect.y + 1 + index % rows
            painter.put(bar.0, x: x, y: y, width: 5, .dim)
            let room = max(0, width - 6 - 10)
            let length = bar.1 == 0 ? 0 : max(1, bar.1 * room / highest)
            painter.put(String(repeating: "▇", count: length), x: x + 6, y: y, width: room, .chartBacklog)
            painter.put(
                Format.count(bar.1, histogram.coverage), x: x + 6 + length + (length > 0 ? 1 : 0), y: y, width: 9,
                bar.1 == 0 ? .dim : .number)
        }
    }

    static func drawHalves(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let fetched = model.data.halves
        let total = fetched.value?.total
        let coverage = fetched.value?.coverage
        painter.rule(
            rect, tr("Halves unresolved · \(Format.count(total, coverage))"),
            trailing: model.partMark(coverage) + model.staleMark(fetched))
        guard let page = fetched.value, !page.items.isEmpty else {
            let area = Rect(x: rect.x - 2, y: rect.y - 2, width: rect.width, height: rect.height)
            return model.drawEmpty(
                fetched, &painter, area,
                whenEmpty: coverage?.isPartial == true ? tr("none of those that answer") : tr("none"))
        }
        let table = Table(
            [
                Column("topic", 8, grow: 1, limit: 20), Column("age", 6, .right), Column("checked", 13),
                Column("producer", 14, priority: 1),
            ], in: rect, indent: 2)
        for (line, half) in page.items.prefix(max(0, rect.height - 1)).enumerated() {
            let age = model.now - half.storeTimestamp
            let isOld = age >= model.oldHalf
            let checked = half.isSetAside ? tr("set aside") : tr("checked \(half.checks)/\(half.maxChecks)")
            let online = half.producersOnline == 0 ? tr("producer gone") : tr("producer \(half.producersOnline) up")
            table.draw(
                [
                    Span(half.topic), Span(Format.age(age), isOld ? .warning : .number),
                    Span(checked, half.isSetAside ? .bad : .dim),
                    Span(online, half.producersOnline == 0 ? .warning : .good),
                ], &painter, y: rect.y + 1 + line)
        }
    }
}
