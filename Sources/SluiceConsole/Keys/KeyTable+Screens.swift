import SluiceAPI

// MARK: Keys of single screens
extension KeyTable {
    static let acting: [KeyBinding] = [
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
            [.character("n")], .screens([.delays]), .deliverNow, label: "deliver",
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

    static let steering: [KeyBinding] = [
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

    static let viewing: [KeyBinding] = [
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
            [.character("a")], .screens([.topics, .groups]), .showAll, label: "all",
            help: "Show retry, dead letter and system topics too, and the broker's own groups"),
        KeyBinding(
            [.character("/")], .screens(filterable), .filter, label: "filter", help: "Filter: text, !not, -f fuzzy"),
    ]

    static let sorting: [KeyBinding] = [
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
}
