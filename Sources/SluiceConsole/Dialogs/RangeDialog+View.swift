import SluiceAPI

extension RangeDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let width = min(96, rect.width - 2)
        let effect = effect(model)
        let lines = DialogBox.wrap(effect.text, width: width - 4, limit: 3).count
        let final = OperateDialog.Reversal.final("it can be paused and cancelled; what is stored again by then stays.")
            .sentence
        let finalLines = DialogBox.wrap(final, width: width - 4, limit: 2).count
        var box = DialogBox(
            "Store a time of \(topic) again", lines: lines + finalLines + 7, width: width, in: rect, &painter)
        let label = 12
        func isIn(_ place: Focus) -> Bool { focus == place && !isCommitting }
        box.field(
            "From", from, isFocused: isIn(.from), labelWidth: label, hint: [momentHint(model, plan?.from)], &painter)
        box.field("To", to, isFocused: isIn(.to), labelWidth: label, hint: [momentHint(model, plan?.to)], &painter)
        box.field(
            "Into topic", target, isFocused: isIn(.target), labelWidth: label,
            hint: [Span("empty is \(topic) itself", .dim)], &painter)
        box.choice(
            "Pace", Self.speeds.map(\.label), selected: speed, isFocused: isIn(.speed), labelWidth: label, &painter)
        box.paragraph(effect.text, effect.role, limit: 3, &painter)
        box.paragraph(final, .warning, limit: 2, &painter)
        box.field("Reason", reason, isFocused: isIn(.reason), labelWidth: label, &painter)
        box.field("Type \(Self.password)", typed, isFocused: isIn(.typed), labelWidth: label, &painter)
        let isChoosing = focus == .choices
        box.keys(
            [
                (isChoosing ? "d" : "Tab, d", "dry run again"), (isChoosing ? "y" : "Tab, y", "start it"),
                ("Esc", "leave it"),
            ], isFocused: isChoosing, &painter)
    }

    private func momentHint(_ model: ConsoleModel, _ time: Int64?) -> Span {
        time.map { Span(model.moment($0), .good) } ?? Span("14:30, -10m, 2026-01-31 14:30", .dim)
    }

    private func effect(_ model: ConsoleModel) -> Span {
        if isCommitting { return Span("Starting…", .accent) }
        if let problem { return Span(problem, .bad) }
        guard let plan else { return Span("From when to when?", .dim) }
        guard let trial else { return Span("Dry run: asking…", .dim) }
        let length =
            plan.speed > 0
            ? " It takes \(Format.age(Int64(Double(plan.to - plan.from) / plan.speed)))." : ""
        return Span("Dry run: \(trial.text).\(length)")
    }
}
