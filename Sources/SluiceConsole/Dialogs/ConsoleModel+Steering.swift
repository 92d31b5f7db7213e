import SluiceAPI
import SluiceMessage

// MARK: Gates and publish limits
extension ConsoleModel {
    /// The group in front: of the group screen, or the row selected in a list of groups.
    var groupInFront: String? {
        switch place {
        case .group(let name): name
        case .groups, .deadLetters: selectedRow?.id
        default: nil
        }
    }

    /// The topic in front: of its screens, or the row selected in the list of topics.
    var topicInFront: String? {
        switch place {
        case .topic(let name): name
        case .messages(let id), .message(let id, _): id.topic
        case .topics: selectedRow?.id
        default: nil
        }
    }

    var whyNoGate: String? {
        if let reason = whyNoActing { return reason }
        if let reason = whyNot(.pause), whyNot(.gateLimit) != nil { return reason }
        return groupInFront == nil ? tr("There is no group to hold back.") : nil
    }

    var whyNoLimit: String? {
        whyNoAct(.publishLimit) ?? (topicInFront == nil ? tr("There is no topic to limit.") : nil)
    }

    /// Limits a group's delivery, pauses it, or lets it go.
    mutating func openGate(_ effects: inout [Effect]) {
        guard let group = groupInFront else { return }
        let setting = gate(group)
        let canLimit = whyNot(.gateLimit) == nil
        let canPause = whyNot(.pause) == nil
        let choices = (canLimit ? [later("limit")] : []) + (canPause ? [later("pause")] : []) + [later("release")]
        var rate = ""
        if case .limited(let now) = setting { rate = Self.plain(now) }
        let wanted = setting == .paused ? "release" : canLimit ? "limit" : "pause"
        var fields = [
            OperateDialog.Field.choice(tr("Gate"), choices, selected: choices.firstIndex(of: wanted) ?? 0)
        ]
        if canLimit { fields.append(.text(tr("Messages/s"), rate, hint: tr("0.1 to 1,000,000"))) }
        var dialog = OperateDialog(
            title: tr("Gate of \(group)"), verb: tr("set the gate"), feature: canLimit ? .gateLimit : .pause,
            reversal: .reversible(tr("g again sets it as it was: \(Self.words(setting)).")), risk: .run, fields: fields,
            make: { fields, _ in Self.gateAction(group, fields) })
        dialog.facts = { model, _ in model.gateFacts(group) }
        dialog.questions = { _ in [.question(.gates(group: group)), .question(.gates(group: nil))] }
        open(dialog, &effects)
    }

    private static func gateAction(
        _ group: String, _ fields: [OperateDialog.Field]
    ) -> Result<[OperatorAction], Moments.Problem> {
        switch fields.first?.value {
        case "pause": return .success([.gate(group: group, .paused)])
        case "release": return .success([.gate(group: group, .open)])
        default:
            let text = fields.count > 1 ? fields[1].value : ""
            // Nothing typed yet is no mistake.
            if text.isEmpty { return .failure(.init(text: "")) }
            guard let rate = number(text), (0.1...1_000_000).contains(rate) else {
                return .failure(.init(text: tr("A limit is 0.1 to 1,000,000 messages a second.")))
            }
            return .success([.gate(group: group, .limited(perSecond: rate))])
        }
    }

    private func gateFacts(_ group: String) -> [Span] {
        guard let status = gateStatus(group) else {
            let error = told(.gates(group: group)).error
            return [
                error.map { Span("? \($0.message)", .bad) }
                    ?? Span(tr("Now \(Self.words(gate(group))). What its clients hold is not told."), .dim)
            ]
        }
        // Figures below 0 are not told by brokers that are not ours.
        let held =
            status.held < 0
            ? tr("What its clients hold is not told.")
            : status.held == 0
                ? tr("Nothing is handed out that is not committed.")
                : tr(
                    "\(Format.plural(status.held, "message")) already handed out and not committed: the gate does not stop those."
                )
        let now =
            tr(
                "Now \(Self.words(status.setting)): \(Format.rate(status.perSecond < 0 ? nil : status.perSecond))/s go out, \(Format.count(status.waiting < 0 ? nil : status.waiting)) wait."
            )
        var list = [Span(now), Span(held)]
        if status.backwardCommits > 0 {
            let text =
                status.backwardCommits == 1
                ? tr("Its clients moved its offset back once: those messages pass again.")
                : tr(
                    "Its clients moved its offset back \(Format.count(status.backwardCommits)) times: those messages pass again."
                )
            list.append(Span(text, .warning))
        }
        return list
    }

    /// Limits what a topic takes from producers, or lifts the limit.
    mutating func openLimit(_ effects: inout [Effect]) {
        guard let topic = topicInFront else { return }
        let known = publishLimit(topic)
        let rate = (known ?? nil).map(Self.plain) ?? ""
        let before = known == nil ? tr("not known") : (known ?? nil).map { "\(Self.spoken($0))/s" } ?? tr("no limit")
        var dialog = OperateDialog(
            title: tr("Publish limit of \(topic)"), verb: tr("set the limit"), feature: .publishLimit,
            reversal: .reversible(tr("g again sets it as it was: \(before).")), risk: .run,
            fields: [.text(tr("Messages/s"), rate, hint: tr("empty lifts the limit"))],
            make: { fields, _ in
                let text = fields.first?.value ?? ""
                if text.isEmpty { return .success([.limitPublishing(topic: topic, perSecond: nil)]) }
                guard let rate = Self.number(text), rate > 0 else {
                    return .failure(.init(text: tr("A limit is a number above 0; empty lifts it.")))
                }
                return .success([.limitPublishing(topic: topic, perSecond: rate)])
            })
        dialog.facts = { model, _ in
            let inflow = model.data.published[topic]?.rate
            return [
                Span(tr("Now \(before); \(Format.rate(inflow))/s come in.")),
                Span(tr("Producers above it are refused for a moment and try again."), .dim),
            ]
        }
        dialog.questions = { _ in [.question(.publishLimits)] }
        open(dialog, &effects)
    }

    // MARK: Numbers and words
    /// `2000`, `0.5`, `2,000`; nil for what is none.
    private static func number(_ text: String) -> Double? {
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }) else { return nil }
        guard let value = Double(text.filter { $0 != "," }), value.isFinite else { return nil }
        return value
    }

    static func plain(_ rate: Double) -> String {
        rate == rate.rounded() && rate.magnitude < 1e9 ? String(Int64(rate)) : String(rate)
    }

    /// `2,000`, `0.5`.
    private static func spoken(_ rate: Double) -> String {
        rate == rate.rounded() && rate.magnitude < 1e9 ? Format.exact(Int64(rate)) : String(rate)
    }

    static func words(_ setting: GateSetting?) -> String {
        switch setting {
        case nil: tr("not known")
        case .open: tr("open")
        case .paused: tr("paused")
        case .limited(let rate): tr("limited to \(spoken(rate))/s")
        }
    }
}
