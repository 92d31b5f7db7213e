import SluiceAPI
import SluiceMessage

/// The form that publishes a message, at once, later, or as half of a transaction.
struct PublishForm: Sendable {
    enum Item: Int, Sendable, CaseIterable {
        case topic, tag, key, body, delay, properties, transaction, producerGroup, send
    }
    /// What the keys go to: the form itself, the list of templates, or the name to save one under.
    enum Mode: Sendable, Equatable {
        case form
        case picking(Int)
        case naming
    }
    var fields: [Item: TextField] = [:]
    var isTransaction = false
    var focus = Item.topic
    var mode = Mode.form
    var pending: Ticket?
    var problem: String?

    /// What was published before, oldest first, and which of it stands in the form; nil is what is being typed.
    var history: [MessageTemplate] = []
    var recalled: Int?
    var typed: MessageTemplate?

    /// Nil until they were read.
    var templates: [MessageTemplate]?
    var templateProblems: [String] = []
    var templateName = TextField()
    var canOverwrite = false
    var note: String?

    init(topic: String?, history: [MessageTemplate] = []) {
        self.history = history
        fields[.topic] = TextField(topic ?? "")
        fields[.producerGroup] = TextField("sluice-console")
        if topic != nil { focus = .body }
    }

    /// The field with the cursor.
    var field: TextField? {
        switch mode {
        case .picking: return nil
        case .naming: return templateName
        case .form: break
        }
        switch focus {
        case .transaction, .send: return nil
        default: return fields[focus] ?? TextField()
        }
    }
    func text(_ item: Item) -> String { fields[item]?.trimmed ?? "" }

    private mutating func set(_ field: TextField) {
        if mode == .naming { templateName = field } else { fields[focus] = field }
        problem = nil
        note = nil
        canOverwrite = false
    }

    mutating func insert(_ text: String) {
        guard var field else { return }
        field.insert(mode == .form && focus == .body ? text : text.filter { !$0.isNewline })
        set(field)
    }

    mutating func perform(_ operation: Operation, in context: DialogContext) -> [DialogRequest] {
        if mode != .form { return performOnTemplates(operation) }
        if operation == .cancel { return [.close] }
        if var field, field.edit(operation) {
            set(field)
            return []
        }
        switch operation {
        case .nextField: move(1)
        case .previousField: move(-1)
        case .choiceUp, .choiceDown: upOrDown(operation == .choiceUp ? -1 : 1)
        case .toggle, .cursorLeft, .cursorRight:
            if focus == .transaction { isTransaction.toggle() }
        case .accept: return accept(context)
        case .confirm: return send(context)
        case .loadTemplate:
            mode = .picking(0)
            templates = nil
            return [.effect(.loadTemplates)]
        case .saveTemplate:
            mode = .naming
            problem = nil
        default: break
        }
        return []
    }

    private mutating func accept(_ context: DialogContext) -> [DialogRequest] {
        switch focus {
        case .send: return send(context)
        case .body: insert("\n")
        case .transaction:
            isTransaction.toggle()
            move(1)
        default: move(1)
        }
        return []
    }

    /// In the body to the line above or below; at its ends, and elsewhere, through what was published before.
    private mutating func upOrDown(_ step: Int) {
        if focus == .body, var body = fields[.body], body.moveLine(step) {
            fields[.body] = body
            return
        }
        guard !history.isEmpty else { return }
        if recalled == nil { typed = template(named: "") }
        let position = (recalled ?? history.count) + step
        guard position <= history.count, position >= 0 else { return }
        recalled = position == history.count ? nil : position
        fill(with: recalled.map { history[$0] } ?? typed ?? template(named: ""))
    }

    private mutating func move(_ step: Int) {
        let items = Item.allCases.filter { $0 != .producerGroup || isTransaction }
        let index = items.firstIndex(of: focus) ?? 0
        focus = items[(index + step + items.count) % items.count]
    }

    // MARK: Publishing
    private mutating func send(_ context: DialogContext) -> [DialogRequest] {
        guard pending == nil else { return [] }
        switch act(context) {
        case .success(let act): return [.act(act)]
        case .failure(let trouble):
            problem = trouble.text
            return [.bell]
        }
    }

    private mutating func act(_ context: DialogContext) -> Result<Act, Moments.Problem> {
        let topic = text(.topic)
        guard !topic.isEmpty else {
            focus = .topic
            return .failure(.init(text: tr("Which topic?")))
        }
        let tag = text(.tag)
        var message = Message(
            topic: topic, body: Array((fields[.body]?.text ?? "").utf8), tag: tag.isEmpty ? nil : tag,
            keys: text(.key).split(separator: " ").map(String.init))
        guard message.body.count <= Limits.maxBodyBytes else {
            return .failure(.init(text: tr("The body has more than \(Format.bytes(Limits.maxBodyBytes)).")))
        }
        switch Self.properties(text(.properties)) {
        case .success(let properties): message.properties = properties
        case .failure(let problem):
            focus = .properties
            return .failure(problem)
        }
        switch context.moments.delay(text(.delay)) {
        case .success(let delay): message.delay = delay
        case .failure(let problem):
            focus = .delay
            return .failure(problem)
        }
        guard isTransaction else { return .success(.publish(message)) }
        let group = text(.producerGroup)
        guard !group.isEmpty else {
            focus = .producerGroup
            return .failure(.init(text: tr("A transaction needs the producer group that can be asked about it.")))
        }
        guard message.delay == nil else {
            focus = .delay
            return .failure(.init(text: tr("A half message cannot have a delay.")))
        }
        return .success(.publishHalf(message, producerGroup: group))
    }

    /// `name=value name="two words"`, in the order typed.
    static func properties(_ text: String) -> Result<[Property], Moments.Problem> {
        var properties: [Property] = []
        var rest = Substring(text)
        while case let start = rest.drop(while: { $0 == " " }), !start.isEmpty {
            guard let equals = start.firstIndex(of: "="), equals > start.startIndex,
                !start[..<equals].contains(" ")
            else { return .failure(.init(text: tr("Properties are name=value, with spaces between."))) }
            let name = String(start[..<equals])
            let after = start[start.index(after: equals)...]
            let value: Substring
            if after.first == "\"" {
                let inner = after.dropFirst()
                guard let end = inner.firstIndex(of: "\"") else {
                    return .failure(.init(text: tr("The value of \(name) has no closing quote.")))
                }
                value = inner[..<end]
                rest = inner[inner.index(after: end)...]
            } else {
                value = after.prefix { $0 != " " }
                rest = after[value.endIndex...]
            }
            guard !value.isEmpty else {
                return .failure(.init(text: tr("\(name) has no value: an empty one would be lost on the way.")))
            }
            properties.append(Property(name, String(value)))
        }
        return .success(properties)
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        switch result {
        case .success(.sent(let receipt)):
            let kept = DialogRequest.published(template(named: ""))
            if isTransaction {
                return [
                    kept, .finish(tr("Half message \(receipt.id) is stored; it waits to be committed (5)."), .good),
                ]
            }
            let place =
                tr("\(receipt.queue.topic) queue \(receipt.queue.queue) offset \(Format.exact(receipt.queueOffset))")
            let text =
                isDelayed ? tr("Waiting for its moment: \(receipt.id)") : tr("Published to \(place): \(receipt.id)")
            return [kept, .finish(text, .good)]
        case .success: return [.close]
        case .failure(let error):
            problem = error.message
            return [.bell]
        }
    }

    private var isDelayed: Bool { !text(.delay).isEmpty }
}
