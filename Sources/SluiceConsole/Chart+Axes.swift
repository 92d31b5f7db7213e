/// Labels and lines around a plot.
extension Chart {
    /// The part of a rectangle that is left for the series; too small a one goes without axes.
    static func plotArea(of rect: Rect, axes: ChartAxes) -> Rect {
        guard axes.shown else { return rect }
        let labels = hasLabels(rect, axes) ? ChartScale.labelWidth(axes.unit) : 0
        return Rect(
            x: rect.x + labels + 1, y: rect.y, width: rect.width - labels - 1,
            height: rect.height - (hasTimes(rect) ? 1 : 0))
    }

    private static func hasLabels(_ rect: Rect, _ axes: ChartAxes) -> Bool {
        rect.width >= ChartScale.labelWidth(axes.unit) + 12
    }

    private static func hasTimes(_ rect: Rect) -> Bool { rect.height >= 4 }

    static func drawAxes(
        into buffer: inout CellBuffer, rect: Rect, plot: Rect, scale: ChartScale, axes: ChartAxes, glyphs: GlyphSet
    ) {
        let lines = glyphs.isASCII ? BoxGlyphs.ascii : .lines
        for row in plot.y..<plot.maxY {
            set(lines.vertical, axes.style, into: &buffer, x: plot.x - 1, y: row)
        }
        if hasLabels(rect, axes) {
            for tick in scale.ticks {
                let row = plot.maxY - 1 - scale.dot(tick, of: plot.height * 4) / 4
                // The lowest label stands beside the x axis when there is one.
                if tick == 0, hasTimes(rect) { continue }
                set(lines.teeLeft, axes.style, into: &buffer, x: plot.x - 1, y: row)
                drawLabel(tick, into: &buffer, right: plot.x - 1, y: row, axes: axes)
            }
        }
        guard hasTimes(rect) else { return }
        let corner: Unicode.Scalar = glyphs.isASCII ? "+" : "└"
        set(corner, axes.style, into: &buffer, x: plot.x - 1, y: plot.maxY)
        for x in plot.x..<max(plot.x, plot.maxX) {
            set(lines.horizontal, axes.style, into: &buffer, x: x, y: plot.maxY)
        }
        if hasLabels(rect, axes) { drawLabel(0, into: &buffer, right: plot.x - 1, y: plot.maxY, axes: axes) }
        drawTimes(into: &buffer, plot: plot, axes: axes)
    }

    private static func drawLabel(
        _ value: Double, into buffer: inout CellBuffer, right: Int, y: Int, axes: ChartAxes
    ) {
        let width = ChartScale.labelWidth(axes.unit)
        let label = DisplayWidth.padLeft(ChartScale.label(value, unit: axes.unit), to: width)
        write(label, axes.style, into: &buffer, x: right - width, y: y)
    }

    private static func drawTimes(into buffer: inout CellBuffer, plot: Rect, axes: ChartAxes) {
        guard let time = axes.time, time.upperBound > time.lowerBound, plot.width > 1 else { return }
        let span = time.upperBound - time.lowerBound
        let step = timeStep(span: span, columns: plot.width)
        let width = step < 60_000 ? 8 : 5
        let offset = Int64(axes.utcOffset) * 1000
        var tick = ((time.lowerBound + offset) / step) * step - offset
        while tick <= time.upperBound {
            defer { tick += step }
            let column = Int(Double(tick - time.lowerBound) / Double(span) * Double(plot.width - 1))
            let left = plot.x + column - width / 2 - 1
            guard tick >= time.lowerBound, left >= plot.x, left + width + 2 <= plot.maxX else { continue }
            let label = " " + clock(tick + offset, seconds: step < 60_000) + " "
            write(label, axes.style, into: &buffer, x: left, y: plot.maxY)
        }
    }

    /// The shortest round step in ms that leaves a label's width free between labels.
    static func timeStep(span: Int64, columns: Int) -> Int64 {
        let seconds: [Int64] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
        ]
        for step in seconds {
            let gap = Int64(step < 60 ? 14 : 12)
            if step * 1000 * Int64(columns) >= span * gap { return step * 1000 }
        }
        return max(86_400_000, (span / 86_400_000) * 86_400_000)
    }

    /// `HH:MM` or `HH:MM:SS` of a local time in epoch ms.
    private static func clock(_ time: Int64, seconds: Bool) -> String {
        let second = Int(((time / 1000) % 86_400 + 86_400) % 86_400)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let minutes = two(second / 3600) + ":" + two(second / 60 % 60)
        return seconds ? minutes + ":" + two(second % 60) : minutes
    }
}
