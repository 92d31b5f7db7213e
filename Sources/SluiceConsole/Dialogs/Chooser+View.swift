extension Chooser {
    func draw(_ rect: Rect, _ painter: inout Painter) {
        let rows = min(choices.count, max(1, rect.height - 4))
        var box = DialogBox(title, lines: rows + 1, width: 36, in: rect, &painter)
        let top = max(0, min(selected - rows / 2, choices.count - rows))
        for index in top..<(top + rows) where choices.indices.contains(index) {
            let y = box.y
            let current = choices[index] == original ? "  now" : ""
            box.line([Span("  " + choices[index]), Span(current, .dim)], &painter)
            guard index == selected else { continue }
            painter.put("▸", x: box.inner.x, y: y, .accent)
            painter.select(Rect(x: box.inner.x, y: y, width: box.inner.width, height: 1))
        }
        box.keys([("Enter", "take it"), ("Esc", "leave it")], isFocused: false, &painter)
    }
}

extension JumpDialog {
    func draw(_ rect: Rect, _ painter: inout Painter) {
        var box = DialogBox("Go to an offset of \(title)", lines: 3, width: 56, in: rect, &painter)
        box.field("Offset", field, isFocused: true, labelWidth: 7, &painter)
        if let problem { box.line(problem, .bad, &painter) }
        box.keys([("Enter", "go"), ("Esc", "leave it")], isFocused: false, &painter)
    }
}
