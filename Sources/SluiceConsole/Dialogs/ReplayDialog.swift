import SluiceAPI
import SluiceMessage

/// Publishes stored messages again, to their own topic or another.
struct ReplayDialog: Sendable {
    enum Focus: Int, Sendable { case target, typed, choices }
    static let password = "confirm"

    var messages: [StoredMessage]
    var target = TextField()
    var typed = TextField()
    var focus = Focus.target
    /// Who will receive the copies.
    var receivers = Fetched<TopicStatus>()
    var pending: Ticket?
    var problem: String?
    var done: [SendReceipt]?

    var isTyping: Bool { focus != .choices && pending == nil && done == nil }
    /// The topic that the copies go to.
    var topic: String { target.trimmed.isEmpty ? messages.first?.realTopic ?? "" : target.trimmed }

    mutating func insert(_ text: String) -> [DialogRequest] {
        problem = nil
        let line = text.filter { !$0.isNewline }
        switch focus {
        case .target:
            target.insert(line)
            return look()
        case .typed:
            typed.insert(line)
            if typed.trimmed == Self.password { focus = .choices }
        case .choices: break
        }
        return []
    }

    mutating func look() -> [DialogRequest] {
        receivers = Fetched()
        return topic.isEmpty ? [] : [.ask(.topic(topic))]
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        guard done == nil, pending == nil else { return [] }
        switch operation {
        case .nextField: focus = Focus(rawValue: (focus.rawValue + 1) % 3) ?? .target
        case .previousField: focus = Focus(rawValue: (focus.rawValue + 2) % 3) ?? .target
        case .dryRun: return look()
        case .confirm: return confirm()
        default:
            if focus == .target, target.edit(operation) { return look() }
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
        return [.act(.replay(messages, to: target.trimmed.isEmpty ? nil : target.trimmed))]
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        switch result {
        case .success(.replayed(let receipts)): done = receipts
        case .success: return [.close]
        case .failure(let error):
            problem = error.message
            return [.bell]
        }
        return []
    }
}
