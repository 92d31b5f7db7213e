import SluiceAPI
import SluiceMessage

/// Publishes stored messages again, to their own topic or another.
struct ReplayDialog: Sendable {
    enum Focus: Int, Sendable { case target, reason, typed, choices }
    static let password = "confirm"

    var messages: [StoredMessage]
    var target = TextField()
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.target
    /// Who will receive the copies.
    var receivers = Fetched<TopicStatus>()
    var pending: Ticket?
    var problem: String?
    /// What the dry run said.
    var trial: ActionOutcome?
    var isCommitting = false
    var done: ActionOutcome?

    var isTyping: Bool { focus != .choices && !isCommitting && done == nil }
    /// The topic that the copies go to.
    var topic: String { target.trimmed.isEmpty ? messages.first?.realTopic ?? "" : target.trimmed }

    mutating func insert(_ text: String) -> [DialogRequest] {
        problem = nil
        let line = text.filter { !$0.isNewline }
        switch focus {
        case .target:
            target.insert(line)
            return look()
        case .reason: reason.insert(line)
        case .typed:
            typed.insert(line)
            if typed.trimmed == Self.password { focus = .choices }
        case .choices: break
        }
        return []
    }

    mutating func look() -> [DialogRequest] {
        receivers = Fetched()
        trial = nil
        problem = nil
        return topic.isEmpty ? [] : [.ask(.topic(topic)), .act(act(dryRun: true))]
    }

    private func act(dryRun: Bool) -> Act {
        .operate(
            .republish(messages.map(\.physicalOffset), to: target.trimmed.isEmpty ? nil : target.trimmed),
            reason: dryRun ? "" : reason.trimmed, dryRun: dryRun)
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        guard done == nil, !isCommitting else { return [] }
        switch operation {
        case .nextField: focus = Focus(rawValue: (focus.rawValue + 1) % 4) ?? .target
        case .previousField: focus = Focus(rawValue: (focus.rawValue + 3) % 4) ?? .target
        case .dryRun: return look()
        case .confirm: return confirm()
        default:
            if focus == .target, target.edit(operation) { return look() }
            if focus == .reason { _ = reason.edit(operation) }
            if focus == .typed { _ = typed.edit(operation) }
        }
        return []
    }

    private mutating func confirm() -> [DialogRequest] {
        guard focus == .choices else { return [] }
        guard typed.trimmed == Self.password else {
            focus = .typed
            problem = "Type \(Self.password) to go on."
            return [.bell]
        }
        guard trial != nil else {
            problem = problem ?? "There is no dry run yet."
            return [.bell]
        }
        isCommitting = true
        return [.act(act(dryRun: false))]
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        defer { isCommitting = false }
        switch result {
        case .success(.acted(let outcome)): if isCommitting { done = outcome } else { trial = outcome }
        case .success: return [.close]
        case .failure(let error):
            problem = isCommitting ? error.message : "Dry run: \(error.message)"
            return isCommitting ? [.bell] : []
        }
        return []
    }
}
