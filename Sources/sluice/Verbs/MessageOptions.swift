import ArgumentParser
import SluiceMessage

/// What a message carries beside its body.
struct MessageOptions: ParsableArguments {
    @Argument(help: "Topic name; a new topic is created.") var topic: String
    @Option(parsing: .unconditional, help: "Tag that consumers filter by.") var tag: String?
    @Option(parsing: .unconditionalSingleValue, help: "Business key to find it by; may be given several times.")
    var key: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Property; may be given several times.", valueName: "name=value"))
    var property: [String] = []
    @Option(help: "The queue to use.") var queue: Int?
    @Option(help: ArgumentHelp("Becomes visible so much later, as 90s or 1h30m.", valueName: "duration"))
    var delay: String?
    @Option(help: "Becomes visible after one of the configured levels, 1 to 18.") var level: Int?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Becomes visible at a time: \(TimeInput.forms).", valueName: "time")
    ) var at: String?

    func validate() throws { _ = try template() }

    /// The message without its body.
    func template() throws -> Message {
        for key in key where key.isEmpty || key.contains(where: \.isWhitespace) {
            throw ValidationError("Key '\(key)': a key is not empty and holds no white space.")
        }
        if let queue, queue < 0 { throw ValidationError("Queue \(queue): queues count from 0.") }
        return Message(
            topic: topic, body: [], tag: tag, keys: key, properties: try properties(), delay: try visibleWhen(),
            queue: queue)
    }

    private func properties() throws -> [Property] {
        try property.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("Property '\(text)': it is name=value.")
            }
            let value = String(text[text.index(after: equals)...])
            guard !value.isEmpty else {
                throw ValidationError("Property '\(text)': a property without a value is lost on RocketMQ's wire.")
            }
            guard !text.unicodeScalars.contains(where: { $0.value == 1 || $0.value == 2 }) else {
                throw ValidationError("Property '\(text)': it may not hold the characters U+0001 and U+0002.")
            }
            return Property(String(text[..<equals]), value)
        }
    }

    private func visibleWhen() throws -> Delay? {
        guard [delay != nil, level != nil, at != nil].filter({ $0 }).count <= 1 else {
            throw ValidationError("Give one of --delay, --level and --at.")
        }
        if let delay {
            guard let span = TimeInput.duration(delay) else {
                throw ValidationError("Delay '\(delay)': it is a duration as 90s, 1h30m or 500ms.")
            }
            return .after(milliseconds: span)
        }
        if let level {
            guard (1...18).contains(level) else { throw ValidationError("Level \(level): there are levels 1 to 18.") }
            return .level(level)
        }
        guard let at else { return nil }
        guard let moment = TimeInput.moment(at, now: TimeText.now, .ahead) else {
            throw ValidationError("Time '\(at)': it is \(TimeInput.forms).")
        }
        return .at(moment)
    }
}
