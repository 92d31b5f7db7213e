import SluiceAPI
import SluiceMessage

// MARK: Messages once more
extension ConsoleModel {
    /// What `r` means here: dead letters to their group, a group to another offset, a time of a topic, messages again.
    mutating func openReplay(_ effects: inout [Effect]) {
        if deadLetterQueue != nil { return openResend(&effects) }
        if let group = groupInFront { return openReset(group, &effects) }
        if case .topics = place, let topic = topicInFront { return openRange(topic, &effects) }
        if case .topic(let topic) = place { return openRange(topic, &effects) }
        openRepublish(&effects)
    }

    /// Stores messages again, in their own topic or another.
    private mutating func openRepublish(_ effects: inout [Effect]) {
        let messages = selectedMessages
        guard let first = messages.first else { return }
        let places = messages.map(\.physicalOffset)
        let title =
            messages.count == 1 ? tr("Publish this message again?") : tr("Publish \(messages.count) messages again?")
        let copies = Format.plural(messages.count, "copy", "copies")
        let own = first.realTopic
        @Sendable func target(_ actions: [OperatorAction]) -> String? {
            guard case .republish(_, let topic)? = actions.first else { return nil }
            return topic ?? own
        }
        var dialog = OperateDialog(
            title: title, verb: tr("publish again"), feature: .republish,
            reversal: .of(.republish(places, to: nil)),
            fields: [.text(tr("To topic"), hint: tr("empty is \(own)"))],
            facts: { model, actions in
                guard let topic = target(actions) else { return [] }
                return [Span(tr("\(copies) would go to \(topic), read by \(model.readers(of: topic))."))]
            },
            questions: { actions in target(actions).map { [.topic($0)] } ?? [] },
            make: { fields, _ in
                let topic = fields.first?.value ?? ""
                return .success([.republish(places, to: topic.isEmpty ? nil : topic)])
            }, reasonIsOptional: true)
        dialog.titleWhenDone = tr("\(Format.plural(messages.count, "message")) published again")
        dialog.marksOf = place
        open(dialog, &effects)
    }

    // MARK: A group to another offset
    private static let strategies = [later("first kept"), later("last"), later("a time"), later("an offset")]

    mutating func openReset(_ group: String, _ effects: inout [Effect]) {
        let summary = groupSummary(group)
        // A group's retry topic moves with nothing: it is not offered.
        let topics = (summary?.topics ?? []).filter { !$0.hasPrefix(TopicName.retryPrefix) }
        var topic = 0
        if case .group = place, let row = selectedRow, let queues = data.group[group]?.value?.queues,
            queues.indices.contains(row.index)
        {
            topic = topics.firstIndex(of: queues[row.index].id.topic) ?? 0
        }
        var time = OperateDialog.Field.text(tr("Time"), hint: "14:30, -10m, 2026-01-31 14:30")
        time.isWanted = { Self.strategy($0) == 2 }
        var offset = OperateDialog.Field.text(tr("Offset"), hint: tr("cut to what each queue has"))
        offset.isWanted = { Self.strategy($0) == 3 }
        var dialog = OperateDialog(
            title: tr("Move group \(group) to another offset"), verb: tr("move it"), feature: .reset,
            reversal: .moved,
            fields: [
                .names(tr("Topic"), topics, selected: topic), .text(tr("Queue"), hint: tr("empty is all queues")),
                .choice(tr("To"), Self.strategies), time, offset,
            ], focus: .field(2),
            make: { fields, context in
                Self.resetRequest(group, topics, fields, context).map { [.reset($0)] }
            }, reasonIsOptional: true)
        dialog.titleWhenDone = tr("Group \(group) was moved")
        open(dialog, &effects)
    }

    private static func strategy(_ fields: [OperateDialog.Field]) -> Int { fields.count > 2 ? fields[2].selected : 0 }

