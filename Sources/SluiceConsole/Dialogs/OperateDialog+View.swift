import SluiceAPI

extension OperateDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let width = min(104, rect.width - 2)
        if isFinished { return drawResults(rect, width, &painter) }
        let above = sentences(model)
        let inner = width - 4
        let lines = above.reduce(0) { $0 + DialogBox.wrap($1.text, width: inner, limit: 2).count }
        var box = DialogBox(title, lines: lines + places.count + 1, width: width, in: rect, &painter)
        for sentence in above { box.paragraph(sentence.text, sentence.role, limit: 2, &painter) }
        let label = labelWidth
        for (index, field) in fields.enumerated() {
            let isFocused = focus == .field(index)
            if field.isChoice {
                box.choice(
                    field.label, field.choices, selected: field.selected, isFocused: isFocused, labelWidth: label,
                    &painter)
            } else {
                let hint = field.hint.isEmpty ? [] : [Span(field.hint, .dim)]
                box.field(field.label, field.text, isFocused: isFocused, labelWidth: label, hint: hint, &painter)
            }
        }
        box.field("Reason", reason, isFocused: focus == .reason, labelWidth: label, &painter)
        if password != nil { box.field(passwordName, typed, isFocused: focus == .typed, labelWidth: label, &painter) }
        box.line(state.text, state.role, &painter)
        let isChoosing = focus == .choices
        let tab = isChoosing ? "" : "Tab, "
        box.keys(
            [(tab + "d", "dry run"), (tab + "y", verb), ("Esc", "leave it")], isFocused: isChoosing, &painter)
    }

    private var labelWidth: Int {
        let names = fields.map(\.label) + ["Reason"] + (password == nil ? [] : [passwordName])
        return min(44, names.map(DisplayWidth.of).max() ?? 7)
    }

    /// What it is about, what it would do, and what taking it back costs.
    private func sentences(_ model: ConsoleModel) -> [Span] {
        var list = facts(model)
        list.append(trialSentence)
        if let sentence = model.substitute(for: feature) { list.append(Span(sentence, .warning)) }
        switch reversal {
        case .reversible(let how): list.append(Span("Reversible: \(how)", .dim))
        case .compensable(let how): list.append(Span("Compensable: \(how)", .dim))
        case .final(let why): list.append(Span("Final: \(why)", .warning))
        }
        return list
    }

    private var trialSentence: Span {
        guard !actions.isEmpty else { return Span("Dry run: nothing to try yet.", .dim) }
        guard trials.count == wantedTrials, let first = trials.first else { return Span("Dry run: asking…", .dim) }
        let refused = trials.compactMap { if case .failed(let error) = $0 { error.message } else { nil } }
        if actions.count == 1 || refused.count == trials.count {
            switch first {
            case .done(let outcome): return Span("Dry run: \(outcome.text).", .text)
            case .failed(let error): return Span("Dry run: \(error.message)", .bad)
            }
        }
        let tried = trials.count < actions.count ? "the first \(trials.count) of \(actions.count)" : "\(actions.count)"
        if let refusal = refused.first {
            let text = "Dry run of \(tried): \(refused.count) would be refused, as \(refusal)"
            return Span(text, .attention)
        }
        guard case .done(let outcome) = first else { return Span("", .dim) }
        return Span("Dry run of \(tried): each \(outcome.text).", .text)
    }

    private var state: Span {
        if isCommitting {
            return Span(actions.count == 1 ? "Doing it…" : "\(results.count) of \(actions.count) done…", .accent)
        }
        return problem.map { Span($0, .bad) } ?? Span("", .dim)
    }

    private func drawResults(_ rect: Rect, _ width: Int, _ painter: inout Painter) {
        let failures = results.filter { if case .failed = $0 { true } else { false } }.count
        let title =
            failures == 0
            ? "\(results.count) done"
            : failures == results.count ? "Nothing was done" : "\(results.count - failures) done, \(failures) not"
        // What failed is what somebody has to read.
        let sorted =
            results.filter { if case .failed = $0 { true } else { false } }
            + results.filter { if case .done = $0 { true } else { false } }
        let shown = min(sorted.count, 10)
        let more = sorted.count - shown
        var box = DialogBox(title, lines: shown + 2 + (more > 0 ? 1 : 0), width: width, in: rect, &painter)
        for result in sorted.prefix(shown) {
            switch result {
            case .done(let outcome): box.line("✓ \(Self.sentence(outcome.text))", .good, &painter)
            case .failed(let error): box.line("! \(error.message)", .attention, &painter)
            }
        }
        if more > 0 { box.line("and \(more) more", .dim, &painter) }
        box.keys([("Esc", "close")], isFocused: true, &painter)
    }
}
