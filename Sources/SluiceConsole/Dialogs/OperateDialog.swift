import SluiceAPI
import SluiceMessage

/// The dialog of any ``OperatorAction``: says what it is about, asks for what it needs, shows the broker's own dry run,
/// takes a reason, and does it with `y` alone. Of a move it shows each queue, of what was stored each place.
///
/// Opened by ``ConsoleModel/open(_:_:)``. `make` turns the fields into actions; each change of a field is tried anew.
struct OperateDialog: Sendable {
    enum Focus: Sendable, Equatable {
        case field(Int)
        case reason, typed, choices
    }
    typealias Maker = @Sendable ([Field], DialogContext) -> Swift.Result<[OperatorAction], Moments.Problem>

    var title: String
    /// What `y` does, as `pause it`.
    var verb: String
    var feature: Feature
    var reversal: Reversal
    var risk = Risk.confirm
    var fields: [Field] = []
    var reason = TextField()
    var typed = TextField()
    var focus = Focus.choices
    /// Sentences above the form, made anew from the newest data and what the fields say, each time it is drawn.
    var facts: @Sendable (ConsoleModel, [OperatorAction]) -> [Span] = { _, _ in [] }
    /// What the facts live on, asked with every refresh.
    var questions: @Sendable ([OperatorAction]) -> [Query] = { _ in [] }
    var make: Maker
    /// True where the typed confirmation is enough.
    var reasonIsOptional = false
    /// What each action is about, for its line among the results.
    var names: [String] = []
    /// The title once it was done, above what came of it.
    var titleWhenDone: String?
    /// Where to go once it was done.
    var placeAfter: Location?
    /// Place whose marks are done with once it was done.
    var marksOf: Location?

    /// What the fields say, in order; empty while they say nothing.
    var actions: [OperatorAction] = []
    var trials: [Result] = []
    var results: [Result] = []
    var pending: Ticket?
    var isCommitting = false
    var problem: String?

    /// Of more than these, the first so many are tried.
    static let mostTrials = 50
    static let password = "confirm"

    var isFinished: Bool { !results.isEmpty && !isCommitting }
    var isTyping: Bool {
        guard !isCommitting, !isFinished else { return false }
        if case .field(let index) = focus { return fields.indices.contains(index) && !fields[index].isChoice }
        return focus != .choices
    }
    var wantedTrials: Int { min(actions.count, Self.mostTrials) }
    /// True when nothing may be done without a reason: all but what one key takes back.
    var needsReason: Bool { risk != .run && !reasonIsOptional }

    var password: String? {
        switch risk {
        case .run: nil
        case .confirm: Self.password
        case .type(_, let word): word
        }
    }
    var passwordName: String {
        if case .type(let what, let word) = risk { return tr("Type the \(what) \(word)") }
        return tr("Type \(Self.password)")
    }

    /// Fields that mean something beside what the others say.
    var shownFields: [Int] { fields.indices.filter { fields[$0].isWanted(fields) } }

    var places: [Focus] {
        shownFields.map(Focus.field) + [.reason] + (risk == .run ? [] : [.typed]) + [.choices]
    }
}

// MARK: Keys and answers
extension OperateDialog {
    mutating func insert(_ text: String, in context: DialogContext) -> [DialogRequest] {
        let line = text.filter { !$0.isNewline }
        problem = nil
        switch focus {
        case .field(let index):
            guard fields.indices.contains(index), !fields[index].isChoice else { return [] }
            fields[index].text.insert(line)
            return look(context)
        case .reason: reason.insert(line)
        case .typed:
            typed.insert(line)
            if typed.trimmed == password { focus = .choices }
        case .choices: break
        }
        return []
    }

