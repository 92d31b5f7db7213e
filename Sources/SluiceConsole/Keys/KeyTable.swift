import SluiceAPI

/// Every key of the console. Dispatch, footer and help read it, and nothing else decides what a key does.
enum KeyTable {
    static let bindings: [KeyBinding] = screens + moving + acting + steering + viewing + sorting + general + dialogs

    static let lists: [Screen] = [
        .overview, .topics, .topic, .messages, .groups, .group, .delays, .transactions, .help, .message,
        .deadLetters, .clients, .brokers, .audit, .settings, .replays, .calls, .scenarios,
    ]
    static let markable: [Screen] = [.messages, .transactions, .deadLetters, .delays]
    static let zoomable: [Screen] = [.delays, .peakShaving]
    static let filterable: [Screen] = [
        .topics, .topic, .messages, .groups, .group, .delays, .transactions, .deadLetters, .clients, .brokers, .audit,
        .replays, .calls,
    ]

    private static let screens: [KeyBinding] = [
        KeyBinding([.character("1"), .function(1)], .everywhere, .overview, help: "Overview"),
        KeyBinding([.character("2"), .function(2)], .everywhere, .topics, help: "Topics"),
        KeyBinding([.character("3"), .function(3)], .everywhere, .groups, help: "Groups"),
        KeyBinding([.character("4"), .function(4)], .everywhere, .delays, help: "Delays"),
        KeyBinding([.character("5"), .function(5)], .everywhere, .transactions, help: "Transactions"),
        KeyBinding([.character("6"), .function(6)], .everywhere, .deadLetters, help: "Dead letters"),
        KeyBinding([.character("7"), .function(7)], .everywhere, .peakShaving, help: "Peak shaving"),
        KeyBinding(
            [.character("8"), .function(8)], .everywhere, .scenarios, help: "Scenarios: the uses of a queue, live"),
        KeyBinding([.character("9")], .everywhere, .clients, help: "Clients"),
        KeyBinding([.character("0")], .everywhere, .brokers, help: "Brokers"),
        KeyBinding([.character("H")], .everywhere, .audit, help: "Audit: what was done by hand"),
        KeyBinding([.character("P")], .everywhere, .replays, help: "Replays"),
        KeyBinding(
            [.character("S")], .everywhere, .settings, help: "Settings: what is configured, what the brokers can do"),
        KeyBinding([.tab], .screens([.scenarios]), .scenarioList, label: "list", help: "The list, or the running one"),
    ]

    private static let moving: [KeyBinding] = [
        KeyBinding([.up, .character("k")], .screens(lists), .up, help: "Row up"),
        KeyBinding([.down, .character("j")], .screens(lists), .down, help: "Row down"),
        KeyBinding([.pageUp, .control("b")], .screens(lists), .pageUp, help: "Page up"),
        KeyBinding([.pageDown, .control("f")], .screens(lists), .pageDown, help: "Page down"),
        KeyBinding([.home], .screens(lists), .top, help: "First row"),
        KeyBinding([.end], .screens(lists), .bottom, help: "Last row"),
        KeyBinding(
            [.enter, .right],
            .screens([
                .overview, .topics, .topic, .messages, .groups, .group, .transactions, .deadLetters, .clients,
                .replays, .scenarios,
            ]),
            .open, label: "open", help: "Open what is selected"),
        KeyBinding([.escape, .left, .backspace], .everywhere, .back, help: "Clear the filter, or go up one level"),
        KeyBinding([.character("[")], .everywhere, .historyBack, help: "Back, as in a browser"),
        KeyBinding([.character("]")], .everywhere, .historyForward, help: "Forward"),
        // Where - belongs to a zoom, ` does it.
        KeyBinding(
            [.character("-")], .screens(Screen.allCases.filter { !zoomable.contains($0) }), .lastPlace,
            help: "The place before this one"),
        KeyBinding([.character("`")], .everywhere, .lastPlace, help: "The place before this one"),
    ]

    private static let general: [KeyBinding] = [
        KeyBinding([.character(":")], .everywhere, .command, label: "go", help: "Command; Tab completes"),
        KeyBinding(
            [.character("?"), .function(10)], .everywhere, .help, label: "help", help: "This help"),
        KeyBinding([.character("@")], .everywhere, .calls, help: "The calls that this console made"),
        KeyBinding([.character("Z")], .everywhere, .pause, help: "Pause the refresh, and go on"),
        KeyBinding([.character("i")], .everywhere, .interval, help: "Pick the refresh interval"),
        KeyBinding([.control("r"), .function(9)], .everywhere, .refresh, help: "Refresh now"),
        KeyBinding([.character("t")], .everywhere, .theme, help: "Pick a theme"),
        KeyBinding([.character("l")], .screens([.settings]), .language, label: "language", help: "Chinese or English"),
        KeyBinding([.character("q"), .control("c")], .everywhere, .quit, help: "Quit"),
    ]

    private static let dialogs: [KeyBinding] = DialogKind.allCases.flatMap(dialog) + prompt

