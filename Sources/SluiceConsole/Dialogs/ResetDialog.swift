import SluiceAPI

/// Moves a group to another offset: strategy, parameters, difference per queue, commit.
struct ResetDialog: Sendable {
    enum Focus: Int, Sendable, CaseIterable { case topic, queue, strategy, value, reason, typed, choices }
    enum Strategy: String, Sendable, CaseIterable { case first, last, time, offset }
    static let password = "confirm"

    var group: String
    var topics: [String]
    var topic = 0
    var queue = TextField()
    var strategy = Strategy.first
    var value = TextField()
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.strategy
    var preview: [ResetStep]?
    /// What the preview shown is of.
    var previewed: ResetRequest?
    var pending: Ticket?
    var isCommitting = false
    var done: [ResetStep]?
    var problem: String?

    var isTyping: Bool {
        guard done == nil, !isCommitting else { return false }
        return focus == .queue || focus == .value || focus == .reason || focus == .typed
    }
    var needsValue: Bool { strategy == .time || strategy == .offset }
    var topicName: String? { topics.indices.contains(topic) ? topics[topic] : nil }

    mutating func insert(_ text: String, in context: DialogContext) -> [DialogRequest] {
        let line = text.filter { !$0.isNewline }
        switch focus {
        case .queue: queue.insert(line)
        case .value: value.insert(line)
        case .reason:
            reason.insert(line)
            return []
        case .typed:
            typed.insert(line)
            if typed.trimmed == Self.password { focus = .choices }
            return []
        default: return []
        }
        return look(context)
    }

    mutating func perform(_ operation: Operation, in context: DialogContext) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        guard done == nil, !isCommitting else { return [] }
        switch operation {
        case .nextField: return move(1)
        case .previousField: return move(-1)
        case .dryRun: return look(context)
        case .confirm: return confirm(context)
        default: return edit(operation, context)
        }
    }

    private mutating func edit(_ operation: Operation, _ context: DialogContext) -> [DialogRequest] {
        let step = operation == .cursorLeft ? -1 : operation == .cursorRight ? 1 : 0
        switch focus {
        case .topic:
            guard step != 0, !topics.isEmpty else { return [] }
            topic = (topic + step + topics.count) % topics.count
        case .strategy:
            guard step != 0 else { return [] }
            let all = Strategy.allCases
            let index = all.firstIndex(of: strategy) ?? 0
            strategy = all[(index + step + all.count) % all.count]
        case .queue: guard queue.edit(operation) else { return [] }
        case .value: guard value.edit(operation) else { return [] }
        case .reason:
            _ = reason.edit(operation)
            return []
        case .typed:
            _ = typed.edit(operation)
            return []
        case .choices: return []
        }
        return look(context)
    }

    private mutating func move(_ step: Int) -> [DialogRequest] {
        let places = Focus.allCases.filter { $0 != .value || needsValue }
        let index = places.firstIndex(of: focus) ?? 0
        focus = places[(index + step + places.count) % places.count]
        return []
    }

    /// Asks what would happen, as soon as the fields say something.
    mutating func look(_ context: DialogContext) -> [DialogRequest] {
        preview = nil
        previewed = nil
        pending = nil
        guard let request = request(context, dryRun: true) else { return [] }
        previewed = request
        return [.act(.operate(.reset(request), reason: "", dryRun: true))]
    }

    private mutating func request(_ context: DialogContext, dryRun: Bool) -> ResetRequest? {
        problem = nil
        guard let topicName else {
            problem = "This group has no topic yet."
            return nil
        }
        var one: Int?
        if !queue.trimmed.isEmpty {
            guard let number = Int(queue.trimmed), number >= 0 else {
                problem = "A queue is a number; empty is all queues."
                return nil
            }
            one = number
        }
        guard let target = target(context) else { return nil }
        return ResetRequest(group: group, topic: topicName, queue: one, target: target, dryRun: dryRun)
    }

    private mutating func target(_ context: DialogContext) -> OffsetTarget? {
        let text = value.trimmed
        switch strategy {
        case .first: return .first
        case .last: return .last
        case .time:
            if text.isEmpty { return nil }
            if let moment = context.moments.moment(text, future: false) { return .time(moment) }
            problem = "A time is 14:30, -10m, 2026-01-31 14:30 or epoch ms."
        case .offset:
            if text.isEmpty { return nil }
            if let offset = Int64(text), offset >= 0 { return .offset(offset) }
            problem = "An offset is a number from 0 on."
        }
        return nil
    }

    private mutating func confirm(_ context: DialogContext) -> [DialogRequest] {
        guard focus == .choices else { return [] }
        guard preview != nil, var request = previewed else {
            problem = "There is no preview yet."
            return [.bell]
        }
        guard typed.trimmed == Self.password else {
            focus = .typed
            problem = "Type \(Self.password) to go on."
            return [.bell]
        }
        // What was shown is what is done: the same target, not one worked out again.
        request.dryRun = false
        isCommitting = true
        return [.act(.operate(.reset(request), reason: reason.trimmed, dryRun: false))]
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        defer { isCommitting = false }
        switch result {
        case .success(.acted(let outcome)):
            if isCommitting { done = outcome.steps } else { preview = outcome.steps }
        case .success: return [.close]
        case .failure(let error): problem = error.message
        }
        return []
    }
}
