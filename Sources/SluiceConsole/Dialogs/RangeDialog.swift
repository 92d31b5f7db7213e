import SluiceAPI

/// Stores a time range of a topic again: from when to when, where to, how fast; what it comes to; then it runs by itself.
struct RangeDialog: Sendable {
    enum Focus: Int, Sendable, CaseIterable { case from, to, target, speed, reason, typed, choices }
    static let password = "confirm"
    static let speeds: [(label: String, speed: Double)] = [
        ("its own pace", 1), ("2×", 2), ("10×", 10), ("100×", 100), ("as fast as the disk", 0),
    ]

    var topic: String
    var from = TextField("-10m")
    var to = TextField("-0s")
    var target = TextField()
    var speed = 0
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.from
    /// What the dry run was asked about, and what it said.
    var plan: ReplayPlan?
    var trial: ActionOutcome?
    var pending: Ticket?
    var isCommitting = false
    var problem: String?

    init(topic: String) { self.topic = topic }

    var isTyping: Bool { focus != .choices && focus != .speed && !isCommitting }

    mutating func insert(_ text: String, in context: DialogContext) -> [DialogRequest] {
        guard isTyping else { return [] }
        change { $0.insert(text.filter { !$0.isNewline }) }
        if focus == .typed {
            if typed.trimmed == Self.password { focus = .choices }
            return []
        }
        return focus == .reason ? [] : look(context)
    }

    private mutating func change(_ body: (inout TextField) -> Void) {
        switch focus {
        case .from: body(&from)
        case .to: body(&to)
        case .target: body(&target)
        case .reason: body(&reason)
        case .typed: body(&typed)
        case .speed, .choices: break
        }
    }

    mutating func perform(_ operation: Operation, in context: DialogContext) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        guard !isCommitting else { return [] }
        switch operation {
        case .nextField: move(1)
        case .previousField: move(-1)
        case .dryRun: return look(context)
        case .confirm: return confirm()
        default: return edit(operation, context)
        }
        return []
    }

    private mutating func edit(_ operation: Operation, _ context: DialogContext) -> [DialogRequest] {
        if focus == .speed {
            let step = operation == .cursorLeft ? -1 : operation == .cursorRight ? 1 : 0
            guard step != 0 else { return [] }
            speed = (speed + step + Self.speeds.count) % Self.speeds.count
            return look(context)
        }
        var isEdited = false
        change { isEdited = $0.edit(operation) }
        return isEdited && focus != .typed && focus != .reason ? look(context) : []
    }

    private mutating func move(_ step: Int) {
        let count = Focus.allCases.count
        focus = Focus(rawValue: (focus.rawValue + step + count) % count) ?? .from
    }

    /// Asks what it would come to, as soon as the fields say something.
    mutating func look(_ context: DialogContext) -> [DialogRequest] {
        plan = nil
        trial = nil
        pending = nil
        problem = nil
        guard let start = moment(from, context), let end = moment(to, context) else { return [] }
        guard start < end else {
            problem = "The range ends before it begins."
            return []
        }
        let name = target.trimmed
        let found = ReplayPlan(
            topic: topic, from: start, to: end, target: name.isEmpty ? nil : name, speed: Self.speeds[speed].speed)
        plan = found
        return [.act(.operate(.replay(found), reason: "", dryRun: true))]
    }

    private mutating func moment(_ field: TextField, _ context: DialogContext) -> Int64? {
        if let moment = context.moments.moment(field.trimmed, future: false) { return moment }
        problem = "A time is 14:30, -10m, 2026-01-31 14:30 or epoch ms."
        return nil
    }

    private mutating func confirm() -> [DialogRequest] {
        guard focus == .choices else { return [] }
        guard let plan, trial != nil else {
            problem = problem ?? "There is no dry run yet."
            return [.bell]
        }
        guard typed.trimmed == Self.password else {
            focus = .typed
            problem = "Type \(Self.password) to go on."
            return [.bell]
        }
        isCommitting = true
        // What was shown is what is done: the same moments, not ones worked out again.
        return [.act(.operate(.replay(plan), reason: reason.trimmed, dryRun: false))]
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        defer { isCommitting = false }
        switch result {
        case .success(.acted(let outcome)):
            guard isCommitting else {
                trial = outcome
                return []
            }
            return [.finish(OperateDialog.sentence(outcome.text), .good), .go(.replays)]
        case .success: return [.close]
        case .failure(let error):
            problem = error.message
            return isCommitting ? [.bell] : []
        }
    }
}
