import SluiceAPI
import SluiceMessage

extension PublishForm {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        switch mode {
        case .picking(let selected): return drawTemplates(selected, rect, &painter)
        case .form, .naming: break
        }
        let title = isTransaction ? tr("Publish as half of a transaction") : tr("Publish a message")
        let rows = bodyRows(rect)
        var box = DialogBox(
            title, lines: (isTransaction ? 10 : 9) + rows, width: min(96, rect.width - 2), in: rect, &painter)
        let label = 14
        func text(_ item: Item) -> TextField { fields[item] ?? TextField() }
        func isIn(_ item: Item) -> Bool { mode == .form && focus == item }
        box.field(
            tr("Topic"), text(.topic), isFocused: isIn(.topic), labelWidth: label, hint: topicHint(model), &painter)
        box.field(tr("Tag"), text(.tag), isFocused: isIn(.tag), labelWidth: label, &painter)
        box.field(tr("Key"), text(.key), isFocused: isIn(.key), labelWidth: label, hint: keyHint, &painter)
        let size = Format.bytes((fields[.body]?.text ?? "").utf8.count)
        box.area(
            tr("Body"), text(.body), rows: rows, isFocused: isIn(.body), labelWidth: label, hint: [Span(size, .dim)],
            &painter)
        box.field(
            tr("Delay"), text(.delay), isFocused: isIn(.delay), labelWidth: label, hint: delayHint(model), &painter)
        box.field(
            tr("Properties"), text(.properties), isFocused: isIn(.properties), labelWidth: label,
            hint: isIn(.properties) ? [Span(tr("name=value name2=value2"), .dim)] : [], &painter)
        box.choice(
            tr("Transaction"), [tr("no"), tr("yes, leave it unresolved")], selected: isTransaction ? 1 : 0,
            isFocused: isIn(.transaction), labelWidth: label, &painter)
        if isTransaction {
            box.field(
                tr("Producer group"), text(.producerGroup), isFocused: isIn(.producerGroup), labelWidth: label, &painter
            )
        }
        if mode == .naming {
            box.field(tr("Save as"), templateName, isFocused: true, labelWidth: label, hint: nameHint, &painter)
        } else {
            drawState(&box, &painter)
        }
        if mode == .naming {
            box.keys([("Enter", tr("save the template")), ("Esc", tr("back to the form"))], isFocused: false, &painter)
        } else {
            box.keys(
                [
                    (focus == .send ? "Enter" : "Ctrl-S", tr("publish")), ("↑↓", tr("earlier")),
                    ("Ctrl-O", tr("template")),
                    ("Ctrl-T", tr("save")), ("Esc", tr("leave")),
                ], isFocused: focus == .send, &painter)
        }
    }

    /// As many as the body has, and one more to see that it goes on.
    private func bodyRows(_ rect: Rect) -> Int {
        let lines = fields[.body]?.lines.count ?? 1
        return max(1, min(rect.height - 14, lines == 1 ? 1 : lines + 1, 8))
    }

    private var nameHint: [Span] { problem.map { [Span($0, .bad)] } ?? [] }

    private func drawState(_ box: inout DialogBox, _ painter: inout Painter) {
        if let problem {
            box.line(problem, .bad, &painter)
        } else if pending != nil {
            box.line(tr("Publishing…"), .accent, &painter)
        } else if let recalled {
            box.line(tr("\(recalled + 1) of \(history.count) published from here"), .dim, &painter)
        } else {
            box.line(note ?? "", .good, &painter)
        }
    }

    private func drawTemplates(_ selected: Int, _ rect: Rect, _ painter: inout Painter) {
        let list = templates ?? []
        let rows = min(max(1, list.count), max(1, rect.height - 4 - templateProblems.count))
        var box = DialogBox(
            tr("Templates"), lines: rows + 1 + templateProblems.count, width: min(96, rect.width - 2), in: rect,
            &painter)
        if list.isEmpty {
            let text = templates == nil ? tr("Reading them…") : tr("None yet: Ctrl-T in the form saves one.")
            box.line(text, .dim, &painter)
        }
        let top = max(0, min(selected - rows / 2, list.count - rows))
        for index in top..<min(list.count, top + rows) {
            let template = list[index]
            box.row(
                [
                    Span(DisplayWidth.pad(template.name, to: 24)), Span(" \(template.topic)  ", .accent),
                    Span(MessagesScreen.bodyPeek(Array(template.body.utf8.prefix(400))), .dim),
                ], steps: index - selected, &painter)
        }
        for problem in templateProblems { box.line(problem, .bad, &painter) }
        box.keys([("Enter", tr("fill the form with it")), ("Esc", tr("back to the form"))], isFocused: false, &painter)
    }

    private var keyHint: [Span] { focus == .key ? [Span(tr("several: with spaces"), .dim)] : [] }

    private func topicHint(_ model: ConsoleModel) -> [Span] {
        let name = self.text(.topic)
        guard !name.isEmpty, let topics = model.data.topics.value else { return [] }
        return topics.contains { $0.config.name == name } ? [] : [Span(tr("a new topic"), .attention)]
    }

    /// What the delay typed so far means.
    private func delayHint(_ model: ConsoleModel) -> [Span] {
        let text = self.text(.delay)
        guard !text.isEmpty else { return focus == .delay ? [Span("5, 90s, +5m, 14:30", .dim)] : [] }
        switch model.dialogContext.moments.delay(text) {
        case .success(.level(let level)?):
            let levels = model.data.delays.value?.levels ?? []
            let length = levels.indices.contains(level - 1) ? " = \(DelaysScreen.levelText(levels[level - 1]))" : ""
            return [Span(tr("level \(level)\(length)"), .good)]
        case .success(.after(let length)?): return [Span(tr("due in \(DelaysScreen.levelText(length))"), .good)]
        case .success(.at(let moment)?):
            return [Span(tr("due \(model.moment(moment)), in \(Format.countdown(moment - model.now))"), .good)]
        case .success(nil): return []
        case .failure(let problem): return [Span(problem.text, .bad)]
        }
    }
}
