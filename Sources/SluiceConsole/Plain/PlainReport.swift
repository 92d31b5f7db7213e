import SluiceAPI

// MARK: In lines
extension ConsoleModel {
    /// The screen in front as sentences and `name: value, …` lines: for pipes, terminals that cannot place a cursor, and
    /// readers of screens. No box, no symbol that stands for a word.
    /// - Parameter rows: rows of the list at most; the last line says how many more there are.
    public func plainReport(rows limit: Int = 40) -> [String] {
        var lines = [plainHeader, plainFigures]
        for alert in alertWatch.current { lines.append("\(alert.severity.rawValue): \(alert.text)") }
        if let trouble { lines.append("trouble: \(trouble)") }
        if place != .overview { lines += attention.filter(\.isUrgent).map { "needs a hand: \($0.text)" } }
        if let problem {
            lines.append("not known: \(problem.message)")
        } else if let sheet {
            lines += plainRows(sheet, limit)
        } else if screen == .peakShaving, let scenario {
            lines += scenario.lines.map { "\($0.label): \($0.value)" }
        }
        return lines.map { TextSanitiser.sanitise($0.replacingDashes) }
    }

    private var plainHeader: String {
        let flags = (settings.readOnly ? ", read-only" : "") + (isPaused ? ", paused" : "")
        let named = place.name ?? screen.rawValue
        return
            "\(named) of \(settings.connection) \(settings.name)\(flags) at \(CivilTime(now, utcOffset: settings.utcOffset).clock)"
    }

    /// The counters of the header, in words.
    private var plainFigures: String {
        let means = data.flow.means(seconds: 3)
        func rate(_ value: Double?) -> String { value == nil ? "unknown" : Format.rate(value) + " a second" }
        let broker = data.broker.value
        func count(_ value: Int64?) -> String {
            guard let value, value >= 0 else { return "unknown" }
            guard broker?.coverage?.isPartial == true else { return Format.exact(value) }
            return value == 0 ? "unknown" : "at least \(Format.exact(value))"
        }
        var parts = [
            "in \(rate(means.inflow))", "out \(rate(means.outflow))", "backlog \(count(data.flow.backlog))",
            "unresolved halves \(count(broker.map { Int64($0.unresolvedHalves) }))",
            "pending delays \(count(broker.map { Int64($0.pendingDelays) }))",
        ]
        if let oldest = broker?.oldestHalf { parts.append("oldest half \(Format.age(now - oldest))") }
        if let silent = Self.sentence(broker?.coverage) { parts.append(silent) }
        if let refusing = broker?.refusing { parts.append("publishing refused: \(refusing)") }
        return parts.joined(separator: ", ")
    }

    private func plainRows(_ sheet: Sheet, _ limit: Int) -> [String] {
        if screen == .overview {
            return sheet.rows.isEmpty
                ? ["nothing needs a hand"]
                : sheet.rows.map { row in "\(word(row[0])): \(word(row[1]))" }
        }
        guard !sheet.rows.isEmpty else { return ["\(sheet.title): none"] }
        let all = sheet.truncatedOf.map { " of \(Format.count($0))" } ?? ""
        var lines = ["\(sheet.title): \(Format.count(sheet.rows.count))\(all)"]
        lines += sheet.rows.prefix(limit).map { row in
            let pairs = zip(sheet.columns, row).dropFirst().map { "\(Self.label($0)) \(word($1))" }
            return "\(sheet.columns[0]) \(word(row[0])): " + pairs.joined(separator: ", ")
        }
        if sheet.rows.count > limit { lines.append("and \(Format.count(sheet.rows.count - limit)) more") }
        return lines
    }

    /// `behind_ms` is spoken of as `behind`.
    private static func label(_ column: String) -> String {
        let text = column.hasSuffix("_ms") ? String(column.dropLast(3)) : column
        return text.hasSuffix("_per_s") ? text.dropLast(6) + " a second" : String(text.map { $0 == "_" ? " " : $0 })
    }

    private func word(_ value: Sheet.Value) -> String {
        switch value {
        case .text(let text): text.isEmpty ? "none" : DisplayWidth.clip(text, to: 200)
        case .number(let number): Format.exact(number)
        case .decimal(let number): Format.rate(number)
        case .time(let time): moment(time)
        case .age(let age): Format.age(age)
        case .unknown: "unknown"
        }
    }
}

extension String {
    /// Marks that a reader of screens would spell out or leave away.
    fileprivate var replacingDashes: String {
        String(
            map { character -> Character in
                switch character {
                case "·": ","
                case "–": "-"
                case "…": "~"
                default: character
                }
            })
    }
}
