import SluiceAPI
import SluiceMessage

// MARK: Topics and groups
extension ConsoleModel {
    private var editsTopics: Bool { [.topics, .topic].contains(screen) }

    var whyNoCreate: String? { whyNoAct(editsTopics ? .editTopics : .editGroups) }
    var whyNoEdit: String? {
        if let reason = whyNoCreate { return reason }
        return (editsTopics ? topicConfig == nil : groupConfig == nil) ? tr("There is nothing here to change.") : nil
    }
    var whyNoDelete: String? {
        if let reason = whyNoEdit { return reason }
        guard editsTopics, let kind = topicSummary?.kind, kind == .system else { return nil }
        return tr("This is one of the broker's own topics: it stays.")
    }

    private var topicSummary: TopicSummary? {
        topicInFront.flatMap { topicSummary($0) }
    }
    private var topicConfig: TopicConfig? { topicSummary?.config }
    private var groupSummary: GroupSummary? {
        groupInFront.flatMap { groupSummary($0) }
    }
    private var groupConfig: GroupConfig? { groupSummary?.config }

    mutating func openCreate(_ effects: inout [Effect]) {
        editsTopics ? openTopic(nil, &effects) : openGroup(nil, &effects)
    }

    mutating func openEdit(_ effects: inout [Effect]) {
        if editsTopics, let config = topicConfig { openTopic(config, &effects) }
        if !editsTopics, let config = groupConfig { openGroup(config, &effects) }
    }

    mutating func openDelete(_ effects: inout [Effect]) {
        if editsTopics, let summary = topicSummary { deleteTopic(summary, &effects) }
        if !editsTopics, let summary = groupSummary { deleteGroup(summary, &effects) }
    }

    // MARK: Topics
    private static let permissions = ["rw", "r-", "-w", "rwi", "--"]

    private mutating func openTopic(_ config: TopicConfig?, _ effects: inout [Effect]) {
        let start = config ?? TopicConfig(name: "")
        var choices = Self.permissions
        if !choices.contains(start.permission.text) { choices.append(start.permission.text) }
        var fields: [OperateDialog.Field] =
            config == nil ? [.text(tr("Name"), hint: tr("letters, digits, % | - _"))] : []
        fields += [
            .text(tr("Read queues"), "\(start.readQueues)", hint: tr("1 to \(Limits.maxQueues)")),
            .text(tr("Write queues"), "\(start.writeQueues)"),
            .choice(tr("Permission"), choices, selected: choices.firstIndex(of: start.permission.text) ?? 0),
        ]
        let reversal: OperateDialog.Reversal =
            config == nil
            ? .compensable(tr("the topic can be deleted again, with what was published meanwhile."))
            : .reversible(tr("e again sets it as it was: \(Self.words(start))."))
        var dialog = OperateDialog(
            title: config.map { tr("Change topic \($0.name)") } ?? tr("Create a topic"),
            verb: config == nil ? tr("create it") : tr("change it"), feature: .editTopics, reversal: reversal,
            risk: .run,
            fields: fields, make: { fields, _ in Self.topicAction(config, fields) })
        if config != nil {
            dialog.facts = { _, _ in
                [
                    Span(tr("Now \(Self.words(start)).")),
                    Span(tr("Fewer read queues hide what is in the others until there are as many again."), .dim),
                ]
            }
        }
        open(dialog, &effects)
    }

    private static func words(_ config: TopicConfig) -> String {
        tr("\(config.readQueues) read and \(config.writeQueues) write queues, \(config.permission.text)")
    }

    private static func topicAction(
        _ config: TopicConfig?, _ fields: [OperateDialog.Field]
    ) -> Result<[OperatorAction], Moments.Problem> {
        let values = fields.map(\.value)
        let name = config?.name ?? values.first ?? ""
        let rest = values.dropFirst(config == nil ? 1 : 0)
        if name.isEmpty { return .failure(.init(text: "")) }
        guard rest.count == 3, let permission = rest.last else { return .failure(.init(text: "")) }
        let queues = rest.prefix(2).compactMap { Int($0) }.filter { (1...Limits.maxQueues).contains($0) }
        guard queues.count == 2 else { return .failure(.init(text: tr("Queues are 1 to \(Limits.maxQueues)."))) }
        var bits: TopicPermission = []
        if permission.contains("r") { bits.insert(.read) }
        if permission.contains("w") { bits.insert(.write) }
        if permission.contains("i") { bits.insert(.inherit) }
        var made = TopicConfig(name: name, readQueues: queues[0], writeQueues: queues[1], permission: bits)
        made.systemFlag = config?.systemFlag ?? 0
        return .success([.updateTopic(made, mustBeNew: config == nil)])
    }