    mutating func perform(_ operation: Operation, in context: DialogContext) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        guard !isCommitting, !isFinished else { return [] }
        switch operation {
        case .nextField: move(1)
        case .previousField: move(-1)
        case .dryRun: return look(context)
        case .confirm: return confirm()
        default: return edit(operation, context)
        }
        return []
    }

    private mutating func move(_ step: Int) {
        let places = places
        let index = places.firstIndex(of: focus) ?? 0
        focus = places[(index + step + places.count) % places.count]
    }

    private mutating func edit(_ operation: Operation, _ context: DialogContext) -> [DialogRequest] {
        switch focus {
        case .field(let index) where fields.indices.contains(index):
            if fields[index].isChoice {
                let step = operation == .cursorLeft ? -1 : operation == .cursorRight ? 1 : 0
                guard step != 0 else { return [] }
                let count = fields[index].choices.count
                fields[index].selected = (fields[index].selected + step + count) % count
            } else {
                guard fields[index].text.edit(operation) else { return [] }
            }
            return look(context)
        case .reason: _ = reason.edit(operation)
        case .typed: _ = typed.edit(operation)
        default: break
        }
        return []
    }

    /// Tries what the fields say without effect, as soon as they say something.
    mutating func look(_ context: DialogContext) -> [DialogRequest] {
        (actions, trials, problem, pending) = ([], [], nil, nil)
        switch make(fields, context) {
        case .success(let made): actions = made
        case .failure(let trouble): problem = trouble.text.isEmpty ? nil : trouble.text
        }
        return next()
    }

    private mutating func confirm() -> [DialogRequest] {
        guard focus == .choices else { return [] }
        if let missing = whyNotYet {
            problem = missing
            return [.bell]
        }
        (isCommitting, problem) = (true, nil)
        return next()
    }

    /// What is still wanted, with the focus moved there; nil when nothing is.
    private var whyNotYet: String? {
        mutating get {
            if actions.isEmpty { return problem ?? tr("Fill in what it needs first.") }
            if trials.count < wantedTrials {
                return pending == nil
                    ? tr("Press d first: the dry run says how things stand now.")
                    : tr("The dry run is not answered yet.")
            }
            if trials.allSatisfy({ if case .failed = $0 { true } else { false } }) {
                return tr("The dry run says that it cannot be done.")
            }
            if needsReason && reason.trimmed.isEmpty {
                focus = .reason
                return tr("A reason goes into the record: say why.")
            }
            if let password, typed.trimmed != password {
                focus = .typed
                return tr("\(passwordName) to go on.")
            }
            return nil
        }
    }

    /// The next action to try, or to do: one after the other.
    private func next() -> [DialogRequest] {
        let index = isCommitting ? results.count : trials.count
        guard index < (isCommitting ? actions.count : wantedTrials) else { return [] }
        return [.act(.operate(actions[index], reason: reason.trimmed, dryRun: !isCommitting))]
    }

    mutating func take(_ answer: Swift.Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        let result: Result
        switch answer {
        case .success(.acted(let outcome)): result = .done(outcome)
        case .success: return [.close]
        case .failure(let error): result = .failed(error)
        }
        guard isCommitting else {
            trials.append(result)
            return next()
        }
        results.append(result)
        if case .failed(let error) = result, error.code != .conflict, error.code != .notFound {
            // What one finds gone does not keep the others back; anything else does.
            while results.count < actions.count { results.append(.notTried) }
        }
        guard results.count == actions.count else { return next() }
        isCommitting = false
        guard results.count == 1 else { return [] }
        switch result {
        case .done(let outcome):
            if outcome.hasDetails { return [] }
            return [.finish(Self.sentence(outcome.text), .good)] + (placeAfter.map { [.go($0)] } ?? [])
        case .failed(let error):
            // It is done again only by who has looked: part of it may be done.
            (results, trials, problem) = ([], [], error.message)
            return [.bell]
        case .notTried: return []
        }
    }

    /// Brokers begin what they did with a small letter, and end it without a stop.
    static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") || text.hasSuffix("。") ? "" : ".")
    }
}
