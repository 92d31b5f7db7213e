import SluiceAPI

/// Asks the broker for the delays of a topic or a key, among all there are rather than on the page.
struct FindDialog: Sendable {
    var topic: TextField
    var key: TextField
    var isOnKey = false

    init(_ query: DelayQuery) {
        topic = TextField(query.topic ?? "")
        key = TextField(query.key ?? "")
    }

    mutating func insert(_ text: String) {
        let line = text.filter { !$0.isNewline }
        if isOnKey { key.insert(line) } else { topic.insert(line) }
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        switch operation {
        case .cancel: return [.close]
        case .accept:
            let name = topic.trimmed
            let key = key.trimmed
            return [.find(topic: name.isEmpty ? nil : name, key: key.isEmpty ? nil : key), .close]
        case .nextField, .previousField: isOnKey.toggle()
        default: _ = isOnKey ? key.edit(operation) : topic.edit(operation)
        }
        return []
    }

    func draw(_ rect: Rect, _ painter: inout Painter) {
        var box = DialogBox(tr("Delays of a topic or a key"), lines: 4, width: 72, in: rect, &painter)
        box.field(
            tr("Topic"), topic, isFocused: !isOnKey, labelWidth: 9,
            hint: [Span(tr("its whole name; empty is all"), .dim)],
            &painter)
        box.field(
            tr("Key or id"), key, isFocused: isOnKey, labelWidth: 9, hint: [Span(tr("as a whole; empty is all"), .dim)],
            &painter)
        box.line(tr("The broker looks through all of them. / filters what is listed."), .dim, &painter)
        box.keys([("Enter", tr("find")), ("Esc", tr("leave it"))], isFocused: false, &painter)
    }
}
