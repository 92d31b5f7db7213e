import SluiceAPI

extension OperateDialog {
    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let width = min(104, rect.width - 2)
        if isFinished { return drawResults(rect, width, &painter) }
        let above = sentences(model)
        let inner = width - 4
        let lines = above.reduce(0) { $0 + DialogBox.wrap($1.text, width: inner, limit: 2).count }
        let steps = trialSteps
        let rows = steps == nil ? 0 : min(max(1, steps?.count ?? 0), max(2, rect.height - lines - places.count - 6))
        var box = DialogBox(
            title, lines: lines + places.count + 1 + (rows > 0 ? rows + 1 : 0), width: width, in: rect, &painter)
        for sentence in above { box.paragraph(sentence.text, sentence.role, limit: 2, &painter) }
        let label = labelWidth
        for index in shownFields {
            let field = fields[index]
            let isFocused = focus == .field(index)
            if field.isChoice {
                box.choice(
                    field.label, field.shownChoices, selected: field.selected, isFocused: isFocused, labelWidth: label,
                    &painter)
            } else {
                let hint = field.hint.isEmpty ? [] : [Span(field.hint, .dim)]
                box.field(field.label, field.text, isFocused: isFocused, labelWidth: label, hint: hint, &painter)
            }
        }
        if let steps { ResetSteps.draw(steps, rows: rows, &box, &painter) }
        box.field(tr("Reason"), reason, isFocused: focus == .reason, labelWidth: label, &painter)
        if password != nil { box.field(passwordName, typed, isFocused: focus == .typed, labelWidth: label, &painter) }
        box.line(state.text, state.role, &painter)
        let isChoosing = focus == .choices
        let tab = isChoosing ? "" : "Tab, "
        box.keys(
            [(tab + "d", tr("dry run")), (tab + "y", verb), ("Esc", tr("leave it"))], isFocused: isChoosing, &painter)
    }

    private var labelWidth: Int {
        let names = shownFields.map { fields[$0].label } + [tr("Reason")] + (password == nil ? [] : [passwordName])
        return min(44, names.map(DisplayWidth.of).max() ?? 7)
    }

    /// What it is about, what it would do, and what taking it back costs.
    private func sentences(_ model: ConsoleModel) -> [Span] {
        var list = facts(model, actions)
        list.append(trialSentence)
        if let sentence = model.substitute(for: feature) { list.append(Span(sentence, .warning)) }
        list.append(Span(reversal.sentence, reversal.isFinal ? .warning : .dim))
        return list
    }

    private var trialSentence: Span {
        guard !actions.isEmpty else { return Span(tr("Dry run: nothing to try yet."), .dim) }
        guard trials.count == wantedTrials, let first = trials.first else {
            return pending == nil
                ? Span(tr("Dry run: d asks how things stand now."), .dim) : Span(tr("Dry run: asking…"), .dim)
        }
        let refused = trials.compactMap { if case .failed(let error) = $0 { error.message } else { nil } }
        if actions.count == 1 || refused.count == trials.count {
            switch first {
            case .done(let outcome) where !outcome.steps.isEmpty:
                return Span(tr("Dry run: \(ResetSteps.summary(outcome.steps, isDone: false))"), .warning)
            case .done(let outcome): return Span(tr("Dry run: \(outcome.text)."), .text)
            case .failed(let error) where error.code == .unreachable:
                return Span(tr("Dry run: not answered, d asks again. \(Self.sentence(error.message))"), .bad)
            case .failed(let error): return Span(tr("Dry run: \(error.message)"), .bad)
            case .notTried: break
            }
        }
        let tried =
            trials.count < actions.count ? tr("the first \(trials.count) of \(actions.count)") : "\(actions.count)"
        if let refusal = refused.first {
            let text = tr("Dry run of \(tried): \(refused.count) would be refused, as \(refusal)")
            return Span(text, .attention)
        }
        guard case .done(let outcome) = first else { return Span("", .dim) }
        return Span(tr("Dry run of \(tried): each \(outcome.text)."), .text)
    }

    private var state: Span {
        if isCommitting {
            return Span(
                actions.count == 1 ? tr("Doing it…") : tr("\(results.count) of \(actions.count) done…"), .accent)
        }
        return problem.map { Span($0, .bad) } ?? Span("", .dim)
    }

    /// Where each queue would go, of a move that was tried; empty while the broker was not asked, nil of anything else.
    private var trialSteps: [ResetStep]? {
        guard feature == .reset else { return nil }
        guard case .done(let outcome)? = trials.first else { return [] }
        return outcome.steps
    }
}
