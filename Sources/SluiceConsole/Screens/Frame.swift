import SluiceAPI

/// What is around every screen: the header, the status line and the footer.
enum Frame {
    static let minimum = Size(width: 60, height: 15)

    static func content(_ size: Size) -> Rect { Rect(x: 0, y: 1, width: size.width, height: size.height - 3) }

    static func drawTooSmall(_ painter: inout Painter, _ size: Size) {
        let lines = [
            tr("Too small:"), "\(size.width)×\(size.height).", tr("Wanted: \(minimum.width)×\(minimum.height)"),
        ]
        let top = max(0, (size.height - lines.count) / 2)
        for (index, line) in lines.enumerated() {
            let x = max(0, (size.width - DisplayWidth.of(line)) / 2)
            painter.buffer.write(
                painter.plain(line), x: x, y: top + index, maxWidth: size.width,
                style: painter.theme[.text])
        }
    }

    // MARK: Header
    static func drawHeader(_ model: ConsoleModel, _ painter: inout Painter) {
        let width = painter.buffer.size.width
        painter.buffer.fill(Rect(x: 0, y: 0, width: width, height: 1), style: painter.theme[.footer])
        painter.ground = .footer
        defer { painter.ground = nil }
        let counters = counters(model)
        let gap = width < 100 ? 2 : 3
        var shown = counters.count
        func total(_ count: Int) -> Int {
            counters.prefix(count).reduce(0) { $0 + $1.reduce(0) { $0 + DisplayWidth.of($1.text) } + gap }
        }
        let name = " sluice  "
        let flags = (model.settings.readOnly ? tr(" · read-only") : "") + (model.isPaused ? tr(" · paused") : "")
        let about = model.settings.connection + " · " + model.settings.name + flags
        while shown > 3, total(shown) + DisplayWidth.of(name) + 12 > width { shown -= 1 }
        let right = max(DisplayWidth.of(name), width - total(shown))
        let used: Int
        if let colour = model.settings.colour {
            // All of the left side in the cluster's colour, and in bold where there are no colours.
            let style = Style(colour.ink, on: colour, .bold)
            used = painter.buffer.write(painter.plain(name), x: 0, y: 0, maxWidth: width, style: style)
        } else {
            used = painter.put(name, x: 0, y: 0, width: width, .title)
        }
        // How it is connected goes first, then the name; that it is read-only or paused stays.
        let room = right - used - 1
        let texts = [
            about, model.settings.name + flags, flags.isEmpty ? model.settings.name : String(flags.dropFirst(3)),
        ]
        let text = texts.first { DisplayWidth.of($0) <= room } ?? texts[2]
        if let colour = model.settings.colour {
            let shown = DisplayWidth.clip(text, to: max(0, room - 1)) + " "
            painter.buffer.write(
                painter.plain(shown), x: used, y: 0, maxWidth: room, style: Style(colour.ink, on: colour, .bold))
        } else {
            painter.put(text, x: used, y: 0, width: room, flags.isEmpty ? .footer : .warning)
        }
        var x = right
        for counter in counters.prefix(shown) {
            x += painter.put(counter, x: x, y: 0, width: width - x)
            x += gap
        }
    }

    private static func counters(_ model: ConsoleModel) -> [[Span]] {
        let means = model.data.flow.means(seconds: 3)
        let limit = max(2 * model.refreshInterval, 2000)
        let isOldFlow = model.data.flowState.staleAge(now: model.now, limit: limit) != nil
        let value: Role = isOldFlow ? .stale : .number
        let broker = model.data.broker.value
        let halves = broker?.unresolvedHalves
        let isOld = broker?.oldestHalf.map { model.now - $0 >= model.oldHalf } ?? false
        func counter(_ label: String, _ rate: Double?) -> [Span] {
            [Span(label, .dim), Span(Format.right(Format.rate(rate), 5), value), Span("/s", .dim)]
        }
        let coverage = broker?.coverage
        let backlog = Format.count(model.data.flow.backlog, coverage)
        return [
            counter(tr("in "), means.inflow), counter(tr("out "), means.outflow),
            [Span(tr("backlog "), .dim), Span(Format.right(backlog, 6), value)],
            [
                Span(tr("halves "), .dim),
                Span(Format.count(halves, coverage) + (isOld ? " !" : ""), isOld ? .attention : value),
            ],
            [Span(tr("delays "), .dim), Span(Format.count(broker?.pendingDelays, coverage), value)],
        ]
    }

