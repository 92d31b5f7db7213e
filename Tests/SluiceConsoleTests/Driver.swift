import SluiceAPI
import SluiceMessage

@testable import SluiceConsole

/// A console on a ``World``: every question is answered at once.
struct Driver {
    var model: ConsoleModel
    var world: World
    /// What the model wanted that the broker does not answer.
    var outside: [Effect] = []
    /// All that was asked and done, in order.
    var asked: [Query] = []
    var acts: [Act] = []
    /// What was done, without what was only tried.
    var changes: [Act] { acts.filter(\.changesState) }
    /// While false answers are kept back, as if the broker did not answer.
    var isAnswering = true

    static let scenarios: [ScenarioEntry] = [
        ScenarioEntry(
            name: "async", title: "Registration without waiting for the SMS",
            claim: "A registration takes milliseconds however slow the SMS gateway is, and no SMS is lost."),
        ScenarioEntry(
            name: "peak-shaving", title: "Orders, levelled for a database",
            claim: "A surge six times what the database can take lands whole at the database's pace, and nobody waits."),
    ]

    init(
        _ world: World = .demo, size: Size = Size(width: 80, height: 24), readOnly: Bool = false,
        glyphs: GlyphSet = .braille, screen: Screen = .overview, language: Language = .english
    ) {
        self.world = world
        var settings = ConsoleSettings(
            connection: "embedded", name: "orders-demo", readOnly: readOnly, theme: TestTheme.theme,
            glyphs: glyphs, startScreen: screen, now: world.now)
        settings.scenarios = Self.scenarios
        settings.canStartScenarios = true
        settings.language = language
        model = ConsoleModel(settings: settings)
        send(.resize(size))
        send(.tick(now: world.now))
    }

    mutating func send(_ event: Event) { run(model.update(event)) }

    /// Carries out effects, and those of their answers.
    mutating func run(_ effects: [Effect]) {
        var waiting = effects[...]
        while let effect = waiting.popFirst() {
            switch effect {
            case .ask(let ticket, let query):
                asked.append(query)
                if isAnswering { waiting += model.update(.answer(.reply(ticket, query, world.reply(to: query)))) }
            case .act(let ticket, let act):
                acts.append(act)
                if isAnswering { waiting += model.update(.answer(.done(ticket, world.outcome(of: act)))) }
            default: outside.append(effect)
            }
        }
    }

    /// Characters one by one; `\n` is Enter, `\t` Tab, `\u{1B}` Esc.
    mutating func type(_ text: String) {
        for character in text {
            switch character {
            case "\n": send(.key(.enter))
            case "\t": send(.key(.tab))
            case "\u{1B}": send(.key(.escape))
            default: send(.key(.character(character)))
            }
        }
    }

    mutating func press(_ keys: Key...) {
        for key in keys { send(.key(key)) }
    }

    /// Lets seconds pass, each with its traffic and its tick.
    mutating func run(seconds: Int, isIdle: Bool = false) {
        for _ in 0..<seconds {
            if isIdle { world.now += 1000 } else { world.advance(1) }
            send(.tick(now: world.now))
        }
    }

    var view: CellBuffer { model.view(model.size) }
    var text: String { view.text() }
    func line(_ index: Int) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return index < lines.count ? String(lines[index]) : ""
    }
}

/// A theme whose colours name their roles.
enum TestTheme {
    static let selected = Colour.rgb(0, 0, 1)
    static let theme: Theme = {
        var styles: [Role: Style] = [:]
        for (index, role) in Role.allCases.enumerated() {
            styles[role] = Style(.rgb(UInt8(index), 0, 0), on: role == .selection ? selected : .terminal)
        }
        styles[.selection]?.foreground = .terminal
        return Theme(name: "test", styles: styles, gradients: [:])
    }()

    /// A letter for each role, capitals on the selected row, `~` for colours of a gradient.
    static func letter(_ style: Style) -> Character {
        guard case .rgb(let index, _, _) = style.foreground, Int(index) < letters.count else { return "~" }
        let letter = letters[Int(index)]
        if letter == "." && style.background != selected { return "." }
        return style.background == selected ? Character(letter.uppercased()) : letter
    }

    private static let letters: [Character] = Role.allCases.map { role in
        switch role {
        case .text: "."
        case .dim: "d"
        case .title: "t"
        case .header: "h"
        case .accent: "a"
        case .border: "-"
        case .selection: "s"
        case .marked: "m"
        case .good: "g"
        case .warning: "w"
        case .bad: "b"
        case .attention: "!"
        case .chartIn: "i"
        case .chartOut: "o"
        case .chartBacklog: "l"
        case .chartLatency: "y"
        case .chartAxis: "x"
        case .chartMarker: "r"
        case .number: "n"
        case .key: "k"
        case .footer: "f"
        case .footerKey: "e"
        case .dialog: "D"
        case .dialogBorder: "|"
        case .input: "_"
        case .banner: "B"
        case .stale: "z"
        }
    }
}
