import SluiceMessage

/// Reads delays and moments as people type them.
struct Moments: Sendable {
    var now: Int64
    var utcOffset: Int
    /// Levels that the broker has; 0 when it was not asked yet, and then 18 is taken.
    var levels = 18

    struct Problem: Error, Equatable {
        var text: String
    }

    /// Nothing, a level (`5`, `level 5`), a length (`90s`, `+5m`, `1h30m`), or a moment to come.
    func delay(_ typed: String) -> Result<Delay?, Problem> {
        let text = typed.lowercased().filter { $0 != " " }
        if text.isEmpty { return .success(nil) }
        let digits = text.hasPrefix("level") ? String(text.dropFirst(5)) : text
        if let level = Int(digits), digits.count < 6 {
            guard (1...levels).contains(level) else { return .failure(Problem(text: tr("Levels are 1 to \(levels)."))) }
            return .success(.level(level))
        }
        if let length = Self.length(text.hasPrefix("+") ? String(text.dropFirst()) : text) {
            return .success(.after(milliseconds: length))
        }
        guard let moment = moment(typed, future: true) else {
            return .failure(Problem(text: tr("Not a delay: try 5, 90s, +5m, 14:30 or 2026-01-31 14:30.")))
        }
        return moment > now ? .success(.at(moment)) : .failure(Problem(text: tr("That moment is past.")))
    }

    /// Epoch ms of `14:30[:05]` (the next one, or the last one), `2026-01-31[ T]14:30[:05][Z|±hh:mm]`, `-10m`, `+10m` or
    /// epoch ms; nil for anything else.
    func moment(_ typed: String, future: Bool) -> Int64? {
        let text = typed.filter { !$0.isWhitespace || $0 == " " }.uppercased()
        if let number = Int64(text), text.count >= 12 { return number }
        if text.hasPrefix("-") || text.hasPrefix("+"), let length = Self.length(text.dropFirst().lowercased()) {
            return text.hasPrefix("-") ? now - length : now + length
        }
        if let (hour, minute, second) = Self.clock(text) {
            return clockMoment(hour, minute, second, future: future)
        }
        return dated(text)
    }

    private func clockMoment(_ hour: Int64, _ minute: Int64, _ second: Int64, future: Bool) -> Int64? {
        let today = CivilTime(now, utcOffset: utcOffset)
        guard
            let moment = CivilTime.epoch(
                year: today.year, month: today.month, day: today.day, hour: hour, minute: minute, second: second,
                utcOffset: utcOffset)
        else { return nil }
        if future { return moment > now ? moment : moment + 86_400_000 }
        return moment <= now ? moment : moment - 86_400_000
    }

    private func dated(_ text: String) -> Int64? {
        let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "T" }
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        var rest = String(parts[1])
        var offset = utcOffset
        if rest.hasSuffix("Z") {
            rest.removeLast()
            offset = 0
        } else if let sign = rest.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            guard case (let hours, let minutes, 0)? = Self.clock(String(rest[rest.index(after: sign)...])) else {
                return nil
            }
            offset = Int(hours * 3600 + minutes * 60) * (rest[sign] == "-" ? -1 : 1)
            rest = String(rest[..<sign])
        }
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            let (hour, minute, second) = Self.clock(rest)
        else { return nil }
        return CivilTime.epoch(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, utcOffset: offset)
    }

    private static func clock(_ text: String) -> (Int64, Int64, Int64)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1],
            let second = parts.count == 3 ? parts[2] : 0,
            (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
        else { return nil }
        return (hour, minute, second)
    }

    /// Milliseconds of `90s`, `5m`, `1h30m`, `250ms`, `2d`; nil for anything else or more than ten years.
    static func length(_ text: some StringProtocol) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            let factor: Int64? =
                switch unit {
                case "ms": 1
                case "s": 1000
                case "m", "min": 60_000
                case "h": 3_600_000
                case "d": 86_400_000
                default: nil
                }
            guard let factor, digits.count < 12, let number = Int64(digits) else { return nil }
            let (product, over) = number.multipliedReportingOverflow(by: factor)
            guard !over, product < 315_360_000_000 else { return nil }
            total += product
            guard total < 315_360_000_000 else { return nil }
        }
        return total
    }
}
