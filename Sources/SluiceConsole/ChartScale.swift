/// The y axis of a chart: from 0 to a round number, with ticks at round numbers.
struct ChartScale: Equatable {
    /// The value of the highest dot; above 0.
    let top: Double
    /// Ascending, from 0 to `top`, evenly spaced.
    let ticks: [Double]

    /// - Parameters:
    ///   - maximum: a top asked for; nil takes the round number at or above `largest`.
    ///   - rows: rows of the plot; a tick has at least three to itself.
    init(largest: Double, maximum: Double?, unit: ChartAxes.Unit, rows: Int) {
        if let maximum, maximum > 0, maximum.isFinite {
            top = maximum
        } else {
            top = ChartScale.roundUp(largest, unit: unit)
        }
        let parts = ChartScale.divisions(of: top, unit: unit).first { $0 <= max(1, rows / 3) } ?? 1
        let top = top
        ticks = (0...parts).map { top * Double($0) / Double(parts) }
    }

    /// The smallest round number that is not below.
    static func roundUp(_ value: Double, unit: ChartAxes.Unit) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        if unit == .bytes {
            var size = 1.0
            while size < value, size < 0x1p80 { size *= 2 }
            return size
        }
        var power = 1e-3
        while power * 10 < value, power < 1e18 { power *= 10 }
        // A hair of tolerance, so that 0.3 is not taken for more than 3 × 0.1.
        return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8].first { $0 * power >= value * 0.999_999 } ?? 10) * power
    }

    /// Into how many equal parts of a round length the axis can be cut, most first.
    private static func divisions(of top: Double, unit: ChartAxes.Unit) -> [Int] {
        if unit == .bytes { return top >= 4 ? [4, 2, 1] : [1] }
        var mantissa = top
        while mantissa >= 9.999_99 { mantissa /= 10 }
        while mantissa < 0.999_999 { mantissa *= 10 }
        switch (mantissa * 10).rounded() {
        case 10: return [5, 4, 2, 1]
        case 20, 40: return [4, 2, 1]
        case 15, 30: return [3, 1]
        case 25, 50: return [5, 1]
        case 60: return [6, 3, 2, 1]
        default: return [4, 2, 1]
        }
    }

    /// Dots from the bottom (0) at which a value stands, of `count` dots; what is too large stands at the top.
    func dot(_ value: Double, of count: Int) -> Int {
        guard count > 1, value > 0 else { return 0 }
        return Int((min(1, value / top) * Double(count - 1)).rounded())
    }
}

// MARK: Labels
extension ChartScale {
    /// A value at a tick in as few columns as it takes: `2.5k/s`, `20ms`, `512KiB`.
    static func label(_ value: Double, unit: ChartAxes.Unit) -> String {
        switch unit {
        case .count(let suffix):
            return value == 0 ? "0" : scaled(value, by: 1000, ["", "k", "M", "G", "T", "P"]) + suffix
        case .milliseconds:
            if value == 0 { return "0" }
            return value < 1000 ? number(value) + "ms" : number(value / 1000) + "s"
        case .bytes:
            return value == 0 ? "0" : scaled(value, by: 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
        }
    }

    /// Columns to keep for labels, so that the plot does not jump when the scale changes.
    static func labelWidth(_ unit: ChartAxes.Unit) -> Int {
        switch unit {
        case .count(let suffix): 4 + DisplayWidth.of(suffix)
        case .milliseconds, .bytes: 6
        }
    }

    private static func scaled(_ value: Double, by base: Double, _ prefixes: [String]) -> String {
        var value = value
        var step = 0
        while value >= base, step + 1 < prefixes.count {
            value /= base
            step += 1
        }
        return number(value) + prefixes[step]
    }

    /// Up to two decimals, none that are zero.
    private static func number(_ value: Double) -> String {
        guard value < 1e15 else { return "∞" }
        let hundredths = Int64((value * 100).rounded())
        let whole = hundredths / 100
        let rest = hundredths % 100
        if rest == 0 { return "\(whole)" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