    /// What the fields ask for; a problem without words while they say nothing yet.
    private static func resetRequest(
        _ group: String, _ topics: [String], _ fields: [OperateDialog.Field], _ context: DialogContext
    ) -> Result<ResetRequest, Moments.Problem> {
        func problem(_ text: String) -> Result<ResetRequest, Moments.Problem> { .failure(.init(text: text)) }
        guard fields.count == 5, topics.indices.contains(fields[0].selected) else {
            return problem(tr("This group has no topic yet."))
        }
        let queue = Int(fields[1].value)
        guard fields[1].value.isEmpty || queue.map({ $0 >= 0 }) == true else {
            return problem(tr("A queue is a number; empty is all queues."))
        }
        let target: OffsetTarget
        switch strategy(fields) {
        case 0: target = .first
        case 1: target = .last
        case 2:
            guard !fields[3].value.isEmpty else { return problem("") }
            guard let time = context.moments.moment(fields[3].value, future: false) else {
                return problem(tr("A time is 14:30, -10m, 2026-01-31 14:30 or epoch ms."))
            }
            target = .time(time)
        default:
            guard !fields[4].value.isEmpty else { return problem("") }
            guard let offset = Int64(fields[4].value), offset >= 0 else {
                return problem(tr("An offset is a number from 0 on."))
            }
            target = .offset(offset)
        }
        return .success(
            ResetRequest(group: group, topic: topics[fields[0].selected], queue: queue, target: target, dryRun: false))
    }

    // MARK: A time of a topic
    private static let paces: [(label: String, speed: Double)] = [
        (later("its own pace"), 1), ("2×", 2), ("10×", 10), ("100×", 100), (later("as fast as the disk"), 0),
    ]

    /// Stores a time of a topic again: from when to when, where to, how fast; then it runs by itself.
    mutating func openRange(_ topic: String, _ effects: inout [Effect]) {
        var dialog = OperateDialog(
            title: tr("Store a time of \(topic) again"), verb: tr("start it"), feature: .pacedReplay,
            reversal: .replayed,
            fields: [
                .text(tr("From"), "-10m", hint: "14:30, -10m, 2026-01-31 14:30"),
                .text(tr("To"), "-0s", hint: "14:30, -10m, 2026-01-31 14:30"),
                .text(tr("Into topic"), hint: tr("empty is \(topic) itself")),
                .choice(tr("Pace"), Self.paces.map(\.label)),
            ],
            facts: { model, actions in
                guard case .replay(let plan)? = actions.first else { return [Span(tr("From when to when?"), .dim)] }
                return [Span(model.words(for: plan))]
            },
            make: { fields, context in Self.plan(topic, fields, context).map { [.replay($0)] } },
            reasonIsOptional: true)
        dialog.placeAfter = .replays
        open(dialog, &effects)
    }

    private static func plan(
        _ topic: String, _ fields: [OperateDialog.Field], _ context: DialogContext
    ) -> Result<ReplayPlan, Moments.Problem> {
        let moments = fields.prefix(2).map { context.moments.moment($0.value, future: false) }
        guard fields.count == 4, let from = moments[0], let to = moments[1] else {
            return .failure(.init(text: tr("A time is 14:30, -10m, 2026-01-31 14:30 or epoch ms.")))
        }
        guard from < to else { return .failure(.init(text: tr("The range ends before it begins."))) }
        let target = fields[2].value
        return .success(
            ReplayPlan(
                topic: topic, from: from, to: to, target: target.isEmpty ? nil : target,
                speed: paces[fields[3].selected].speed))
    }

    private func words(for plan: ReplayPlan) -> String {
        let range = tr("From \(moment(plan.from)) to \(moment(plan.to)), into \(plan.target ?? plan.topic).")
        guard plan.speed > 0 else { return range }
        return range + tr(" It takes \(Format.age(Int64(Double(plan.to - plan.from) / plan.speed))).")
    }
}
