import SluiceAPI
import SluiceMessage

// MARK: What it came to
extension OperateDialog {
    private static let mostLines = 10

    func drawResults(_ rect: Rect, _ width: Int, _ painter: inout Painter) {
        let failures = results.filter { if case .done = $0 { false } else { true } }.count
        let unknown = results.filter { if case .failed(let error) = $0 { error.mayBeDone } else { false } }.count
        let title =
            unknown > 0
            ? tr("\(results.count - failures) done, \(unknown) unknown, \(failures - unknown) not")
            : failures == 0
                ? titleWhenDone ?? tr("\(results.count) done")
                : failures == results.count
                    ? tr("Nothing was done") : tr("\(results.count - failures) done, \(failures) not")
        if results.count == 1, case .done(let outcome) = results[0], !outcome.steps.isEmpty {
            return drawSteps(outcome.steps, title, rect, width, &painter)
        }
        let all = resultLines
        let shown = all.prefix(Self.mostLines)
        let heights = shown.map { DialogBox.wrap($0.text, width: width - 4, limit: 3).count }.reduce(0, +)
        let more = all.count - shown.count
        var box = DialogBox(title, lines: heights + 2 + (more > 0 ? 1 : 0), width: width, in: rect, &painter)
        for line in shown { box.paragraph(line.text, line.role, limit: 3, &painter) }
        if more > 0 { box.line(tr("and \(more) more"), .dim, &painter) }
        box.keys([("Esc", tr("close"))], isFocused: true, &painter)
    }

    private func drawSteps(
        _ steps: [ResetStep], _ title: String, _ rect: Rect, _ width: Int, _ painter: inout Painter
    ) {
        let rows = min(steps.count, max(2, rect.height - 7))
        var box = DialogBox(title, lines: rows + 3, width: width, in: rect, &painter)
        ResetSteps.draw(steps, rows: rows, &box, &painter)
        box.line(ResetSteps.summary(steps, isDone: true), .good, &painter)
        box.keys([("Esc", tr("close"))], isFocused: true, &painter)
    }

    /// A line for each action, and for each place where something was stored. What failed comes first: it is what
    /// somebody has to read.
    private var resultLines: [Span] {
        var failed: [Span] = []
        var done: [Span] = []
        for (index, result) in results.enumerated() {
            let name = names.indices.contains(index) ? names[index] + ": " : ""
            switch result {
            case .failed(let error): failed.append(Span("! \(name)\(error.message)", .attention))
            case .notTried: failed.append(Span("! \(name)\(tr("not tried after that"))", .bad))
            case .done(let outcome): done += Self.lines(of: outcome, index < names.count ? names[index] : nil)
            }
        }
        return failed + done
    }

    private static func lines(of outcome: ActionOutcome, _ name: String?) -> [Span] {
        if let resolved = outcome.resolution, let name, let place = resolved.visibleAt {
            let offset = resolved.queueOffset.map { tr(" at offset \(Format.exact($0))") } ?? ""
            let groups =
                resolved.receivers.isEmpty
                ? tr("nobody yet") : resolved.receivers.prefix(6).map(receiver).joined(separator: ", ")
            let text = tr(
                "✓ \(name) is visible in \(place.topic) / queue \(place.queue)\(offset) and goes to \(groups).")
            return [Span(text, .good)]
        }
        let places = outcome.stored.map { place in
            let at = place.queue
            return Span(
                tr("✓ \(at.topic) / queue \(at.queue) / offset \(Format.exact(place.queueOffset))   \(place.id)"), .good
            )
        }
        return [Span("✓ \(sentence(outcome.text))", .good)] + places
    }

    /// A group that reads a topic, and how many of it are there to do so.
    static func receiver(_ group: TopicStatus.GroupOnTopic) -> String {
        group.clients == 0
            ? tr("\(group.group) (0: offline)") : "\(group.group) (\(Format.plural(group.clients, "client")))"
    }
}
