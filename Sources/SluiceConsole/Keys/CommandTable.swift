/// A command of the `:` line.
struct Command: Sendable {
    enum Argument: Sendable { case none, topic, group, theme, interval, language, optionalTopic, optionalGroup }
    var names: [String]
    var argument: Argument
    var help: String
    var name: String { names.first ?? "" }
}

/// The commands, their aliases and their completion.
enum CommandTable {
    static let commands: [Command] = [
        Command(names: ["overview", "o", "home"], argument: .none, help: "Overview"),
        Command(names: ["topics", "to"], argument: .none, help: "All topics"),
        Command(names: ["topic", "t"], argument: .optionalTopic, help: "A topic's queues and groups"),
        Command(names: ["groups", "gr"], argument: .none, help: "All groups"),
        Command(names: ["group", "g"], argument: .optionalGroup, help: "A group's queues"),
        Command(
            names: ["delays", "d", "delay"], argument: .optionalTopic, help: "Delayed messages, or those of a topic"),
        Command(names: ["tx", "transactions", "halves"], argument: .none, help: "Unresolved transactions"),
        Command(
            names: ["dead-letters", "dlq", "dead"], argument: .optionalGroup,
            help: "Dead letters, of one group its messages"),
        Command(names: ["clients", "who"], argument: .none, help: "Connected clients"),
        Command(names: ["brokers"], argument: .none, help: "The brokers"),
        Command(names: ["audit"], argument: .none, help: "What was done by hand"),
        Command(names: ["settings"], argument: .none, help: "What is configured now, what the brokers can do"),
        Command(names: ["flood", "peak-shaving", "peak", "flow"], argument: .none, help: "Peak shaving"),
        Command(names: ["scenarios", "demo", "uses"], argument: .none, help: "Uses of a message queue, live"),
        Command(names: ["publish", "p", "pub"], argument: .optionalTopic, help: "Publish a message"),
        Command(names: ["replays", "rp"], argument: .none, help: "Replays: progress, pause, cancel"),
        Command(names: ["replay-time", "again"], argument: .topic, help: "Store a time of a topic again"),
        Command(names: ["undo"], argument: .none, help: "Take the last act back, where it is not final"),
        Command(names: ["calls", "@"], argument: .none, help: "The calls that this console made"),
        Command(names: ["replay", "reset"], argument: .group, help: "Move a group to another offset"),
        Command(names: ["theme"], argument: .theme, help: "Switch the theme"),
        Command(names: ["language", "lang"], argument: .language, help: "Speak zh, en, or auto: as the locale says"),
        Command(names: ["interval"], argument: .interval, help: "Refresh every so often, as 500ms, 2s, 1m"),
        Command(names: ["export"], argument: .none, help: "Write what is shown to a new FILE.csv or FILE.json"),
        Command(names: ["save"], argument: .none, help: "Keep screen, filter and order as the view NAME"),
        Command(names: ["view"], argument: .none, help: "Bring the view NAME back"),
        Command(names: ["pause"], argument: .none, help: "Pause the refresh, and go on"),
        Command(names: ["help", "h"], argument: .none, help: "Help"),
        Command(names: ["quit", "q", "q!", "exit"], argument: .none, help: "Quit"),
    ]

    static func find(_ name: String) -> Command? {
        commands.first { $0.names.contains(name) } ?? only(commands.filter { $0.name.hasPrefix(name) })
    }

    private static func only(_ found: [Command]) -> Command? { found.count == 1 ? found.first : nil }
}

/// The line for commands (`:`) and filters (`/`).
struct Prompt: Sendable {
    enum Kind: Sendable { case command, filter }
    var kind: Kind
    var field = TextField()
    /// The filter as it was, for Esc.
    var before: Filter?
    /// Which of the earlier commands stands in the field; nil is none.
    var recalled: Int?

    /// Whole lines that could be meant, best first.
    func completions(topics: [String], groups: [String], themes: [String]) -> [String] {
        guard kind == .command else { return [] }
        let text = field.text
        guard let space = text.firstIndex(of: " ") else {
            return CommandTable.commands.map(\.name).filter { $0.hasPrefix(text) }
        }
        let name = String(text[..<space])
        let start = text[text.index(after: space)...].drop { $0 == " " }
        let words: [String] =
            switch CommandTable.find(name)?.argument {
            case .topic, .optionalTopic: topics
            case .group, .optionalGroup: groups
            case .theme: themes
            case .interval: Chooser.intervals
            case .language: ConsoleModel.languageNames
            case .some(.none), nil: []
            }
        return words.filter { $0.hasPrefix(start) }.prefix(50).map { "\(name) \($0)" }
    }
}