    private mutating func deleteTopic(_ summary: TopicSummary, _ effects: inout [Effect]) {
        let name = summary.config.name
        let readers = (data.groups.value ?? []).filter { $0.topics.contains(name) }.map(\.config.name)
        var dialog = OperateDialog(
            title: tr("Delete topic \(name)?"), verb: tr("delete it"), feature: .editTopics,
            reversal: .final(tr("its messages and the offsets on it are gone.")),
            risk: .type(what: tr("name"), name), make: { _, _ in .success([.deleteTopic(name)]) })
        dialog.facts = { _, _ in
            [
                Span(
                    tr(
                        "It holds \(Format.plural(summary.depth, "message")) in \(Format.plural(summary.config.readQueues, "queue"))."
                    )
                ),
                readers.isEmpty
                    ? Span(tr("No group is known to read it."))
                    : Span(tr("It is read by \(readers.prefix(6).joined(separator: ", "))."), .attention),
            ]
        }
        open(dialog, &effects)
    }

    // MARK: Groups
    private mutating func openGroup(_ config: GroupConfig?, _ effects: inout [Effect]) {
        let start = config ?? GroupConfig(name: "")
        var fields: [OperateDialog.Field] =
            config == nil ? [.text(tr("Name"), hint: tr("letters, digits, % | - _"))] : []
        fields += [
            .choice(tr("Consuming"), [later("allowed"), later("shut off")], selected: start.consumeEnabled ? 0 : 1),
            .text(tr("Tries again"), "\(start.retryMaxTimes)", hint: tr("then it is a dead letter")),
            .text(tr("Retry queues"), "\(start.retryQueues)"),
            .choice(
                tr("Broadcasting"), [later("allowed"), later("refused")], selected: start.broadcastEnabled ? 0 : 1),
        ]
        let reversal: OperateDialog.Reversal =
            config == nil
            ? .reversible(tr("the group can be deleted again.")) : .reversible(tr("e again sets it as it was."))
        var dialog = OperateDialog(
            title: config.map { tr("Change group \($0.name)") } ?? tr("Create a group"),
            verb: config == nil ? tr("create it") : tr("change it"), feature: .editGroups, reversal: reversal,
            risk: .run,
            fields: fields, make: { fields, context in Self.groupAction(config, fields, context.groupNames) })
        if config != nil {
            let now =
                tr(
                    "Now consuming is \(start.consumeEnabled ? tr("allowed") : tr("shut off")), \(Format.plural(start.retryMaxTimes, "try", "tries")) again, \(Format.plural(start.retryQueues, "retry queue"))."
                )
            dialog.facts = { _, _ in [Span(now)] }
        }
        open(dialog, &effects)
    }

    private static func groupAction(
        _ config: GroupConfig?, _ fields: [OperateDialog.Field], _ known: [String]
    ) -> Result<[OperatorAction], Moments.Problem> {
        let values = fields.map(\.value)
        let name = config?.name ?? values.first ?? ""
        // The broker's request changes a group that is there.
        if config == nil, known.contains(name) {
            return .failure(.init(text: tr("There is a group \(name) already: e changes it.")))
        }
        let rest = Array(values.dropFirst(config == nil ? 1 : 0))
        if name.isEmpty || rest.count != 4 { return .failure(.init(text: "")) }
        guard let tries = Int(rest[1]), (0...10_000).contains(tries) else {
            return .failure(.init(text: tr("Tries again are 0 to 10,000.")))
        }
        guard let queues = Int(rest[2]), (1...Limits.maxQueues).contains(queues) else {
            return .failure(.init(text: tr("Retry queues are 1 to \(Limits.maxQueues).")))
        }
        var made = config ?? GroupConfig(name: name)
        made.consumeEnabled = rest[0] == "allowed"
        made.retryMaxTimes = tries
        made.retryQueues = queues
        made.broadcastEnabled = rest[3] == "allowed"
        return .success([.updateGroup(made)])
    }

    private mutating func deleteGroup(_ summary: GroupSummary, _ effects: inout [Effect]) {
        let name = summary.config.name
        var dialog = OperateDialog(
            title: tr("Delete group \(name)?"), verb: tr("delete it"), feature: .editGroups,
            reversal: .final(tr("its offsets are gone; a new group of this name starts anew.")),
            risk: .type(what: tr("name"), name), make: { _, _ in .success([.deleteGroup(name)]) })
        dialog.facts = { _, _ in
            var list = [
                Span(
                    summary.clients == 0
                        ? tr("Nobody of it is connected.")
                        : summary.clients == 1
                            ? tr("1 client of it is connected.")
                            : tr("\(Format.count(summary.clients)) clients of it are connected."),
                    summary.clients == 0 ? .text : .attention)
            ]
            if let lag = summary.lag, lag > 0 {
                list.append(
                    Span(tr("\(Format.plural(lag, "message")) that it has not consumed yet stay in their topics.")))
            }
            return list
        }
        open(dialog, &effects)
    }
}