    // MARK: Status
    static func drawStatus(_ model: ConsoleModel, _ painter: inout Painter) {
        let size = painter.buffer.size
        let line = Rect(x: 0, y: size.height - 2, width: size.width, height: 1)
        if let prompt = model.prompt { return drawPrompt(prompt, model, &painter, line) }
        painter.rule(line, nil)
        if let notice = model.notice {
            let role: Role = notice.kind == .bad ? .bad : notice.kind == .good ? .good : .text
            let offer = notice.offer.isEmpty ? "" : " \(notice.offer) "
            let room = max(0, size.width - 2 - DisplayWidth.of(offer))
            let used = painter.put(" \(notice.text) ", x: 1, y: line.y, width: room, role)
            painter.put(offer, x: 1 + used, y: line.y, width: size.width - 2 - used, .accent)
        } else if !model.isPaused, model.outage == nil, let alarm = model.alarm {
            painter.buffer.fill(line, style: painter.theme[.banner])
            painter.put(" \(alarm) ", x: 1, y: line.y, width: size.width - 2, .banner)
        } else if let trouble = model.banner(width: size.width - 4) {
            if !model.isPaused { painter.buffer.fill(line, style: painter.theme[.banner]) }
            painter.put(" \(trouble) ", x: 1, y: line.y, width: size.width - 2, model.isPaused ? .warning : .banner)
        }
    }

    private static func drawPrompt(_ prompt: Prompt, _ model: ConsoleModel, _ painter: inout Painter, _ line: Rect) {
        painter.buffer.fill(line, style: painter.theme[.input])
        painter.put(prompt.kind == .command ? ":" : "/", x: 1, y: line.y, .input)
        let window = prompt.field.window(line.width / 2)
        painter.buffer.write(window.text, x: 2, y: line.y, style: painter.theme[.input])
        painter.cursor = (2 + window.cursor, line.y)
        let hint =
            prompt.kind == .command
            ? model.completions.prefix(12).joined(separator: "  ")
            : tr("text or regex · !not · -f fuzzy · Enter keeps, Esc drops")
        let x = 4 + DisplayWidth.of(window.text)
        var style = painter.theme[.dim]
        style.background = painter.theme[.input].background
        let shown = DisplayWidth.clip(hint, to: max(0, line.width - x - 1))
        painter.buffer.write(painter.plain(shown), x: x, y: line.y, style: style)
    }

    // MARK: Footer
    private struct Item {
        var key: Key
        var name: String
        var label: String
        var isHere = false
        var width: Int { DisplayWidth.of(name) + DisplayWidth.of(label) + 1 }
    }

    private static func items(_ model: ConsoleModel, width: Int) -> (screens: [Item], keys: [Item]) {
        let isWide = width >= 110
        let short: [Screen: String] = [
            .overview: tr("Over"), .transactions: tr("Tx"), .deadLetters: tr("Dead"), .peakShaving: tr("Flood"),
        ]
        let screens = Screen.numbered.enumerated().map { (index, screen) -> Item in
            let key = model.settings.keymap.key(
                insteadOf: .character(Character(String(index + 1))), on: model.screen)
            return Item(
                key: key, name: key.name,
                label: isWide && screen != .peakShaving ? screen.title : short[screen] ?? screen.title,
                isHere: model.isUnder(screen))
        }
        var keys = model.scenarioKeys.map {
            Item(key: .character($0.key), name: String($0.key), label: tr(key: $0.label))
        }
        let bindings = model.settings.keymap.bindings.filter { $0.applies(to: model.screen) && $0.label != nil }
        let sorted = bindings.filter { rank($0) < 9 }.sorted { rank($0) < rank($1) } + bindings.filter { rank($0) == 9 }
        keys += sorted.map { Item(key: $0.keys[0], name: $0.keys[0].name, label: label($0, model)) }
        return (screens, keys)
    }

    private static func label(_ binding: KeyBinding, _ model: ConsoleModel) -> String {
        // Dead letters go to their group again rather than to their topic.
        if binding.operation == .replay, model.deadLetterQueue != nil { return tr("resend") }
        return binding.label.map { tr(key: $0) } ?? ""
    }

    /// What acts goes before what looks, the screen's own before what works everywhere, and help is the last.
    private static func rank(_ binding: KeyBinding) -> Int {
        switch binding.operation {
        case .commit, .rollback, .replay, .resend, .gate, .limit: 0
        case .cancelDelay, .deliverNow, .reschedule, .toggleReplay, .cancelReplay: 0
        case .mark: 1
        case .publish: 2
        case .filter: 3
        case .command: 5
        case .open: 6
        case .help: 9
        default: 4
        }
    }