    private static func dialog(_ kind: DialogKind) -> [KeyBinding] {
        let context = KeyContext.dialog(kind)
        var list = [
            KeyBinding([.escape, .control("c")], context, .cancel, label: "leave it", help: "Close, doing nothing")
        ]
        if kind == .chooser {
            list += [
                KeyBinding([.enter], context, .accept, label: "take it", help: "Take it"),
                KeyBinding([.up, .character("k")], context, .choiceUp, help: "One up"),
                KeyBinding(
                    [.down, .character("j"), .character("t"), .character("i")], context, .choiceDown, help: "One down"),
            ]
            return list
        }
        if kind == .leave {
            list += [
                KeyBinding([.character("n")], context, .cancel, help: "Stay"),
                KeyBinding([.character("y")], context, .confirm, label: "leave", help: "Leave all the same"),
                KeyBinding([.character("d")], context, .dryRun, help: "Ask again who is connected"),
            ]
            return list
        }
        list += editing(context)
        // In the publish form up and down go through lines and through what was published before.
        let isPublish = kind == .publish
        list += [
            KeyBinding(
                isPublish ? [.tab] : [.tab, .down], context, .nextField, label: "next field", help: "Next field"),
            KeyBinding(isPublish ? [.backTab] : [.backTab, .up], context, .previousField, help: "Previous field"),
        ]
        switch kind {
        case .publish:
            list += [
                KeyBinding([.enter], context, .accept, help: "Next field, in the body a new line; on Publish: publish"),
                KeyBinding([.control("s")], context, .confirm, label: "publish", help: "Publish"),
                KeyBinding([.character(" ")], context, .toggle, help: "Switch on or off"),
                KeyBinding([.up], context, .choiceUp, label: "earlier", help: "Line up, or what was published before"),
                KeyBinding([.down], context, .choiceDown, help: "Line down, or what was published after that"),
                KeyBinding([.control("o")], context, .loadTemplate, label: "template", help: "Fill it from a template"),
                KeyBinding([.control("t")], context, .saveTemplate, label: "save as", help: "Keep it as a template"),
            ]
        case .find:
            list.append(KeyBinding([.enter], context, .accept, label: "find", help: "Ask the broker"))
        case .whatIf:
            list += [
                KeyBinding([.enter], context, .accept, label: "keep", help: "Keep it on the group's screen"),
                KeyBinding([.character(" ")], context, .toggle, help: "Producers go on or stop"),
                KeyBinding(
                    [.control("w")], context, .nextWhatIf, label: "the usual ones",
                    help: "Two more consumers, producers stop, both"),
            ]
        case .jump: list.append(KeyBinding([.enter], context, .accept, label: "go", help: "Go there"))
        case .operate:
            // Enter is left unbound on purpose: what cannot be undone must not be one reflex away.
            list += [
                KeyBinding([.character("y")], context, .confirm, label: "do it", help: "Do it, once all is filled in"),
                KeyBinding(
                    [.character("d")], context, .dryRun, label: "dry run", help: "Look again at what would happen"),
            ]
        case .chooser, .leave: break
        }
        return list
    }

    private static let prompt: [KeyBinding] =
        editing(.prompt) + [
            KeyBinding([.enter], .prompt, .accept, help: "Take it"),
            KeyBinding([.escape, .control("c")], .prompt, .cancel, help: "Drop it"),
            KeyBinding([.tab], .prompt, .complete, help: "Complete the command"),
            KeyBinding([.up], .prompt, .choiceUp, help: "Earlier command"),
            KeyBinding([.down], .prompt, .choiceDown, help: "Later command"),
        ]

    private static func editing(_ context: KeyContext) -> [KeyBinding] {
        [
            KeyBinding([.left], context, .cursorLeft, help: "Cursor left, or another choice"),
            KeyBinding([.right], context, .cursorRight, help: "Cursor right, or another choice"),
            KeyBinding([.home, .control("a")], context, .lineStart, help: "Start of the line"),
            KeyBinding([.end, .control("e")], context, .lineEnd, help: "End of the line"),
            KeyBinding([.backspace, .control("h")], context, .deleteBack, help: "Delete to the left"),
            KeyBinding([.delete, .control("d")], context, .deleteForward, help: "Delete to the right"),
            KeyBinding([.control("u")], context, .clearLine, help: "Empty the field"),
        ]
    }
}

extension KeyTable {
    private static let byScreen: [Screen: [Key: Int]] = Dictionary(
        uniqueKeysWithValues: Screen.allCases.map { screen in (screen, index { $0.applies(to: screen) }) })
    private static let byDialog: [DialogKind: [Key: Int]] = Dictionary(
        uniqueKeysWithValues: DialogKind.allCases.map { kind in (kind, index { $0.context == .dialog(kind) }) })
    private static let byPrompt: [Key: Int] = index { $0.context == .prompt }

    private static func index(_ include: (KeyBinding) -> Bool) -> [Key: Int] {
        var table: [Key: Int] = [:]
        for (position, binding) in bindings.enumerated() where include(binding) {
            for key in binding.keys where table[key] == nil { table[key] = position }
        }
        return table
    }

    static func binding(for key: Key, on screen: Screen) -> KeyBinding? { byScreen[screen]?[key].map { bindings[$0] } }
    static func binding(for key: Key, in dialog: DialogKind) -> KeyBinding? {
        byDialog[dialog]?[key].map { bindings[$0] }
    }
    static func promptBinding(for key: Key) -> KeyBinding? { byPrompt[key].map { bindings[$0] } }

    /// Keys that mean two things in one place; the tests hold this empty.
    static func clashes() -> [String] {
        var places: [(String, [KeyBinding])] = Screen.allCases.map { screen in
            (screen.rawValue, bindings.filter { $0.applies(to: screen) })
        }
        places += DialogKind.allCases.map { kind in (kind.rawValue, bindings.filter { $0.context == .dialog(kind) }) }
        places.append(("prompt", bindings.filter { $0.context == .prompt }))
        return places.flatMap { place, list in
            var seen: Set<Key> = []
            return list.flatMap(\.keys).filter { !seen.insert($0).inserted }.map { "\(place): \($0.name)" }
        }
    }
}
