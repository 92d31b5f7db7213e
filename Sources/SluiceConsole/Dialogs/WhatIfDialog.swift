import SluiceAPI

/// Tries a group under other circumstances. Nothing is asked of the broker, nothing is changed.
struct WhatIfDialog: Sendable {
    enum Focus: Int, Sendable, CaseIterable { case consumers, producers, gate }
    var group: String
    var consumers = TextField()
    var producersStop = false
    var gate = TextField()
    var focus = Focus.consumers
    var problem: String?

    init(group: String, _ what: WhatIf) {
        self.group = group
        if what.moreConsumers > 0 { consumers = TextField("\(what.moreConsumers)") }
        producersStop = what.producersStop
        if let rate = what.gate { gate = TextField(rate == rate.rounded() ? "\(Int64(rate))" : "\(rate)") }
    }

    var isTyping: Bool { focus != .producers }

    /// What is typed so far; nil while it makes no sense.
    var what: WhatIf? {
        var what = WhatIf(producersStop: producersStop)
        if !consumers.trimmed.isEmpty {
            guard let number = Int(consumers.trimmed), (0...10_000).contains(number) else { return nil }
            what.moreConsumers = number
        }
        if !gate.trimmed.isEmpty {
            guard let rate = Double(gate.trimmed), (0.1...1_000_000).contains(rate) else { return nil }
            what.gate = rate
        }
        return what
    }

    mutating func insert(_ text: String) {
        let line = text.filter { !$0.isNewline }
        switch focus {
        case .consumers: consumers.insert(line)
        case .gate: gate.insert(line)
        case .producers: break
        }
        judge()
    }

    private mutating func judge() {
        problem =
            what == nil ? tr("More consumers are 0 to 10,000; a gate lets 0.1 to 1,000,000 a second through.") : nil
    }

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        switch operation {
        case .cancel: return [.close]
        case .accept: return what == nil ? [.bell] : [.keepWhatIf(group, what ?? WhatIf()), .close]
        case .nextField: move(1)
        case .previousField: move(-1)
        case .nextWhatIf: preset()
        default:
            switch focus {
            case .consumers: _ = consumers.edit(operation)
            case .gate: _ = gate.edit(operation)
            case .producers:
                if [.cursorLeft, .cursorRight, .toggle].contains(operation) { producersStop.toggle() }
            }
            judge()
        }
        return []
    }

    private mutating func move(_ step: Int) { focus = Focus(rawValue: (focus.rawValue + step + 3) % 3) ?? .consumers }

    /// Those asked most: two more consumers, producers stop, both.
    private static let presets = [
        WhatIf(moreConsumers: 2), WhatIf(producersStop: true), WhatIf(moreConsumers: 2, producersStop: true), WhatIf(),
    ]

    private mutating func preset() {
        let index = what.flatMap { Self.presets.firstIndex(of: $0) } ?? Self.presets.count - 1
        let next = Self.presets[(index + 1) % Self.presets.count]
        let place = focus
        self = WhatIfDialog(group: group, next)
        focus = place
    }

    func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let width = min(88, rect.width - 2)
        var box = DialogBox(tr("What if: group \(group)"), lines: 7, width: width, in: rect, &painter)
        let label = 14
        box.field(
            tr("More consumers"), consumers, isFocused: focus == .consumers, labelWidth: label,
            hint: [Span(tr("empty is none"), .dim)], &painter)
        box.choice(
            tr("Producers"), [tr("go on"), tr("stop")], selected: producersStop ? 1 : 0,
            isFocused: focus == .producers,
            labelWidth: label, &painter)
        box.field(
            tr("Gate at"), gate, isFocused: focus == .gate, labelWidth: label,
            hint: [Span(tr("messages/s; empty is open"), .dim)], &painter)
        box.line([Span(tr("as it is: "), .dim)] + model.forecast(WhatIf(), of: group).spans, &painter)
        if let problem {
            box.line(problem, .bad, &painter)
        } else if let what {
            box.line([Span(tr("\(what.words): "), .accent)] + model.forecast(what, of: group).spans, &painter)
        }
        box.line(tr("Consumers taken to be alike, as fast as those are now. Nothing is changed."), .dim, &painter)
        box.keys(
            [("Ctrl-W", tr("the usual ones")), ("Enter", tr("keep it on the screen")), ("Esc", tr("leave it"))],
            isFocused: false,
            &painter)
    }
}
