import SluiceAPI
import SluiceMessage

extension ResolveDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        if !results.isEmpty && !isCommitting { return drawResults(model, rect, &painter) }
        let isCommit = resolution == .commit
        let what = halves.count == 1 ? "this half message" : "\(halves.count) half messages"
        let title = isCommit ? "Commit \(what)?" : "Roll back \(what)?"
        let width = min(114, rect.width - 2)
        let effect = effectSentences(model)
        let effectLines = effect.map { DialogBox.wrap($0.text, width: width - 4, limit: 2).count }.reduce(0, +)
        var box = DialogBox(title, lines: effectLines + 4, width: width, in: rect, &painter)
        for sentence in effect { box.paragraph(sentence.text, sentence.role, limit: 2, &painter) }
        let label = max(7, DisplayWidth.of("\(passwordName) \(password)"))
        box.field("Reason", reason, isFocused: focus == .reason, labelWidth: label, &painter)
        box.field("\(passwordName) \(password)", typed, isFocused: focus == .typed, labelWidth: label, &painter)
        if isCommitting {
            box.line(
                "\(isCommit ? "Committing" : "Rolling back")… \(results.count) of \(halves.count) done", .accent,
                &painter)
        } else if let problem {
            box.line(problem, .bad, &painter)
        } else if pending != nil || !trial.isEmpty {
            box.line([dryRunSentence], &painter)
        } else {
            box.line("", .dim, &painter)
        }
        let isChoosing = focus == .choices
        let yes = isChoosing ? "y" : "Tab, y"
        box.keys(
            [(isChoosing ? "d" : "Tab, d", "dry run"), (yes, isCommit ? "commit" : "roll back"), ("Esc", "leave it")],
            isFocused: isChoosing, &painter)
    }

    private var dryRunSentence: Span {
        if pending != nil { return Span("Dry run: asking, \(trial.count) of \(halves.count)…", .accent) }
        let good = trial.filter { if case .done = $0 { true } else { false } }.count
        if halves.count == 1, case .done(let outcome)? = trial.first {
            return Span("Dry run: \(outcome.text). Nothing was changed.", .good)
        }
        guard good < trial.count else { return Span("Dry run: all \(good) would work. Nothing was changed.", .good) }
        let bad = zip(halves, trial).compactMap { half, result -> String? in
            if case .failed(let error) = result { return error.message }
            return nil
        }
        let count = halves.count == 1 ? "" : "\(good) of \(halves.count) would work. "
        return Span("Dry run: \(count)\(bad.first ?? "")", .bad)
    }

    // MARK: What it does
    private func effectSentences(_ model: ConsoleModel) -> [Span] {
        guard let half = first else { return [] }
        var list: [Span] = []
        if resolution == .rollback {
            let it = halves.count == 1 ? "It is" : "They are"
            list.append(Span("\(it) dropped: no consumer of \(half.topic) will ever see it.", .text))
        } else if halves.count == 1 {
            list.append(
                Span(
                    "It becomes visible in \(half.topic) / queue \(half.queue) and goes to \(receivers(half.topic)).",
                    .text)
            )
        } else {
            for topic in topics.prefix(Self.shownTopics) {
                let count = halves.filter { $0.topic == topic }.count
                list.append(
                    Span("\(count) become\(count == 1 ? "s" : "") visible in \(topic): \(receivers(topic)).", .text))
            }
            if topics.count > Self.shownTopics {
                list.append(Span("And those of \(topics.count - Self.shownTopics) more topics.", .text))
            }
        }
        list.append(Span("Final: it cannot be taken back. Recorded with your reason.", .warning))
        if let error = current.error {
            list.append(Span("It cannot be read any more: \(error.message)", .bad))
        } else if halves.count == 1 {
            list.append(Span(producerSentence(half, model), half.producersOnline == 0 ? .warning : .text))
        }
        return list
    }

    private func receivers(_ topic: String) -> String {
        let target = targets[topic]
        guard let status = target?.value else {
            return target?.error.map { "? (\($0.message))" } ?? "… asking who reads it"
        }
        if status.groups.isEmpty { return "nobody: no group reads this topic" }
        let shown = status.groups.prefix(6).map { Self.receiver($0) }
        let more = status.groups.count > 6 ? " and \(status.groups.count - 6) more" : ""
        return shown.joined(separator: ", ") + more
    }

    static func receiver(_ group: TopicStatus.GroupOnTopic) -> String {
        group.clients == 0
            ? "\(group.group) (0: offline)" : "\(group.group) (\(Format.plural(group.clients, "client")))"
    }

    private func producerSentence(_ half: HalfMessage, _ model: ConsoleModel) -> String {
        if half.producersOnline == 0 {
            return
                "Nobody of \(half.producerGroup) is online to ask; it was asked \(half.checks) of \(half.maxChecks) times."
        }
        let next = half.nextCheck.map { " in \(Format.countdown($0 - model.now))" } ?? " no more"
        return
            "\(half.producerGroup) has \(Format.plural(half.producersOnline, "producer")) online and is asked\(next): it may end this by itself."
    }

    // MARK: What it did
    private func drawResults(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let lines = results.enumerated().map { index, result in line(result, halves[index]) }
        let room = min(lines.count, 10)
        let failed = results.filter { if case .done = $0 { false } else { true } }.count
        let title =
            failed == 0
            ? (resolution == .commit ? "Committed" : "Rolled back")
            : failed == results.count ? "Nothing was changed by you" : "\(results.count - failed) done, \(failed) not"
        let width = min(114, rect.width - 2)
        let wrapped = lines.prefix(room).map { ($0, DialogBox.wrap($0.text, width: width - 4, limit: 3).count) }
        let count = wrapped.map(\.1).reduce(0, +)
        var box = DialogBox(title, lines: count + 2 + (lines.count > room ? 1 : 0), width: width, in: rect, &painter)
        for (span, _) in wrapped { box.paragraph(span.text, span.role, limit: 3, &painter) }
        if lines.count > room { box.line("and \(lines.count - room) more", .dim, &painter) }
        box.keys([("Esc", "close")], isFocused: true, &painter)
    }

    private func line(_ result: Result, _ half: HalfMessage) -> Span {
        let name = half.keys.first ?? Format.shortID(half.id)
        switch result {
        case .done(let outcome):
            guard let resolved = outcome.resolution, let place = resolved.visibleAt else {
                return Span(
                    resolution == .commit ? "✓ \(outcome.text)" : "✓ \(name) is rolled back: nobody will see it.", .good
                )
            }
            let offset = resolved.queueOffset.map { " at offset \(Format.exact($0))" } ?? ""
            let groups =
                resolved.receivers.isEmpty
                ? "nobody yet" : resolved.receivers.prefix(6).map(Self.receiver).joined(separator: ", ")
            return Span(
                "✓ \(name) is visible in \(place.topic) / queue \(place.queue)\(offset) and goes to \(groups).", .good)
        case .failed(let error):
            if error.code == .conflict { return Span("! \(name) was resolved meanwhile: \(error.message)", .attention) }
            return Span("! \(name): \(error.message)", .bad)
        case .notTried: return Span("! \(name): not tried after that", .bad)
        }
    }
}
