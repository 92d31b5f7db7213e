import SluiceAPI
import SluiceMessage

extension ReplayDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let title = messages.count == 1 ? "Publish this message again?" : "Publish \(messages.count) messages again?"
        let width = min(96, rect.width - 2)
        if let done { return drawDone(done, rect, width, &painter) }
        let effect = effect
        let lines = DialogBox.wrap(effect, width: width - 4, limit: 3).count
        var box = DialogBox(title, lines: lines + 6, width: width, in: rect, &painter)
        box.paragraph(effect, limit: 3, &painter)
        box.line("Final: what was published stays. Each copy names its source.", .warning, &painter)
        let own = messages.first.map { "empty is \($0.realTopic)" } ?? ""
        box.field("To topic", target, isFocused: focus == .target, labelWidth: 12, hint: [Span(own, .dim)], &painter)
        box.field("Reason", reason, isFocused: focus == .reason, labelWidth: 12, &painter)
        box.field("Type \(Self.password)", typed, isFocused: focus == .typed, labelWidth: 12, &painter)
        if let problem {
            box.line(problem, .bad, &painter)
        } else {
            let trial = trial.map { "Dry run: \($0.text)." } ?? ""
            box.line(isCommitting ? "Publishing…" : trial, isCommitting ? .accent : .text, &painter)
        }
        let isChoosing = focus == .choices
        box.keys(
            [
                (isChoosing ? "d" : "Tab, d", "dry run"), (isChoosing ? "y" : "Tab, y", "publish again"),
                ("Esc", "leave it"),
            ],
            isFocused: isChoosing, &painter)
    }

    private var effect: String {
        let count = Format.plural(messages.count, "copy", "copies")
        guard let status = receivers.value else {
            let why = receivers.error.map { "? (\($0.message))" } ?? "… asking who reads it"
            return "\(count) would go to \(topic), read by \(why)."
        }
        let groups =
            status.groups.isEmpty
            ? "nobody" : status.groups.prefix(6).map(ResolveDialog.receiver).joined(separator: ", ")
        return "\(count) would go to \(topic), read by \(groups)."
    }

    private func drawDone(_ outcome: ActionOutcome, _ rect: Rect, _ width: Int, _ painter: inout Painter) {
        let receipts = outcome.stored
        let shown = min(receipts.count, 8)
        let title = "\(Format.plural(outcome.count, "message")) published again"
        var box = DialogBox(
            title, lines: shown + 3 + (receipts.count > shown ? 1 : 0), width: width, in: rect, &painter)
        box.line(outcome.text, outcome.count == messages.count ? .good : .attention, &painter)
        for receipt in receipts.prefix(shown) {
            let queue = receipt.queue
            box.line(
                "✓ \(queue.topic) / queue \(queue.queue) / offset \(Format.exact(receipt.queueOffset))   \(receipt.id)",
                .good, &painter)
        }
        if receipts.count > shown { box.line("and \(receipts.count - shown) more", .dim, &painter) }
        box.keys([("Esc", "close")], isFocused: true, &painter)
    }
}
