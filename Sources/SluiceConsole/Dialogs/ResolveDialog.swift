import SluiceAPI
import SluiceMessage

/// Commits half messages or rolls them back, after showing what that does.
struct ResolveDialog: Sendable {
    enum Focus: Int, Sendable { case reason, typed, choices }
    enum Result: Sendable, Equatable {
        case done(ActionOutcome)
        case failed(APIError)
        case notTried
    }
    var halves: [HalfMessage]
    var resolution: Resolution
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.reason
    /// The target topics' groups, for the preview.
    var targets: [String: Fetched<TopicStatus>] = [:]
    /// The half as read again just now.
    var current = Fetched<HalfMessage>()
    var pending: Ticket?
    var isCommitting = false
    var problem: String?
    /// What a dry run said, half by half; it is complete when there are as many as halves.
    var trial: [Result] = []
    var results: [Result] = []

    var first: HalfMessage? { halves.first }
    var isTyping: Bool { focus != .choices && !isCommitting && results.isEmpty }
    /// The target topics, in the order of the halves; receivers of the first few are asked for.
    var topics: [String] {
        var seen: Set<String> = []
        return halves.map(\.topic).filter { seen.insert($0).inserted }
    }
    static let shownTopics = 4

    /// What has to be typed: the key, else the end of the id (ids begin alike); of several their number.
    var password: String {
        guard halves.count == 1, let half = halves.first else { return "\(halves.count)" }
        // A key that could not be typed in one line is no use here.
        if let key = half.keys.first, key.count <= 40, TextSanitiser.sanitise(key) == key { return key }
        return String(half.id.suffix(8))
    }
    var passwordName: String {
        guard halves.count == 1, let half = halves.first else { return "Type their number" }
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

    /// What the preview needs to know.
    func look() -> [DialogRequest] {
        topics.prefix(Self.shownTopics).map { .ask(.topic($0)) } + (first.map { [.ask(.half($0.id))] } ?? [])
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        // Afterwards only leaving is left.
        guard results.isEmpty, !isCommitting else { return [] }
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
        problem = nil
        trial = []
        return look() + act(0, dryRun: true)
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
        isCommitting = true
        trial = []
        return act(0, dryRun: false)
    }

    /// One after the other.
    private func act(_ index: Int, dryRun: Bool) -> [DialogRequest] {
        guard halves.indices.contains(index) else { return [] }
        let action = OperatorAction.resolve(id: halves[index].id, resolution)
        return [.act(.operate(action, reason: dryRun ? "" : reason.trimmed, dryRun: dryRun))]
    }

    mutating func take(_ result: Swift.Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        let found: Result
        switch result {
        case .success(.acted(let outcome)): found = .done(outcome)
        case .success: return [.close]
        case .failure(let error): found = .failed(error)
        }
        guard isCommitting else {
            trial.append(found)
            return act(trial.count, dryRun: true)
        }
        results.append(found)
        if case .failed(let error) = found, error.code != .conflict, error.code != .notFound {
            // One that somebody else resolved does not keep the others back; anything else does.
            while results.count < halves.count { results.append(.notTried) }
        }
        if results.count == halves.count { isCommitting = false }
        return act(results.count, dryRun: false)
    }
}
