/// The frame of a dialog, and the lines that are drawn into it from top to bottom.
struct DialogBox {
    /// Inside of the frame.
    let inner: Rect
    private(set) var y: Int

    /// Draws an empty dialog near the bottom of an area, so that what it is about stays visible above it.
    init(_ title: String, lines: Int, width: Int, in area: Rect, _ painter: inout Painter) {
        let width = min(width, area.width - 2)
        let height = min(lines + 2, area.height)
        let rect = Rect(
            x: area.x + (area.width - width) / 2, y: area.maxY - height - (area.height > height + 2 ? 1 : 0),
            width: width,
            height: height)
        painter.buffer.fill(rect, style: painter.theme[.dialog])
        painter.ground = .dialog
        painter.buffer.box(
            rect, title: painter.plain(title), style: painter.style(.dialogBorder), titleStyle: painter.style(.title),
            ascii: painter.isASCII)
        inner = rect.inset(horizontal: 2, vertical: 1)
        y = inner.y
    }

    var isFull: Bool { y >= inner.maxY }

    mutating func line(_ spans: [Span], _ painter: inout Painter) {
        guard !isFull else { return }
        painter.put(spans, x: inner.x, y: y, width: inner.width)
        y += 1
    }
    mutating func line(_ text: String, _ role: Role = .text, _ painter: inout Painter) {
        line([Span(text, role)], &painter)
    }

    /// A sentence over as many lines as it needs, at most `limit`.
    mutating func paragraph(_ text: String, _ role: Role = .text, limit: Int = 3, _ painter: inout Painter) {
        for part in Self.wrap(text, width: inner.width, limit: limit) { line(part, role, &painter) }
    }

    /// A label and a field; the one with the cursor is drawn as such.
    mutating func field(
        _ label: String, _ field: TextField, isFocused: Bool, labelWidth: Int, hint: [Span] = [],
        _ painter: inout Painter
    ) {
        addPlace(isFocused, &painter)
        guard !isFull else { return }
        painter.put(label, x: inner.x, y: y, width: labelWidth, isFocused ? .accent : .dim)
        let hintWidth = hint.reduce(0) { $0 + DisplayWidth.of($1.text) }
        let x = inner.x + labelWidth + 1
        let room = max(8, inner.maxX - x - (hintWidth == 0 ? 0 : hintWidth + 2))
        painter.buffer.fill(Rect(x: x, y: y, width: min(room, inner.maxX - x), height: 1), style: painter.theme[.input])
        let window = field.window(min(room, inner.maxX - x))
        painter.put(window.text, x: x, y: y, width: room, .input)
        if isFocused { painter.cursor = (x + window.cursor, y) }
        painter.put(hint, x: x + room + 2, y: y, width: inner.maxX - x - room - 2)
        y += 1
    }

    /// A label and a field of several lines, of which those around the cursor are shown.
    mutating func area(
        _ label: String, _ field: TextField, rows: Int, isFocused: Bool, labelWidth: Int, hint: [Span] = [],
        _ painter: inout Painter
    ) {
        addPlace(isFocused, rows: rows, &painter)
        let row = field.place.row
        let top = max(0, min(row - rows + 1, field.lines.count - rows))
        let hintWidth = hint.reduce(0) { $0 + DisplayWidth.of($1.text) }
        let x = inner.x + labelWidth + 1
        let room = max(1, min(max(8, inner.maxX - x - (hintWidth == 0 ? 0 : hintWidth + 2)), inner.maxX - x))
        for index in top..<(top + rows) where !isFull {
            let first = index == top
            painter.put(
                first ? label : index == top + 1 && field.lines.count > rows ? tr("\(field.lines.count) lines") : "",
                x: inner.x,
                y: y, width: labelWidth, first && isFocused ? .accent : .dim)
            painter.buffer.fill(Rect(x: x, y: y, width: room, height: 1), style: painter.theme[.input])
            let window = field.line(index).window(room)
            painter.put(window.text, x: x, y: y, width: room, .input)
            if isFocused, index == row { painter.cursor = (x + window.cursor, y) }
            if first { painter.put(hint, x: x + room + 2, y: y, width: inner.maxX - x - room - 2) }
            y += 1
        }
    }

    /// A label and one of a few choices.
    mutating func choice(
        _ label: String, _ choices: [String], selected: Int, isFocused: Bool, labelWidth: Int, _ painter: inout Painter
    ) {
        let place = painter.clicks.places
        addPlace(isFocused, &painter)
        guard !isFull else { return }
        painter.put(label, x: inner.x, y: y, width: labelWidth, isFocused ? .accent : .dim)
        var x = inner.x + labelWidth + 1
        for (index, choice) in choices.enumerated() {
            let isChosen = index == selected
            let text = isChosen ? "‹\(choice)›" : " \(choice) "
            let width = painter.put(
                text, x: x, y: y, width: inner.maxX - x, isChosen ? (isFocused ? .accent : .text) : .dim)
            painter.clicks.add(
                .choice(place: place, steps: index - selected), Rect(x: x, y: y, width: width, height: 1))
            x += width
        }
        y += 1
    }

    mutating func skip() { y += 1 }

    private func addPlace(_ isFocused: Bool, rows: Int = 1, _ painter: inout Painter) {
        let height = min(rows, inner.maxY - y)
        let rect = Rect(x: inner.x, y: y, width: inner.width, height: height)
        painter.clicks.addPlace(height > 0 ? rect : nil, isFocused: isFocused)
    }

    /// A row of a list of choices, `steps` below the selected one.
    mutating func row(_ spans: [Span], steps: Int, _ painter: inout Painter) {
        guard !isFull else { return }
        let rect = Rect(x: inner.x, y: y, width: inner.width, height: 1)
        painter.clicks.add(.row(steps: steps), rect)
        line([Span("  ")] + spans, &painter)
        guard steps == 0 else { return }
        painter.put("▸", x: rect.x, y: rect.y, .accent)
        painter.select(rect)
    }

    /// The keys, in the last line. Characters among them count only with the focus there, since elsewhere they are text.
    func keys(_ keys: [(String, String)], isFocused: Bool, _ painter: inout Painter) {
        var spans: [Span] = []
        var places: [(key: Key, start: Int, width: Int)] = []
        var used = 0
        for (name, label) in keys {
            let parts = [Span(used == 0 ? "" : "   "), Span(name, isFocused ? .footerKey : .key), Span(" " + label)]
            let width = parts.reduce(0) { $0 + DisplayWidth.of($1.text) }
            let word = name.split(separator: " ").last.map(String.init) ?? name
            if let key = Key(spelled: word) { places.append((key, used, width)) }
            spans += parts
            used += width
        }
        let x = max(inner.x + 2, inner.maxX - used)
        if isFocused { painter.put("▸", x: x - 2, y: inner.maxY - 1, .accent) }
        painter.put(spans, x: x, y: inner.maxY - 1, width: inner.maxX - x)
        for (key, start, width) in places where x + start < inner.maxX {
            var place: Int?
            if case .character = key { place = painter.clicks.places }
            let rect = Rect(x: x + start, y: inner.maxY - 1, width: min(width, inner.maxX - x - start), height: 1)
            painter.clicks.add(.key(key, place: place), rect)
        }
    }

    static func wrap(_ text: String, width: Int, limit: Int) -> [String] {
        guard width > 0 else { return [] }
        let lines = DisplayWidth.lines(text, width: width)
        guard lines.count > limit else { return lines }
        return lines.prefix(limit - 1) + [lines[(limit - 1)...].joined(separator: " ")]
    }
}
