/// Where a key means something.
enum KeyContext: Sendable, Hashable {
    /// On every screen while nothing is typed.
    case everywhere
    case screens([Screen])
    /// In a dialog, on its choices and, for keys that type nothing, in its fields.
    case dialog(DialogKind)
    /// On the line for commands and filters.
    case prompt
}

/// One line of the key table.
struct KeyBinding: Sendable {
    var keys: [Key]
    var context: KeyContext
    var operation: Operation
    /// For the footer; nil keeps it out of there.
    var label: String?
    /// For the help.
    var help: String
    /// A sentence why it does nothing now; nil when it does.
    var disabled: @Sendable (ConsoleModel) -> String?

    init(
        _ keys: [Key], _ context: KeyContext, _ operation: Operation, label: String? = nil, help: String,
        disabled: @escaping @Sendable (ConsoleModel) -> String? = { _ in nil }
    ) {
        self.keys = keys
        self.context = context
        self.operation = operation
        self.label = label
        self.help = help
        self.disabled = disabled
    }

    func applies(to screen: Screen) -> Bool {
        switch context {
        case .everywhere: true
        case .screens(let screens): screens.contains(screen)
        case .dialog, .prompt: false
        }
    }
}

extension Key {
    /// How footer and help write it.
    var name: String {
        switch self {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let character): "Ctrl-" + String(character).uppercased()
        case .alt(let character): "Alt-" + String(character)
        case .enter: "Enter"
        case .tab: "Tab"
        case .backTab: "Shift-Tab"
        case .escape: "Esc"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .insert: "Ins"
        case .up: "↑"
        case .down: "↓"
        case .left: "←"
        case .right: "→"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        }
    }
}
