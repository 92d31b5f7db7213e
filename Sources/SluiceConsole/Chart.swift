/// Line and area charts.
public enum Chart {
    /// Draws series over each other, the last on top, with axes and markers. Only `rect` changes, and of its cells'
    /// styles only the foreground and the attributes.
    public static func draw(
        into buffer: inout CellBuffer, rect: Rect, series: [ChartSeries], axes: ChartAxes, markers: [ChartMarker] = [],
        glyphs: GlyphSet
    ) {
        let plot = plotArea(of: rect, axes: axes)
        guard !plot.isEmpty else { return }
        var largest = markers.reduce(0) { max($0, $1.value) }
        for one in series { largest = one.values.reduce(largest) { max($0, $1 ?? 0) } }
        let scale = ChartScale(largest: largest, maximum: axes.maximum, unit: axes.unit, rows: plot.height)
        if axes.shown { drawAxes(into: &buffer, rect: rect, plot: plot, scale: scale, axes: axes, glyphs: glyphs) }
        var order = 0
        var canvases: [ChartCanvas] = []
        for one in series {
            var canvas = ChartCanvas(
                glyphs: glyphs, filled: one.filled, order: order, width: plot.width, height: plot.height)
            order += one.filled ? 0 : 1
            let samples = resample(one.values, to: plot.width * ChartCanvas.dotsAcross(glyphs), time: axes.time)
            let dots = plot.height * canvas.dotsDown
            canvas.draw(samples.map { value in value.map { scale.dot($0, of: dots) } })
            paint(canvas, of: one, into: &buffer, plot: plot)
            canvases.append(canvas)
        }
        for marker in markers where marker.value >= 0 && marker.value <= scale.top {
            draw(marker, into: &buffer, plot: plot, scale: scale, over: canvases, glyphs: glyphs)
        }
    }

    /// How many values next to each other a chart in this place can show one by one.
    public static func slots(in rect: Rect, axes: ChartAxes, glyphs: GlyphSet) -> Int {
        plotArea(of: rect, axes: axes).width * ChartCanvas.dotsAcross(glyphs)
    }

    private static func paint(
        _ canvas: ChartCanvas, of series: ChartSeries, into buffer: inout CellBuffer, plot: Rect
    ) {
        for row in 0..<plot.height {
            var style = series.style
            if let gradient = series.gradient {
                let steps = max(1, plot.height - 1)
                style.foreground = gradient.colour(at: Double(plot.height - 1 - row) / Double(steps))
            }
            for column in 0..<plot.width {
                guard let glyph = canvas.glyph(column: column, row: row) else { continue }
                set(glyph, style, into: &buffer, x: plot.x + column, y: plot.y + row)
            }
        }
    }

    /// A dashed line over what is blank or solidly filled, and the label at its right end.
    private static func draw(
        _ marker: ChartMarker, into buffer: inout CellBuffer, plot: Rect, scale: ChartScale,
        over canvases: [ChartCanvas],
        glyphs: GlyphSet
    ) {
        let row = plot.height - 1 - scale.dot(marker.value, of: plot.height * 4) / 4
        let line: Unicode.Scalar = glyphs.isASCII ? "-" : "╌"
        for column in 0..<plot.width {
            let onTop = canvases.last { $0.glyph(column: column, row: row) != nil }
            if onTop?.isFull(column: column, row: row) ?? true {
                set(line, marker.style, into: &buffer, x: plot.x + column, y: plot.y + row)
            }
        }
        guard !marker.label.isEmpty, plot.width > 8 else { return }
        let label = " " + DisplayWidth.clip(marker.label, to: plot.width - 6) + " "
        write(
            label, marker.style, into: &buffer, x: plot.maxX - 2 - DisplayWidth.of(label), y: plot.y + row,
            maxWidth: plot.width)
    }

    /// Sets a glyph and keeps the background that is there, unless the style has one of its own.
    static func set(_ glyph: Unicode.Scalar, _ style: Style, into buffer: inout CellBuffer, x: Int, y: Int) {
        var style = style
        if style.background == .terminal { style.background = buffer[x, y].style.background }
        buffer[x, y] = Cell(.scalar(glyph), style)
    }

    static func write(
        _ text: String, _ style: Style, into buffer: inout CellBuffer, x: Int, y: Int, maxWidth: Int = .max
    ) {
        var style = style
        if style.background == .terminal { style.background = buffer[x, y].style.background }
        buffer.write(text, x: x, y: y, maxWidth: maxWidth, style: style)
    }
}

// MARK: Values to dots
extension Chart {
    /// One value a dot column, the newest last. Of values that share a column the highest is shown, so that no peak is
    /// lost; between values that stand further apart than a column there is a straight line.
    ///
    /// With a time the columns are cut at fixed moments, so that a curve keeps its shape while it moves left.
    static func resample(_ values: [Double?], to slots: Int, time: ClosedRange<Int64>?) -> [Double?] {
        let values = values.map { $0.flatMap { $0.isNaN ? nil : $0 } }
        guard values.count > 1, slots > 0 else {
            return Array(repeating: nil, count: max(0, slots - values.count)) + values.suffix(slots)
        }
        if values.count == slots { return values }
        if values.count < slots { return stretch(values, to: slots) }
        guard let time, time.upperBound > time.lowerBound, time.lowerBound >= 0 else {
            return gather(values, slots: slots) { $0 * slots / values.count }
        }
        // Every value stands for the step that ends with it.
        let step = Double(time.upperBound - time.lowerBound) / Double(values.count - 1)
        let width = step * Double(values.count) / Double(slots)
        func bucket(_ index: Int) -> Int {
            Int(((Double(time.lowerBound) + step * Double(index)).rounded() / width).rounded(.down))
        }
        let first = bucket(values.count - 1) - slots + 1
        return gather(values, slots: slots) { bucket($0) - first }
    }

    private static func gather(_ values: [Double?], slots: Int, _ slot: (Int) -> Int) -> [Double?] {
        var result = [Double?](repeating: nil, count: slots)
        for (index, value) in values.enumerated() {
            let slot = slot(index)
            guard let value, result.indices.contains(slot) else { continue }
            result[slot] = max(result[slot] ?? value, value)
        }
        return result
    }

    private static func stretch(_ values: [Double?], to slots: Int) -> [Double?] {
        (0..<slots).map { slot in
            let place = Double(slot) * Double(values.count - 1) / Double(slots - 1)
            let index = min(values.count - 2, Int(place))
            let part = place - Double(index)
            guard let left = values[index], let right = values[index + 1] else {
                return values[part < 0.5 ? index : index + 1]
            }
            return left + (right - left) * part
        }
    }
}
