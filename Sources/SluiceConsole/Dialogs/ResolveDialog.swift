import SluiceAPI
import SluiceMessage

/// Commits half messages or rolls them back, after showing what that does.
struct ResolveDialog: Sendable {
    enum Focus: Int, Sendable { case reason, typed, choices }
    enum Result: Sendable, Equatable {
        case done(ResolutionOutcome)
        case failed(APIError)
    }
    var halves: [HalfMessage]
    var resolution: Resolution
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.reason
    /// The target topic's groups, for the preview.
    var target = Fetched<TopicStatus>()
    /// The half as read again just now.
    var current = Fetched<HalfMessage>()
    var pending: Ticket?
    var isDryRun = false
    var problem: String?
    var results: [Result] = []

    var first: HalfMessage? { halves.first }
    var isFinished: Bool { results.count == halves.count }
    var isTyping: Bool { focus != .choices && !isWorking && results.isEmpty }
    var isWorking: Bool { pending != nil }

    /// What has to be typed: the key, else the end of the id; of several their number.
    var password: String {
        guard halves.count == 1, let half = halves.first else { return "\(resolution.rawValue) \(halves.count)" }
        // A key that could not be typed in one line is no use here.
        if let key = half.keys.first, key.count <= 40, TextSanitiser.sanitise(key) == key { return key }
        return String(half.id.suffix(8))
    }
    var passwordName: String {
        guard halves.count == 1, let half = halves.first else { return "Type" }
        return password == half.keys.first ? "Type the key" : "Type the id's end"
    }

    mutating func insert(_ text: String) {
        problem = nil
        let line = text.filter { !$0.isNewline }
        switch focus {
        case .reason: reason.insert(line)
        case .typed:
            typed.insert(line)
            if typed.trimmed == password { focus = .choices }
        case .choices: break
        }
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        // Afterwards only leaving is left.
        guard results.isEmpty, !isWorking else { return [] }
        switch operation {
        case .nextField: focus = Focus(rawValue: (focus.rawValue + 1) % 3) ?? .reason
        case .previousField: focus = Focus(rawValue: (focus.rawValue + 2) % 3) ?? .reason
        case .dryRun: return dryRun()
        case .confirm: return confirm()
        default:
            if focus == .reason { _ = reason.edit(operation) }
            if focus == .typed { _ = typed.edit(operation) }
        }
        return []
    }

    private mutating func dryRun() -> [DialogRequest] {
        guard let half = halves.first else { return [] }
        isDryRun = true
        problem = nil
        return [.ask(.half(half.id)), .ask(.topic(half.topic))]
    }

    private mutating func confirm() -> [DialogRequest] {
        guard focus == .choices else { return [] }
        guard !reason.trimmed.isEmpty else {
            focus = .reason
            problem = "A reason goes into the record: say why."
            return [.bell]
        }
        guard typed.trimmed == password else {
            focus = .typed
            problem = "\(passwordName) \(password) to go on."
            return [.bell]
        }
        isDryRun = false
        return next()
    }

    /// The next half to resolve, one after the other.
    private func next() -> [DialogRequest] {
        guard results.count < halves.count else { return [] }
        return [.act(.resolve(id: halves[results.count].id, as: resolution, reason: reason.trimmed))]
    }

    mutating func take(_ result: Swift.Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        switch result {
        case .success(.resolved(let outcome)): results.append(.done(outcome))
        case .success: return [.close]
        case .failure(let error):
            results.append(.failed(error))
            // One that somebody else resolved does not keep the others back; anything else does.
            if error.code != .conflict && error.code != .notFound {
                while results.count < halves.count { results.append(.failed(error)) }
            }
        }
        return next()
    }
}
