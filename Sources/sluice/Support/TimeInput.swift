import Glibc

/// Times as people type them: RFC 3339, `HH:MM[:SS]` (local), `+90s` and `-5m` (from now), epoch milliseconds.
enum TimeInput {
    static let forms = "RFC 3339, HH:MM[:SS], +90s, -5m or epoch milliseconds"

    /// Which day a bare `HH:MM` means.
    enum Direction {
        /// The next such time of day.
        case ahead
        /// The last such time of day.
        case back
    }

    /// Epoch ms, or nil when it is none of the forms.
    static func moment(_ text: String, now: Int64, _ direction: Direction) -> Int64? {
        if text.hasPrefix("+") || text.hasPrefix("-") {
            guard let span = duration(String(text.dropFirst())) else { return nil }
            let (sum, overflow) = now.addingReportingOverflow(text.hasPrefix("-") ? -span : span)
            return overflow ? nil : sum
        }
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) { return Int64(text) }
        return timeOfDay(text, now: now, direction) ?? rfc3339(text)
    }

    /// Milliseconds of `90s`, `1m30s`, `500ms`, `2h`, `1d` or a bare number of seconds; nil otherwise.
    static func duration(_ text: String) -> Int64? {
        let units: [(name: String, milliseconds: Int64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        guard !text.isEmpty else { return nil }
        var rest = Substring(text)
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            if name.isEmpty && total == 0 && rest.isEmpty {
                return number.multipliedReportingOverflow(by: 1000).overflow ? nil : number * 1000
            }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            let (span, tooLong) = number.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, tooMuch) = total.addingReportingOverflow(span)
            if tooLong || tooMuch { return nil }
            total = sum
        }
        return total
    }

    private static func timeOfDay(_ text: String, now: Int64, _ direction: Direction) -> Int64? {
        let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(pieces.count) else { return nil }
        let numbers = pieces.compactMap { number($0, digits: 1...2) }
        guard numbers.count == pieces.count, numbers[0] < 24, numbers[1] < 60 else { return nil }
        guard numbers.count < 3 || numbers[2] < 60 else { return nil }
        var today = time_t(now / 1000)
        var parts = tm()
        localtime_r(&today, &parts)
        func onDay(_ shift: Int32) -> Int64 {
            var wanted = parts
            wanted.tm_mday += shift
            wanted.tm_hour = Int32(numbers[0])
            wanted.tm_min = Int32(numbers[1])
            wanted.tm_sec = numbers.count > 2 ? Int32(numbers[2]) : 0
            wanted.tm_isdst = -1
            return Int64(mktime(&wanted)) * 1000
        }
        let same = onDay(0)
        switch direction {
        case .ahead: return same > now ? same : onDay(1)
        case .back: return same <= now ? same : onDay(-1)
        }
    }

    /// `2026-11-22T14:03:27[.512](Z|+08:00)`; a space may stand for the T, and without a zone it is local time.
    private static func rfc3339(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[4] == 45, bytes[7] == 45, bytes[13] == 58, bytes[16] == 58 else { return nil }
        guard [0x54, 0x74, 0x20].contains(bytes[10]) else { return nil }
        func field(_ range: Range<Int>) -> Int? {
            number(Substring(decoding: bytes[range], as: UTF8.self), digits: range.count...range.count)
        }
        guard let year = field(0..<4), let month = field(5..<7), let day = field(8..<10), let hour = field(11..<13),
            let minute = field(14..<16), let second = field(17..<19), (1...12).contains(month),
            (1...daysIn(month, year)).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var rest = Substring(decoding: bytes[19...], as: UTF8.self)
        var fraction: Int64 = 0
        if rest.hasPrefix(".") {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { return nil }
            fraction = Int64((digits + "000").prefix(3)) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        parts.tm_isdst = -1
        if rest.isEmpty { return Int64(mktime(&parts)) * 1000 + fraction }
        guard let zone = zoneSeconds(rest) else { return nil }
        return (Int64(timegm(&parts)) - zone) * 1000 + fraction
    }

    private static func zoneSeconds(_ text: Substring) -> Int64? {
        if text == "Z" || text == "z" { return 0 }
        let pieces = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard let sign = text.first, sign == "+" || sign == "-", pieces.count == 2,
            let hours = number(pieces[0], digits: 2...2), let minutes = number(pieces[1], digits: 2...2),
            hours < 24, minutes < 60
        else { return nil }
        return Int64(hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func daysIn(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
