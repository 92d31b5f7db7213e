import SluiceAPI
import SluiceMessage

// MARK: What only operators' questions tell
extension ConsoleModel {
    /// The newest answer to a question, or why there is none.
    func told(_ question: OperatorQuestion) -> Fetched<OperatorAnswer> { data.told[question] ?? Fetched() }

    /// A question, unless the brokers have said that they do not know it.
    func questions(_ question: OperatorQuestion, of features: Feature...) -> [Query] {
        features.allSatisfy { whyNot($0) != nil } ? [] : [.question(question)]
    }

    // MARK: Clients
    var clients: [ConnectedClient] {
        guard case .clients(let clients)? = told(.clients).value else { return [] }
        return clients
    }

    // MARK: Gates and limits
    /// The newest answer that speaks of a group's gate: the one to its own question, or to that of all.
    private func gates(with group: String) -> [GateStatus]? {
        let (one, all) = (told(.gates(group: group)), told(.gates(group: nil)))
        let isListNewer = (all.time ?? .min) > (one.time ?? .min)
        for fetched in isListNewer ? [all, one] : [one, all] {
            if case .gates(let gates)? = fetched.value { return gates }
        }
        return nil
    }

    /// A group's gate as far as it is known; nil where it is not. Those that are not listed are open.
    func gate(_ group: String) -> GateSetting? {
        gates(with: group).map { gates in gates.first { $0.group == group }?.setting ?? .open }
    }

    /// A group's gate with what its clients hold; nil where it was not told.
    func gateStatus(_ group: String) -> GateStatus? { gates(with: group)?.first { $0.group == group } }

    // MARK: Topics and groups
    /// What was last told of a group, by itself or in the list.
    func groupSummary(_ name: String) -> GroupSummary? {
        let listed = data.groups.value?.first { $0.config.name == name }
        guard let one = data.group[name], let shown = one.value?.summary else { return listed }
        return (data.groups.time ?? .min) > (one.time ?? .min) ? listed : shown
    }

    /// What was last told of a topic, by itself or in the list.
    func topicSummary(_ name: String) -> TopicSummary? {
        let listed = data.topics.value?.first { $0.config.name == name }
        guard let one = data.topic[name], let shown = one.value?.summary else { return listed }
        return (data.topics.time ?? .min) > (one.time ?? .min) ? listed : shown
    }

    /// Gates that are not open.
    var closedGates: [GateStatus] {
        guard case .gates(let gates)? = told(.gates(group: nil)).value else { return [] }
        return gates.filter { $0.setting != .open }
    }

    /// A topic's publish limit: outer nil where it is not known, inner nil where there is none.
    func publishLimit(_ topic: String) -> Double?? {
        guard case .publishLimits(let limits)? = told(.publishLimits).value else { return nil }
        return .some(limits[topic])
    }

    func gateSpan(_ group: String) -> Span {
        switch gate(group) {
        case nil: Span(Format.unknown, .dim)
        case .open: Span(tr("open"), .dim)
        case .paused: Span(tr("paused"), .attention)
        case .limited(let rate): Span(Format.rate(rate) + "/s", .warning)
        }
    }

    func limitSpan(_ topic: String) -> Span {
        switch publishLimit(topic) {
        case nil: Span(Format.unknown, .dim)
        case .some(nil): Span(tr("none"), .dim)
        case .some(let rate?): Span(Format.rate(rate) + "/s", .warning)
        }
    }

    // MARK: Dead letters
    /// The group whose dead letters a queue holds.
    static func deadLetterGroup(_ topic: String) -> String? {
        guard topic.hasPrefix(TopicName.deadLetterPrefix) else { return nil }
        return String(topic.dropFirst(TopicName.deadLetterPrefix.count))
    }

    /// Groups with dead letters.
    var deadLetterGroups: [GroupSummary] { (data.groups.value ?? []).filter { $0.deadLetters > 0 } }

    // MARK: Audit
    static let auditPage = 200

    /// The page of the audit in front: the newest, or one that begins with a number.
    var auditQuestion: OperatorQuestion {
        .audit(from: auditStart ?? -Int64(Self.auditPage), limit: Self.auditPage)
    }

    var auditEntries: [AuditEntry] {
        guard case .audit(let entries, _)? = told(auditQuestion).value else { return [] }
        return entries
    }
    var auditTotal: Int64? {
        guard case .audit(_, let total)? = told(auditQuestion).value else { return nil }
        return total
    }

    /// What was done, newest first, each with its beginning and its end as far as both are on this page.
    var deeds: [Deed] {
        var ends: [Int64: AuditEntry] = [:]
        let entries = auditEntries
        for entry in entries { if let begun = entry.begun { ends[begun] = entry } }
        let begun = Set(entries.filter { $0.phase == .before }.map(\.number))
        let isNewest = entries.last?.number ?? 0 >= auditTotal ?? .max
        return entries.reversed().compactMap { entry in
            switch entry.phase {
            case .before:
                Deed(before: entry, after: ends[entry.number], isEndElsewhere: ends[entry.number] == nil && !isNewest)
            case .after: entry.begun.map(begun.contains) == true ? nil : Deed(before: nil, after: entry)
            }
        }
    }

    /// Turns to older (-1) or newer (+1) entries of the audit.
    mutating func turnAudit(_ step: Int, _ effects: inout [Effect]) {
        guard place == .audit, let first = auditEntries.first?.number, let total = auditTotal else { return }
        let page = Int64(Self.auditPage)
        if step < 0 {
            guard first > 1 else { return say(tr("These are the oldest entries."), for: 3000) }
            auditStart = max(1, first - page)
        } else {
            guard auditStart != nil else { return say(tr("These are the newest entries."), for: 3000) }
            auditStart = first + page > total - page ? nil : first + page
        }
        list.selected = 0
        list.isChosen = false
        arrange()
        for query in needs where inFlight[query.slot] == nil { ask(query, &effects) }
    }
}

/// An action by hand: how it was begun and how it ended, as far as it is known.
struct Deed: Sendable, Equatable {
    var before: AuditEntry?
    var after: AuditEntry?
    /// True when its end, if it has one, is on a page that is not shown.
    var isEndElsewhere = false

    /// The one of both that there is; the beginning first.
    var entry: AuditEntry? { before ?? after }
    var id: String { "\(entry?.number ?? 0)" }
    var isDone: Bool { after?.isDone == true }
    var text: String {
        guard let entry else { return "" }
        return
            "\(entry.number) \(entry.actor.name) \(entry.actor.host) \(entry.action) \(entry.target) \(entry.reason) "
            + "\(after?.outcome ?? "")"
    }
}
