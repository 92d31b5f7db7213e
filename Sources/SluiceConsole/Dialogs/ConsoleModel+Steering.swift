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
        return groupInFront == nil ? "There is no group to hold back." : nil
    }

    var whyNoLimit: String? {
        whyNoAct(.publishLimit) ?? (topicInFront == nil ? "There is no topic to limit." : nil)
    }

    /// Limits a group's delivery, pauses it, or lets it go.
    mutating func openGate(_ effects: inout [Effect]) {
        guard let group = groupInFront else { return }
        let setting = gate(group)
        let canLimit = whyNot(.gateLimit) == nil
        let canPause = whyNot(.pause) == nil
        let choices = (canLimit ? ["limit"] : []) + (canPause ? ["pause"] : []) + ["release"]
        var rate = ""
        if case .limited(let now) = setting { rate = Self.plain(now) }
        let wanted = setting == .paused ? "release" : canLimit ? "limit" : "pause"
        var fields = [
            OperateDialog.Field.choice("Gate", choices, selected: choices.firstIndex(of: wanted) ?? 0)
        ]
        if canLimit { fields.append(.text("Messages/s", rate, hint: "0.1 to 1,000,000")) }
        var dialog = OperateDialog(
            title: "Gate of \(group)", verb: "set the gate", feature: canLimit ? .gateLimit : .pause,
            reversal: .reversible("g again sets it as it was: \(Self.words(setting))."), risk: .run, fields: fields,
            make: { fields, _ in Self.gateAction(group, fields) })
        dialog.facts = { $0.gateFacts(group) }
        dialog.questions = [.question(.gates(group: group)), .question(.gates(group: nil))]
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
                return .failure(.init(text: "A limit is 0.1 to 1,000,000 messages a second."))
            }
            return .success([.gate(group: group, .limited(perSecond: rate))])
        }
    }

    private func gateFacts(_ group: String) -> [Span] {
        guard let status = gateStatus(group) else {
            let error = told(.gates(group: group)).error
            return [
                error.map { Span("? \($0.message)", .bad) }
                    ?? Span("Now \(Self.words(gate(group))). What its clients hold is not told.", .dim)
            ]
        }
        // Figures below 0 are not told by brokers that are not ours.
        let held =
            status.held < 0
            ? "What its clients hold is not told."
            : status.held == 0
                ? "Nothing is handed out that is not committed."
                : "\(Format.plural(status.held, "message")) already handed out and not committed: the gate does not stop those."
        let now =
            "Now \(Self.words(status.setting)): \(Format.rate(status.perSecond < 0 ? nil : status.perSecond))/s go out, \(Format.count(status.waiting < 0 ? nil : status.waiting)) wait."
        var list = [Span(now), Span(held)]
        if status.backwardCommits > 0 {
            let times = status.backwardCommits == 1 ? "once" : Format.plural(status.backwardCommits, "time")
            list.append(Span("Its clients moved its offset back \(times): those messages pass again.", .warning))
        }
        return list
    }

    /// Limits what a topic takes from producers, or lifts the limit.
    mutating func openLimit(_ effects: inout [Effect]) {
        guard let topic = topicInFront else { return }
        let known = publishLimit(topic)
        let rate = (known ?? nil).map(Self.plain) ?? ""
        let before = known == nil ? "not known" : (known ?? nil).map { "\(Self.spoken($0))/s" } ?? "no limit"
        var dialog = OperateDialog(
            title: "Publish limit of \(topic)", verb: "set the limit", feature: .publishLimit,
            reversal: .reversible("g again sets it as it was: \(before)."), risk: .run,
            fields: [.text("Messages/s", rate, hint: "empty lifts the limit")],
            make: { fields, _ in
                let text = fields.first?.value ?? ""
                if text.isEmpty { return .success([.limitPublishing(topic: topic, perSecond: nil)]) }
                guard let rate = Self.number(text), rate > 0 else {
                    return .failure(.init(text: "A limit is a number above 0; empty lifts it."))
                }
                return .success([.limitPublishing(topic: topic, perSecond: rate)])
            })
        dialog.facts = { model in
            let inflow = model.data.published[topic]?.rate
            return [
                Span("Now \(before); \(Format.rate(inflow))/s come in."),
                Span("Producers above it are refused for a moment and try again.", .dim),
            ]
        }
        dialog.questions = [.question(.publishLimits)]
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
        case nil: "not known"
        case .open: "open"
        case .paused: "paused"
        case .limited(let rate): "limited to \(spoken(rate))/s"
        }
    }
}
