import SluiceAPI
import SluiceMessage

// MARK: Acting on delays, halves and replays
extension ConsoleModel {
    /// The marked delays, else the one selected.
    var selectedDelays: [PendingDelay] {
        guard place == .delays else { return [] }
        if !markedDelays.isEmpty { return markedDelays.values.sorted { ($0.due, $0.id) < ($1.due, $1.id) } }
        guard let row = selectedRow, let items = data.delays.value?.items, items.indices.contains(row.index) else {
            return []
        }
        return [items[row.index]]
    }

    func whyNoDelay(_ feature: Feature) -> String? {
        whyNoAct(feature) ?? (selectedDelays.isEmpty ? tr("There is no delayed message to act on.") : nil)
    }

    func knownDelay(_ id: String) -> PendingDelay? {
        markedDelays[id] ?? data.delays.value?.items.first { $0.id == id }
    }

    mutating func openCancelDelays(_ effects: inout [Effect]) {
        openDelays(.delayCancel, &effects) { .cancelDelay(id: $0.id, topic: $0.topic) }
    }

    mutating func openDeliverNow(_ effects: inout [Effect]) {
        openDelays(.delayNow, &effects) { .deliverNow(id: $0.id, topic: $0.topic) }
    }

    /// What cannot be taken back is typed out: of one its key, of several their number.
    private mutating func openDelays(
        _ feature: Feature, _ effects: inout [Effect], _ make: (PendingDelay) -> OperatorAction
    ) {
        let delays = selectedDelays
        guard let first = delays.first else { return }
        let actions = delays.map(make)
        let isOne = delays.count == 1
        let title =
            feature == .delayNow
            ? (isOne ? tr("Deliver this delayed message now?") : tr("Deliver \(delays.count) delayed messages now?"))
            : (isOne ? tr("Withdraw this delayed message?") : tr("Withdraw \(delays.count) delayed messages?"))
        let verb = feature == .delayNow ? tr("deliver now") : tr("withdraw")
        let about = aboutDelays(delays)
        open(
            OperateDialog(
                title: title, verb: verb, feature: feature, reversal: .of(make(first)),
                risk: Self.risk(delays.count, first.keys.first, first.id), facts: { _, _ in [Span(about)] },
                make: { _, _ in .success(actions) }, marksOf: .delays), &effects)
    }

    mutating func openReschedule(_ effects: inout [Effect]) {
        let delays = selectedDelays
        guard let first = delays.first else { return }
        let title =
            delays.count == 1
            ? tr("Give this delayed message another moment")
            : tr("Give \(delays.count) delayed messages another moment")
        let about = aboutDelays(delays)
        open(
            OperateDialog(
                title: title, verb: tr("reschedule"), feature: .delayReschedule,
                reversal: .of(.reschedule(id: first.id, topic: nil, due: 0)),
                risk: delays.count > 1 ? .type(what: tr("number"), "\(delays.count)") : .run,
                fields: [.text(tr("To"), hint: tr("90s, +5m, 14:30; lengths count from now"))],
                facts: { _, _ in [Span(about)] },
                make: { fields, context in
                    Self.due(fields.first?.value ?? "", context).map { due in
                        delays.map { .reschedule(id: $0.id, topic: $0.topic, due: due) }
                    }
                }, marksOf: .delays), &effects)
    }

    private static func due(_ text: String, _ context: DialogContext) -> Result<Int64, Moments.Problem> {
        switch context.moments.delay(text) {
        case .success(.at(let time)?): return .success(time)
        case .success(.after(let length)?): return .success(context.moments.now + length)
        case .success(.level?): return .failure(.init(text: tr("A level is no moment: try 90s, +5m or 14:30.")))
        case .success(nil): return .failure(.init(text: ""))
        case .failure(let problem): return .failure(problem)
        }
    }

    static func risk(_ count: Int, _ key: String?, _ id: String) -> OperateDialog.Risk {
        if count > 1 { return .type(what: tr("number"), "\(count)") }
        // A key that could not be typed in one line is no use here; ids begin alike.
        if let key, key.count <= 40, TextSanitiser.sanitise(key) == key { return .type(what: tr("key"), key) }
        return .type(what: tr("id's end"), String(id.suffix(8)))
    }

