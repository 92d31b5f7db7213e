import SluiceAPI
import SluiceMessage

extension PublishForm {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let title = isTransaction ? "Publish as half of a transaction" : "Publish a message"
        var box = DialogBox(title, lines: isTransaction ? 10 : 9, width: min(96, rect.width - 2), in: rect, &painter)
        let label = 14
        func text(_ item: Item) -> TextField { fields[item] ?? TextField() }
        box.field(
            "Topic", text(.topic), isFocused: focus == .topic, labelWidth: label, hint: topicHint(model), &painter)
        box.field("Tag", text(.tag), isFocused: focus == .tag, labelWidth: label, &painter)
        box.field("Key", text(.key), isFocused: focus == .key, labelWidth: label, hint: keyHint, &painter)
        let size = (fields[.body]?.text ?? "").utf8.count
        box.field(
            "Body", text(.body), isFocused: focus == .body, labelWidth: label, hint: [Span(Format.bytes(size), .dim)],
            &painter)
        box.field(
            "Delay", text(.delay), isFocused: focus == .delay, labelWidth: label, hint: delayHint(model), &painter)
        box.choice(
            "Transaction", ["no", "yes, leave it unresolved"], selected: isTransaction ? 1 : 0,
            isFocused: focus == .transaction, labelWidth: label, &painter)
        if isTransaction {
            box.field(
                "Producer group", text(.producerGroup), isFocused: focus == .producerGroup, labelWidth: label, &painter)
        }
        if let problem {
            box.line(problem, .bad, &painter)
        } else {
            box.line(pending == nil ? "" : "Publishing…", .accent, &painter)
        }
        box.skip()
        box.keys(
            [(focus == .send ? "Enter" : "Ctrl-S", "publish"), ("Tab", "next field"), ("Esc", "leave it")],
            isFocused: focus == .send, &painter)
    }

    private var keyHint: [Span] { focus == .key ? [Span("several: with spaces", .dim)] : [] }

    private func topicHint(_ model: ConsoleModel) -> [Span] {
        let name = self.text(.topic)
        guard !name.isEmpty, let topics = model.data.topics.value else { return [] }
        return topics.contains { $0.config.name == name } ? [] : [Span("a new topic", .attention)]
    }

    /// What the delay typed so far means.
    private func delayHint(_ model: ConsoleModel) -> [Span] {
        let text = self.text(.delay)
        guard !text.isEmpty else { return focus == .delay ? [Span("5, 90s, +5m, 14:30", .dim)] : [] }
        switch model.dialogContext.moments.delay(text) {
        case .success(.level(let level)?):
            let levels = model.data.delays.value?.levels ?? []
            let length = levels.indices.contains(level - 1) ? " = \(DelaysScreen.levelText(levels[level - 1]))" : ""
            return [Span("level \(level)\(length)", .good)]
        case .success(.after(let length)?): return [Span("due in \(DelaysScreen.levelText(length))", .good)]
        case .success(.at(let moment)?):
            return [Span("due \(model.moment(moment)), in \(Format.countdown(moment - model.now))", .good)]
        case .success(nil): return []
        case .failure(let problem): return [Span(problem.text, .bad)]
        }
    }
}