    /// Each key of the footer with the column it starts in.
    private static func layout(_ model: ConsoleModel, width: Int) -> [(x: Int, item: Item)] {
        let (screens, keys) = items(model, width: width)
        var x = 1
        var places: [(Int, Item)] = []
        for item in screens {
            places.append((x, item))
            x += item.width + 1
        }
        x += 2
        // Help stays at the end even when others do not fit.
        let help = keys.last
        for item in keys.dropLast() {
            guard x + item.width + 2 + (help?.width ?? 0) <= width else { continue }
            places.append((x, item))
            x += item.width + 2
        }
        if let help { places.append((x, help)) }
        return places
    }

    static func drawFooter(_ model: ConsoleModel, _ painter: inout Painter) {
        let size = painter.buffer.size
        let y = size.height - 1
        painter.buffer.fill(Rect(x: 0, y: y, width: size.width, height: 1), style: painter.theme[.footer])
        painter.ground = .footer
        defer { painter.ground = nil }
        var isFirstKey = true
        for (x, item) in layout(model, width: size.width) {
            if Int(item.name) == nil, isFirstKey {
                painter.put("│", x: x - 2, y: y, .footer)
                isFirstKey = false
            }
            let used = painter.put(item.name, x: x, y: y, width: size.width - x, .footerKey)
            painter.put(
                item.label, x: x + used + 1, y: y, width: size.width - x - used - 1, item.isHere ? .accent : .footer)
        }
    }

    static func footerKey(at column: Int, _ model: ConsoleModel) -> Key? {
        layout(model, width: model.size.width).first { column >= $0.x && column < $0.x + $0.item.width }?.item.key
    }
}

extension ConsoleModel {
    /// True when the screen in front is this one or below it.
    func isUnder(_ screen: Screen) -> Bool {
        var here: Location? = place
        while let now = here, now != .overview {
            if now.screen == screen { return true }
            here = now.parent
        }
        return screen == .overview && place == .overview
    }

    /// True while nobody answers and what is on the screen is what was known before.
    var isShownFromBefore: Bool {
        guard !isPaused, data.broker.value != nil else { return false }
        return outage != nil || data.broker.staleAge(now: now, limit: staleLimit) != nil
    }

    /// Milliseconds from which data is old: two refreshes.
    private var staleLimit: Int64 { max(2 * refreshInterval, 2000) }

    /// Data that is too old, or was never answered, in a sentence that fits if there is one; nil when all is well.
    func banner(width: Int) -> String? {
        if isPaused { return tr("Paused: Z goes on.") }
        if let outage { return outageSentence(outage, width) }
        guard let age = data.broker.staleAge(now: now, limit: staleLimit) else {
            return data.broker.value == nil ? data.broker.error?.message : nil
        }
        let length = Format.age(age)
        let error = data.broker.error.map { OperateDialog.sentence($0.message) }
        return (error.map { tr("No answer for \(length): \($0)") } ?? tr("No answer for \(length).")) + shownSentence
    }

    /// The same at full length.
    var trouble: String? { banner(width: .max) }

    private var shownSentence: String {
        data.broker.time.map { " " + tr("Shown is what was known at \(moment($0)).") } ?? ""
    }

    /// Why nobody answers, as connections say it in words of their own.
    private static let reasons: Set<String> = [
        later("Nobody owns the folder: start its broker, or q and open the console again."),
        later("The process that owns the folder does not answer yet."),
        later("The process that owned the data folder is gone."),
    ]

    /// How long, how often it was tried, why, and what is shown; the first and the last are shorter where there is no room.
    private func outageSentence(_ outage: Outage, _ width: Int) -> String {
        var why = data.broker.error.map { OperateDialog.sentence($0.message) } ?? tr("Nobody answers.")
        if Self.reasons.contains(why) { why = tr(key: why) }
        let length = Format.age(now - (data.broker.time ?? outage.since))
        let tries = Format.plural(outage.retries, "time")
        let text =
            outage.retries == 0
            ? tr("No answer for \(length). \(why)") : tr("No answer for \(length), tried again \(tries). \(why)")
        let texts = [text + shownSentence, text, tr("Lost for \(length), tried \(tries). \(why)")]
        return texts.first { DisplayWidth.of($0) <= width } ?? texts[2]
    }
}