    private func aboutDelays(_ delays: [PendingDelay]) -> String {
        guard delays.count > 1, let first = delays.first, let last = delays.last else {
            guard let one = delays.first else { return "" }
            let name = one.keys.first ?? one.id
            guard one.due > now else { return tr("\(name) for \(one.topic), due already.") }
            return tr("\(name) for \(one.topic), due \(moment(one.due)), in \(Format.countdown(one.due - now)).")
        }
        let topics = Set(delays.map(\.topic)).sorted()
        let first4 = topics.prefix(4).joined(separator: ", ")
        let names = topics.count > 4 ? tr("\(first4) and \(topics.count - 4) more") : first4
        return tr("They go to \(names) and are due from \(moment(first.due)) to \(moment(last.due)).")
    }

    // MARK: Halves
    /// One is asked about at once: it changes nothing but when. Of several it is said first what that means.
    mutating func openRecheck(_ effects: inout [Effect]) {
        let halves = selectedHalves
        guard let first = halves.first else { return }
        guard halves.count > 1 else {
            return run(Chain(what: tr("Asked"), actions: [.recheck(id: first.id)], reason: ""), &effects)
        }
        let actions = halves.map { OperatorAction.recheck(id: $0.id) }
        let offline = halves.filter { $0.producersOnline == 0 }.count
        var about = tr("Each producer is asked again now, and its checks are counted anew, also of those set aside.")
        if offline > 0 { about = tr("\(about) Of \(offline) no producer is online: nobody answers before one is.") }
        let facts = about
        open(
            OperateDialog(
                title: tr("Ask again about \(halves.count) half messages?"), verb: tr("ask"), feature: .recheck,
                reversal: .of(.recheck(id: first.id)), risk: .run, facts: { _, _ in [Span(facts)] },
                make: { _, _ in .success(actions) }, marksOf: .transactions), &effects)
    }

    // MARK: Replays
    var replays: [ReplayStatus] {
        if case .replays(let list)? = data.told[.replays]?.value { list } else { [] }
    }

    var selectedReplay: ReplayStatus? {
        guard place == .replays, let row = selectedRow, replays.indices.contains(row.index) else { return nil }
        return replays[row.index]
    }

    var whyNoReplayControl: String? {
        if let reason = whyNoAct(.pacedReplay) { return reason }
        guard let replay = selectedReplay else { return tr("There is no replay to steer.") }
        return replay.state == .running || replay.state == .paused
            ? nil : tr("Replay \(replay.id) has ended: \(tr(key: replay.state.rawValue)).")
    }

    /// Pauses it or lets it go on, which is turned round as quickly.
    mutating func toggleReplay(_ effects: inout [Effect]) {
        guard let replay = selectedReplay else { return }
        let control: ReplayControl = replay.state == .paused ? .resume : .pause
        run(Chain(what: tr("Replay"), actions: [.controlReplay(id: replay.id, control)], reason: ""), &effects)
    }

    mutating func openCancelReplay(_ effects: inout [Effect]) {
        guard let replay = selectedReplay else { return }
        let action = OperatorAction.controlReplay(id: replay.id, .cancel)
        open(
            OperateDialog(
                title: tr("Cancel replay \(replay.id)?"), verb: tr("cancel it"), feature: .pacedReplay,
                reversal: .of(action),
                make: { _, _ in .success([action]) }), &effects)
    }

    /// What was created is deleted again only after its name was typed.
    mutating func openDeletion(_ action: OperatorAction, _ effects: inout [Effect]) {
        let (title, name, feature): (String, String, Feature) =
            switch action {
            case .deleteTopic(let name): (tr("Delete topic \(name) again?"), name, .editTopics)
            case .deleteGroup(let name): (tr("Delete group \(name) again?"), name, .editGroups)
            default: ("", "", .editTopics)
            }
        guard !name.isEmpty else { return }
        open(
            OperateDialog(
                title: title, verb: tr("delete it"), feature: feature, reversal: .of(action),
                risk: .type(what: tr("name"), name), make: { _, _ in .success([action]) }), &effects)
    }

    // MARK: What if
    mutating func openWhatIf() {
        guard let group = groupInFront else { return }
        let kept = whatIf.flatMap { $0.group == group ? $0.what : nil }
        dialog = .whatIf(WhatIfDialog(group: group, kept ?? WhatIf()))
    }
}
