extension Chooser {
    func draw(_ rect: Rect, _ painter: inout Painter) {
        let rows = min(choices.count, max(1, rect.height - 4))
        var box = DialogBox(title, lines: rows + 1, width: 36, in: rect, &painter)
        let top = max(0, min(selected - rows / 2, choices.count - rows))
        for index in top..<(top + rows) where choices.indices.contains(index) {
            let current = choices[index] == original ? tr("  now") : ""
            box.row([Span(choices[index]), Span(current, .dim)], steps: index - selected, &painter)
        }
        box.keys([("Enter", tr("take it")), ("Esc", tr("leave it"))], isFocused: false, &painter)
    }
}

extension JumpDialog {
    func draw(_ rect: Rect, _ painter: inout Painter) {
        var box = DialogBox(tr("Go to an offset of \(title)"), lines: 3, width: 56, in: rect, &painter)
        box.field(tr("Offset"), field, isFocused: true, labelWidth: 7, &painter)
        if let problem { box.line(problem, .bad, &painter) }
        box.keys([("Enter", tr("go")), ("Esc", tr("leave it"))], isFocused: false, &painter)
    }
}
