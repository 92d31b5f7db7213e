import SluiceAPI

/// Every key of the console. Dispatch, footer and help read it, and nothing else decides what a key does.
enum KeyTable {
    static let bindings: [KeyBinding] = screens + moving + acting + steering + viewing + sorting + general + dialogs

    private static let lists: [Screen] = [
        .overview, .topics, .topic, .messages, .groups, .group, .delays, .transactions, .help, .message,
        .deadLetters, .clients, .brokers, .audit, .settings, .replays, .calls, .scenarios,
    ]
    private static let markable: [Screen] = [.messages, .transactions, .deadLetters, .delays]
    private static let zoomable: [Screen] = [.delays, .peakShaving]
    private static let filterable: [Screen] = [
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

    private static let acting: [KeyBinding] = [
        KeyBinding(
            [.character("c")], .screens([.transactions]), .commit, label: "commit",
            help: "Commit the half message, or all marked", disabled: { $0.whyNoHalf() }),
        KeyBinding(
            [.character("x")], .screens([.transactions]), .rollback, label: "rollback",
            help: "Roll the half message back, or all marked", disabled: { $0.whyNoHalf() }),
        KeyBinding(
            [.character("a")], .screens([.transactions]), .recheck, label: "ask again",
            help: "Ask the producer again now, of one or all marked", disabled: { $0.whyNoHalf(.recheck) }),
        KeyBinding(
            [.character("x")], .screens([.delays]), .cancelDelay, label: "withdraw",
            help: "Withdraw the delayed message, or all marked", disabled: { $0.whyNoDelay(.delayCancel) }),
        KeyBinding(
            [.character("n")], .screens([.delays]), .deliverNow, label: "now",
            help: "Deliver the delayed message now, or all marked", disabled: { $0.whyNoDelay(.delayNow) }),
        KeyBinding(
            [.character("r")], .screens([.delays]), .reschedule, label: "reschedule",
            help: "Give the delayed message, or all marked, another moment",
            disabled: { $0.whyNoDelay(.delayReschedule) }),
        KeyBinding(
            [.character("r")], .screens([.topics, .topic]), .replay, label: "replay",
            help: "Store a time of the topic again, at its own pace or faster", disabled: { $0.whyNoReplay }),
        KeyBinding(
            [.character(" ")], .screens([.replays]), .toggleReplay, label: "pause/go on",
            help: "Pause the replay, or let it go on", disabled: { $0.whyNoReplayControl }),
        KeyBinding(
            [.character("x")], .screens([.replays]), .cancelReplay, label: "cancel", help: "Cancel the replay",
            disabled: { $0.whyNoReplayControl }),
        KeyBinding(
            [.character("u")], .everywhere, .undo, help: "Take the last act back, where it is not final",
            disabled: { $0.whyNoUndo }),
        KeyBinding(
            [.character("r")], .screens([.groups, .group]), .replay, label: "replay",
            help: "Move the group to another offset: preview first", disabled: { $0.whyNoReplay }),
        KeyBinding(
            [.character("r")], .screens([.messages, .message]), .replay, label: "replay",
            help: "Publish the message, or all marked, again", disabled: { $0.whyNoReplay }),
        KeyBinding(
            [.character("p")], .everywhere, .publish, label: "publish", help: "Publish a message",
            disabled: { $0.whyNoActing }),
    ]

    private static let steering: [KeyBinding] = [
        KeyBinding(
            [.character("g")], .screens([.groups, .group]), .gate, label: "gate",
            help: "Limit the group's delivery, pause it, release it", disabled: { $0.whyNoGate }),
        KeyBinding(
            [.character("g")], .screens([.topics, .topic]), .limit, label: "limit",
            help: "Limit what the topic takes from producers", disabled: { $0.whyNoLimit }),
        KeyBinding(
            [.character("n")], .screens([.topics, .groups]), .create, label: "new", help: "Create a topic, a group",
            disabled: { $0.whyNoCreate }),
        KeyBinding(
            [.character("e")], .screens([.topics, .topic, .groups, .group]), .edit, label: "edit",
            help: "Change the topic, the group", disabled: { $0.whyNoEdit }),
        KeyBinding(
            [.character("X"), .delete], .screens([.topics, .topic, .groups, .group]), .delete, label: "delete",
            help: "Delete the topic, the group: its name has to be typed", disabled: { $0.whyNoDelete }),
        KeyBinding(
            [.character("r")], .screens([.deadLetters]), .resend, label: "resend",
            help: "Send the dead letters of the group, or of all marked, again", disabled: { $0.whyNoResend }),
        KeyBinding(
            [.character("R")], .screens([.messages]), .resendAll,
            help: "Send all dead letters again that pass the filter", disabled: { $0.whyNoResendAll }),
        KeyBinding([.character("v")], .screens([.audit]), .verify, label: "verify", help: "Check the audit's chain"),
        KeyBinding(
            [.character("<"), .character(",")], .screens([.audit]), .older, label: "older", help: "Older entries"),
        KeyBinding([.character(">"), .character(".")], .screens([.audit]), .newer, help: "Newer entries"),
    ]

    private static let viewing: [KeyBinding] = [
        KeyBinding([.character(" ")], .screens(markable), .mark, label: "mark", help: "Mark the row and go down"),
        KeyBinding([.character("U")], .screens(markable), .clearMarks, help: "Take all marks away"),
        KeyBinding([.character("*")], .screens(markable), .markAll, help: "Mark all that pass the filter"),
        KeyBinding(
            [.character("w")], .screens([.group]), .whatIf, label: "what if",
            help: "Try other circumstances: more consumers, producers stop, a gate"),
        KeyBinding(
            [.character("l")], .screens([.delays]), .load, label: "load",
            help: "What falls due over what producers send and consumers take"),
        KeyBinding(
            [.character("f")], .screens([.delays]), .find, label: "find",
            help: "Ask the broker for the delays of a topic or a key"),
        KeyBinding([.character("<"), .character(",")], .screens([.delays]), .scrollBack, help: "Earlier in the chart"),
        KeyBinding(
            [.character(">"), .character(".")], .screens([.delays]), .scrollForward, help: "Later in the chart"),
        KeyBinding(
            [.character("F")], .screens(lists.filter { $0 != .help && $0 != .message }), .follow,
            help: "Follow the row, until another is chosen: says when it leaves"),
        KeyBinding(
            [.character("+"), .character("=")], .screens(zoomable), .zoomIn, label: "zoom",
            help: "Look closer: a shorter time"),
        KeyBinding([.character("-")], .screens(zoomable), .zoomOut, help: "Look at a longer time"),
        KeyBinding([.character("o")], .screens([.messages]), .jump, label: "offset", help: "Jump to an offset"),
        KeyBinding([.character("<"), .character(",")], .screens([.messages]), .previousQueue, help: "Previous queue"),
        KeyBinding(
            [.character(">"), .character(".")], .screens([.messages]), .nextQueue, label: "queue", help: "Next queue"),
        KeyBinding(
            [.character("v"), .tab], .screens([.message]), .nextView, label: "text/JSON/hex",
            help: "Body as text, JSON or hex"),
        KeyBinding(
            [.character("y")], .screens([.messages, .message, .delays, .transactions, .clients, .audit]), .copyID,
            label: "copy id",
            help: "Copy the id to the clipboard"),
        KeyBinding(
            [.character("e")], .screens([.messages, .message]), .openBody, label: "editor",
            help: "Show the body in $EDITOR or $PAGER", disabled: { $0.whyNoBody }),
        KeyBinding([.character("E")], .everywhere, .export, help: "Export what is shown as CSV or JSON"),
        KeyBinding(
            [.character("a")], .screens([.topics]), .showAll, label: "all",
            help: "Show retry, dead letter and system topics too"),
        KeyBinding(
            [.character("/")], .screens(filterable), .filter, label: "filter", help: "Filter: text, !not, -f fuzzy"),
    ]

    private static let sorting: [KeyBinding] = [
        KeyBinding([.character("N")], .screens([.topics, .groups]), .sortName, help: "Sort by name"),
        KeyBinding([.character("N")], .screens([.deadLetters, .clients]), .sortName, help: "Sort by name"),
        KeyBinding([.character("D")], .screens([.topics]), .sortDepth, help: "Sort by depth"),
        KeyBinding([.character("D")], .screens([.deadLetters]), .sortDepth, help: "Sort by their number"),
        KeyBinding([.character("G")], .screens([.clients]), .sortGroup, help: "Sort by group"),
        KeyBinding([.character("A")], .screens([.clients]), .sortAddress, help: "Sort by address"),
        KeyBinding([.character("L")], .screens([.clients]), .sortLanguage, help: "Sort by language"),
        KeyBinding([.character("V")], .screens([.clients]), .sortVersion, help: "Sort by version"),
        KeyBinding([.character("I")], .screens([.topics]), .sortIn, help: "Sort by inflow"),
        KeyBinding([.character("O")], .screens([.topics, .groups]), .sortOut, help: "Sort by outflow"),
        KeyBinding([.character("L")], .screens([.groups, .group]), .sortLag, help: "Sort by lag"),
        KeyBinding([.character("B")], .screens([.groups, .group]), .sortBehind, help: "Sort by age of the lag"),
        KeyBinding([.character("C")], .screens([.groups]), .sortClients, help: "Sort by clients"),
        KeyBinding([.character("D")], .screens([.delays]), .sortDue, help: "Sort by moment due"),
        KeyBinding([.character("T")], .screens([.delays, .transactions]), .sortTopic, help: "Sort by topic"),
        KeyBinding([.character("A")], .screens([.transactions]), .sortAge, help: "Sort by age"),
        KeyBinding([.character("K")], .screens([.transactions]), .sortChecks, help: "Sort by checks"),
        KeyBinding([.character("G")], .screens([.transactions]), .sortProducer, help: "Sort by producer group"),
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
        case .reset, .replay, .range, .resolve, .operate:
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
