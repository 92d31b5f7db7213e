import SluiceAPI

/// How numbers, ages and moments are written. Unknown is `–`, never 0.
enum Format {
    static let unknown = "–"

    /// `83,201`; from ten million on `12.4M`.
    static func count(_ value: Int64?) -> String {
        guard let value else { return unknown }
        return value.magnitude >= 10_000_000 ? scaled(Double(value)) : exact(value)
    }

    /// `83,201`, however large: for offsets, which people type in again.
    static func exact(_ value: Int64?) -> String {
        guard let value else { return unknown }
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
    static func count(_ value: Int?) -> String { count(value.map(Int64.init)) }

    /// A total of a cluster: `12+` where a broker does not answer that might add to it, and `?` where nothing but such
    /// brokers could have any. Below 0 it was not counted yet.
    static func count(_ value: Int64?, _ coverage: Coverage?) -> String {
        guard let value, value >= 0 else { return unknown }
        guard coverage?.isPartial == true else { return count(value) }
        return value == 0 ? "?" : count(value) + "+"
    }
    static func count(_ value: Int?, _ coverage: Coverage?) -> String { count(value.map(Int64.init), coverage) }

    /// Per second: `0`, `0.4`, `12`, `1.2k`, `12.4k`, `3.1M`.
    static func rate(_ value: Double?) -> String {
        guard let value, value.isFinite else { return unknown }
        let size = value.magnitude
        if size < 0.05 { return "0" }
        let sign = value < 0 ? "-" : ""
        if size < 9.95 {
            let text = tenths(size)
            return sign + (text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        }
        return size < 999.5 ? sign + String(Int64(size.rounded())) : scaled(value)
    }

    private static func scaled(_ value: Double) -> String {
        let size = min(value.magnitude, 9e17)
        let sign = value < 0 ? "-" : ""
        for (limit, divisor, unit) in [(999_500.0, 1e3, "k"), (999_500_000, 1e6, "M"), (999.5e9, 1e9, "G")]
        where size < limit {
            let part = size / divisor
            return sign + (part < 99.95 ? tenths(part) : String(Int64(part.rounded()))) + unit
        }
        return sign + String(Int64((size / 1e12).rounded())) + "T"
    }

    static func tenths(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    static func bytes(_ value: Int64?) -> String {
        guard let value else { return unknown }
        if value < 1024 { return "\(value) B" }
        var size = Double(value) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if size < 1023.5 { return (size < 99.95 ? tenths(size) : String(Int64(size.rounded()))) + " " + unit }
            size /= 1024
        }
        return tenths(size) + " TiB"
    }
    static func bytes(_ value: Int) -> String { bytes(Int64(value)) }

    /// A length of time in ms, as exact as its size asks for: seconds below two minutes, tens of seconds below ten, then
    /// minutes. So a screen full of ages is not rewritten every second.
    static func age(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return unknown }
        let seconds = max(0, milliseconds) / 1000
        if milliseconds > 0 && seconds == 0 { return "<1 s" }
        return switch seconds {
        case ..<100: "\(seconds) s"
        case ..<120: "\(seconds / 60)m\(two(seconds % 60))s"
        case ..<600: "\(seconds / 60)m\(two(seconds % 60 / 10 * 10))s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h\(two(seconds % 3600 / 60))m"
        default: "\(seconds / 86_400)d\(two(seconds % 86_400 / 3600))h"
        }
    }

    /// Time left until a moment; a part of a second counts as a whole one, so that it ends with `due`.
    static func countdown(_ milliseconds: Int64) -> String {
        milliseconds <= 0 ? tr("due") : age((milliseconds + 999) / 1000 * 1000)
    }

    /// Seconds of draining; nil is never or unknown.
    static func drain(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds < 8.64e8 else { return unknown }
        return age(Int64(seconds.rounded(.up)) * 1000)
    }

    static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    static func plural(_ count: Int64, _ one: String, _ many: String? = nil) -> String {
        let number = Format.count(count)
        // Languages without a plural have one text for both, found by the singular.
        if let text = Language.current.counted(one) { return filled(text, with: [number]) }
        return "\(number) \(count == 1 ? one : many ?? one + "s")"
    }
    static func plural(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        plural(Int64(count), one, many)
    }

    /// At least so many columns, the text at their right end; never cut.
    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - DisplayWidth.of(text))) + text
    }

    /// An id of 32 digits with its middle left out: `7F…498E0001`. Ids begin alike, so the end is what tells them apart.
    static func shortID(_ id: String, to width: Int = 11) -> String {
        guard id.count > width, width > 6 else { return id }
        let end = min(8, width - 3)
        return id.prefix(width - 1 - end) + "…" + id.suffix(end)
    }
}
