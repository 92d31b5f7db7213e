import SluiceAPI
import SluiceMessage

/// The form that publishes a message, at once, later, or as half of a transaction.
struct PublishForm: Sendable {
    enum Item: Int, Sendable, CaseIterable {
        case topic, tag, key, body, delay, transaction, producerGroup, send
    }
    var fields: [Item: TextField] = [:]
    var isTransaction = false
    var focus = Item.topic
    var pending: Ticket?
    var problem: String?

    init(topic: String?) {
        fields[.topic] = TextField(topic ?? "")
        fields[.producerGroup] = TextField("sluice-console")
        if topic != nil { focus = .body }
    }

    /// The field with the cursor.
    var field: TextField? {
        switch focus {
        case .transaction, .send: nil
        default: fields[focus] ?? TextField()
        }
    }
    func text(_ item: Item) -> String { fields[item]?.trimmed ?? "" }

    mutating func insert(_ text: String) {
        guard var field else { return }
        problem = nil
        field.insert(focus == .body ? text : text.filter { !$0.isNewline })
        fields[focus] = field
    }

    mutating func perform(_ operation: Operation, in context: DialogContext) -> [DialogRequest] {
        if operation == .cancel { return [.close] }
        if var field, field.edit(operation) {
            fields[focus] = field
            problem = nil
            return []
        }
        switch operation {
        case .nextField: move(1)
        case .previousField: move(-1)
        case .toggle, .cursorLeft, .cursorRight:
            if focus == .transaction { isTransaction.toggle() }
        case .accept:
            if focus == .send { return send(context) }
            if focus == .transaction { isTransaction.toggle() }
            move(1)
        case .confirm: return send(context)
        default: break
        }
        return []
    }

    private mutating func move(_ step: Int) {
        let items = Item.allCases.filter { $0 != .producerGroup || isTransaction }
        let index = items.firstIndex(of: focus) ?? 0
        focus = items[(index + step + items.count) % items.count]
    }

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
            return .failure(.init(text: "Which topic?"))
        }
        let tag = text(.tag)
        var message = Message(
            topic: topic, body: Array((fields[.body]?.text ?? "").utf8), tag: tag.isEmpty ? nil : tag,
            keys: text(.key).split(separator: " ").map(String.init))
        guard message.body.count <= Limits.maxBodyBytes else {
            return .failure(.init(text: "The body has more than \(Format.bytes(Limits.maxBodyBytes))."))
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
            return .failure(.init(text: "A transaction needs the producer group that can be asked about it."))
        }
        guard message.delay == nil else {
            focus = .delay
            return .failure(.init(text: "A half message cannot have a delay."))
        }
        return .success(.publishHalf(message, producerGroup: group))
    }

    mutating func take(_ result: Result<Outcome, APIError>) -> [DialogRequest] {
        pending = nil
        switch result {
        case .success(.sent(let receipt)):
            if isTransaction {
                return [.finish("Half message \(receipt.id) is stored; it waits to be committed (5).", .good)]
            }
            let place =
                "\(receipt.queue.topic) queue \(receipt.queue.queue) offset \(Format.exact(receipt.queueOffset))"
            return [
                .finish(
                    isDelayed ? "Waiting for its moment: \(receipt.id)" : "Published to \(place): \(receipt.id)", .good)
            ]
        case .success: return [.close]
        case .failure(let error):
            problem = error.message
            return [.bell]
        }
    }

    private var isDelayed: Bool { !text(.delay).isEmpty }
}
