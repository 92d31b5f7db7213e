import SluiceAPI

/// What is configured now, and what the brokers can do.
enum SettingsScreen {
    static func lines(_ model: ConsoleModel) -> [[Span]] {
        var lines: [[Span]] = [[Span(tr("Connection"), .title)]]
        let settings = model.settings
        lines += [
            line(tr("connected"), [Span(settings.connection), Span("   \(settings.name)", .dim)]),
            line(tr("brokers"), brokers(model)),
            line(
                tr("acting"),
                [
                    settings.readOnly
                        ? Span(tr("read-only: this console looks and changes nothing"), .warning)
                        : Span(tr("allowed: each action asks first and goes into the audit"))
                ]),
        ]
        if let broker = model.data.broker.value {
            let durability = broker.durability == .sync ? tr("sync") : tr("async")
            lines += [
                line(
                    tr("broker"), [Span(tr("\(broker.name) of \(broker.cluster)")), Span("   \(broker.version)", .dim)]),
                line(
                    tr("data folder"), [Span(broker.dataFolder), Span("   \(broker.fileSystem), \(durability)", .dim)]),
            ]
        }
        lines += [[], [Span(tr("This console"), .title)]]
        let interval = model.refreshInterval
        let text = interval < 1000 ? "\(interval) ms" : DelaysScreen.levelText(interval)
        lines += [
            line(tr("theme"), [Span(model.theme.name)], key: "t"),
            line(tr("refresh"), [Span(model.isPaused ? tr("every \(text), paused") : tr("every \(text)"))], key: "i"),
            line(tr("language"), [Span(settings.language.ownName)], key: "l"),
            line(tr("glyphs"), [Span("\(settings.glyphs)")]),
            line(tr("clock"), [Span(zone(settings.utcOffset))]),
            line(tr("opened on"), [Span(settings.startScreen.title.lowercased())]),
        ]
        lines += [[], [Span(tr("What the brokers can do"), .title)]]
        return lines + features(model)
    }

    private static func line(_ label: String, _ value: [Span], key: String? = nil) -> [Span] {
        let change = key.map { [Span("   \($0)", .key), Span(tr(" changes it"), .dim)] } ?? []
        return [Span("  " + DisplayWidth.pad(label, to: 18), .dim)] + value + change
    }

    private static func brokers(_ model: ConsoleModel) -> [Span] {
        let nodes = model.brokers
        guard !nodes.isEmpty else { return [Span(Format.unknown, .dim)] }
        let silent = nodes.filter { $0.failure != nil }.count
        let kinds = Set(nodes.map { BrokersScreen.kind($0.kind) }).sorted().joined(separator: ", ")
        return [
            Span("\(nodes.count)   \(kinds)"),
            Span(silent == 0 ? "" : tr("   \(silent) not answering"), .bad),
        ]
    }

    private static func zone(_ offset: Int) -> String {
        if offset == 0 { return "UTC" }
        let minutes = abs(offset) / 60
        return "UTC\(offset < 0 ? "-" : "+")\(Format.two(Int64(minutes / 60))):\(Format.two(Int64(minutes % 60)))"
    }

    private static func features(_ model: ConsoleModel) -> [[Span]] {
        guard case .features(let all)? = model.told(.features).value else {
            let error = model.told(.features).error
            return [[Span("  " + (error.map { "? \($0.message)" } ?? tr("not asked yet")), error == nil ? .dim : .bad)]]
        }
        return Feature.allCases.map { feature in
            let name = tr(key: feature.rawValue.split(separator: "_").joined(separator: " "))
            let value: Span =
                switch all[feature] {
                case .works: Span(tr("works"), .good)
                case .substitute(let sentence): Span(tr(key: sentence), .warning)
                case .unavailable(let sentence): Span(tr(key: sentence), .bad)
                case nil: Span(tr("not told"), .dim)
                }
            return line(name, [value])
        }
    }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, tr("Settings"))
        let all = lines(model)
        for row in 0..<max(0, rect.height - 1) where all.indices.contains(model.list.top + row) {
            painter.put(all[model.list.top + row], x: rect.x + 2, y: rect.y + 1 + row, width: rect.width - 3)
        }
    }
}
