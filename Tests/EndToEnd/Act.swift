/// Something an operator does by keys, and what has to be stored then.
struct Act {
    enum Move {
        /// Keys by tmux's names.
        case press([String])
        case type(String)
        /// Waits for a text on the screen.
        case see(String)
        /// Waits until a text has left it.
        case miss(String)
    }

    var name: String
    /// From the overview to where the act begins.
    var way: [Move]
    /// The key that begins it.
    var key: String
    /// From there until it is done.
    var moves: [Move]
    /// Where the feature table says that it cannot be done: what the console says.
    var refusals: [Place: String] = [:]
    /// A verb, with what it prints once the act is done, and what it prints no more.
    var verb: [String]
    var has: String?
    var hasNot: String?

    /// Reason and password of a dialog whose reason has the focus.
    private static func confirmed(_ word: String) -> [Move] { [.type("why not"), .press(["Tab"]), .type(word)] }

    /// What the acts are about, by verbs on an empty broker.
    static let preparation: [[String]] = [
        ["publish", "orders", "--queue", "0", "--key", "order-1", "--body", "one"],
        ["consume", "orders", "--group", "landing", "--until-empty"],
        ["publish", "pay", "--transaction", "--key", "half-c", "--body", "kept"],
        ["publish", "pay", "--transaction", "--key", "half-r", "--body", "dropped"],
        ["publish", "orders", "--level", "18", "--key", "late-1", "--body", "late"],
        ["publish", "%DLQ%landing", "--queue", "0", "--key", "dead-1", "--body", "dead"],
    ]

    static let all: [Act] = [
        Act(
            name: "publish", way: [], key: "p",
            moves: [
                .see("Publish a message"), .type("greetings"), .press(["Tab", "Tab"]), .type("guest-1"),
                .press(["Tab"]), .type("茶 for two"), .press(["C-s"]), .see("Published to greetings"),
            ], verb: ["consume", "greetings", "--group", "check", "--json", "--until-empty"],
            has: "\"body\":\"茶 for two\""),
        Act(
            name: "commit", way: [.press(["5"]), .type("/half-c"), .press(["Enter"]), .see("· 1 of")], key: "c",
            moves: [.see("Commit this half message?"), .see("would commit")] + confirmed("half-c") + [
                .press(["y"]), .see("half-c is visible"), .press(["Escape"]), .miss("is visible"), .press(["Escape"]),
            ], verb: ["consume", "pay", "--group", "check", "--json", "--until-empty"], has: "\"body\":\"kept\""),
        Act(
            name: "rollback", way: [.press(["5"]), .see("half-r"), .miss("half-c")], key: "x",
            moves: [.see("Roll back this half message?"), .see("would roll back")] + confirmed("half-r") + [
                .press(["y"]), .see("─ Rolled back"), .see("✓ Rolled back"), .press(["Escape"]),
            ], verb: ["tx", "list", "--json"], hasNot: "half-r"),
        Act(
            name: "reset", way: [.type(":group landing"), .press(["Enter"]), .see("orders")], key: "r",
            moves: [
                .see("1 message would come again"), .press(["Tab"]), .type("why not"), .press(["Tab"]),
                .type("confirm"), .press(["y"]), .see("was moved"), .press(["Escape"]),
            ], verb: ["group", "lag", "landing", "--json"], has: "\"lag\":1"),
        Act(
            name: "publish again",
            way: [
                .type(":topic orders"), .press(["Enter"]), .see("first offset"), .press(["Enter"]), .see("order-1"),
            ], key: "r",
            moves: [
                .see("Dry run:"), .press(["Tab"]), .type("why not"), .press(["Tab"]), .type("confirm"), .press(["y"]),
                .see("1 message published again"), .press(["Escape"]),
            ], verb: ["topic", "show", "orders", "--json"], has: "\"depth\":2"),
        Act(
            name: "replay", way: [.type(":topic orders"), .press(["Enter"]), .see("first offset")], key: "r",
            moves: [
                .see("Store a time of orders again"), .see("Dry run: a replay would"),
                .press(Array(repeating: "Tab", count: 5)),
                .type("confirm"), .press(["y"]), .miss("Store a time"),
            ], refusals: [.compatible: "A paced replay runs inside a Sluice broker"],
            verb: ["replay", "list", "--json"], has: "\"topic\":\"orders\""),
        Act(
            name: "withdraw", way: [.press(["4"]), .see("late-1")], key: "x",
            moves: [.see("Withdraw this delayed message?"), .see("Dry run: would")] + confirmed("late-1") + [
                .press(["y"]), .miss("Withdraw this"),
            ], refusals: [.compatible: "RocketMQ before 5 cannot withdraw a delayed message"],
            verb: ["delay", "list", "--json"], hasNot: "late-1"),
        Act(
            name: "resend", way: [.press(["6"]), .see("landing")], key: "r",
            moves: [.see("of landing again?"), .see("would"), .press(["Tab"])] + confirmed("confirm") + [
                .press(["y"]), .see("─ 1 done"), .press(["Escape"]), .miss("─ 1 done"),
            ], verb: ["consume", "orders", "--group", "landing", "--json", "--until-empty"],
            has: "\"body\":\"dead\""),
        Act(
            name: "gate", way: [.type(":group landing"), .press(["Enter"]), .see("orders")], key: "g",
            moves: [
                .see("Gate of landing"), .press(["Left"]), .see("‹release›"), .press(["Left"]), .see("‹pause›"),
                .see("would"), .press(["BTab"]), .press(["y"]), .miss("Gate of landing"),
            ], verb: ["gate", "show", "landing", "--json"], has: "\"gate\":\"paused\""),
    ]
}

extension Tmux {
    func follow(_ moves: [Act.Move]) throws {
        for move in moves {
            switch move {
            case .press(let keys): for key in keys { try press(key) }
            case .type(let text): try type(text)
            case .see(let text): try wait(for: text)
            case .miss(let text): try wait(for: "the end of \"\(text)\"") { !$0.contains(text) }
            }
        }
    }
}
