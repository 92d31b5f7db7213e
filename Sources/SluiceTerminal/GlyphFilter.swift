import CNcurses
import SluiceConsole

/// The last gate before the terminal: a character goes through only if the C library counts as many columns for it as we
/// do. Anything else (another character set, a newer Unicode) becomes ASCII of the same width.
struct GlyphFilter {
    private var known: [Unicode.Scalar: Bool] = [:]

    /// What to send for a glyph: up to three scalars.
    mutating func scalars(for glyph: Glyph) -> (UInt32, UInt32, UInt32) {
        switch glyph {
        case .continuation: return (0x20, 0, 0)
        case .scalar(let scalar):
            return (passes(scalar, width: glyph.width) ? scalar.value : GlyphFilter.substitute(scalar), 0, 0)
        case .cluster(let base, let first, let second):
            guard passes(base, width: glyph.width) else { return (GlyphFilter.substitute(base), 0, 0) }
            guard passes(first, width: 0) else { return (base.value, 0, 0) }
            guard let second, passes(second, width: 0) else { return (base.value, first.value, 0) }
            return (base.value, first.value, second.value)
        }
    }

    private mutating func passes(_ scalar: Unicode.Scalar, width: Int) -> Bool {
        if scalar.value >= 0x20 && scalar.value < 0x7F { return true }
        if let known = known[scalar] { return known }
        if known.count > 65_536 { known.removeAll() }
        let passes = sn_width(scalar.value) == Int32(width)
        known[scalar] = passes
        return passes
    }

    private static func substitute(_ scalar: Unicode.Scalar) -> UInt32 {
        let ascii: Unicode.Scalar =
            switch scalar {
            case "─", "╌", "┈": "-"
            case "│": "|"
            case "╭", "╮", "╰", "╯", "┌", "┐", "└", "┘", "┬", "┴", "├", "┤", "┼": "+"
            case "…": "."
            case "▸", "▶", "→", "›": ">"
            case "◂", "←", "‹": "<"
            case "▲", "↑": "^"
            case "▼", "↓": "v"
            case "•", "·", "●", "✓": "*"
            case "–", "—": "-"
            case "█", "■": "#"
            default: "?"
            }
        return ascii.value
    }
}
