import CNcurses
import SluiceConsole

/// Gives every pair of colours on the screen a number, as they turn up.
struct PairTable {
    private struct Pair: Hashable {
        var foreground: Int32
        var background: Int32
    }
    let depth: ColourDepth
    private let limit: Int
    private let hasDefaultColours: Bool
    private let define: (Int32, Int32, Int32) -> Bool
    private var numbers: [Pair: Int32] = [:]
    private var known: [Style: (pair: Int32, attributes: UInt32)] = [:]
    /// What most of the screen has behind it: a terminal without colours shows the rest reversed where it is bold.
    private let base: Colour

    /// - Parameters:
    ///   - limit: pairs that the terminal has, the one with its own colours included.
    ///   - define: tells the terminal layer of a pair: its number, foreground, background.
    init(
        depth: ColourDepth, limit: Int, hasDefaultColours: Bool, base: Colour,
        define: @escaping (Int32, Int32, Int32) -> Bool
    ) {
        self.depth = depth
        self.limit = limit
        self.hasDefaultColours = hasDefaultColours
        self.base = base
        self.define = define
    }

    /// Pair number and attributes for a style.
    mutating func look(of style: Style) -> (pair: Int32, attributes: UInt32) {
        if let look = known[style] { return look }
        // Gradients could make no end of styles.
        if known.count > 4096 { known.removeAll(keepingCapacity: true) }
        let look = compute(style)
        known[style] = look
        return look
    }

    private mutating func compute(_ style: Style) -> (pair: Int32, attributes: UInt32) {
        var attributes = PairTable.bits(style.attributes)
        guard depth > .mono else {
            if style.background != base, style.background != .terminal, style.attributes.contains(.bold) {
                attributes ^= UInt32(SN_REVERSE)
            }
            return (0, attributes)
        }
        var pair = Pair(foreground: depth.index(of: style.foreground), background: depth.index(of: style.background))
        if depth == .eight, case .ansi(let number) = style.foreground, number >= 8 {
            attributes |= UInt32(SN_BOLD)
        }
        if depth < .indexed, pair.foreground == pair.background, pair.foreground >= 0,
            style.foreground != style.background
        {
            // Two colours that have become one would hide the text.
            pair.foreground = pair.background == 0 || pair.background == 4 ? 7 : 0
        }
        if !hasDefaultColours {
            if pair.foreground < 0 { pair.foreground = 7 }
            if pair.background < 0 { pair.background = 0 }
        }
        return (number(of: pair), attributes)
    }

    private mutating func number(of pair: Pair) -> Int32 {
        if pair.foreground < 0 && pair.background < 0 { return 0 }
        if let number = numbers[pair] { return number }
        let next = Int32(numbers.count + 1)
        guard Int(next) < limit, define(next, pair.foreground, pair.background) else {
            // The terminal has run out of pairs: keep the background, or at least the text.
            let close = numbers.first { $0.key.background == pair.background }
            return close?.value ?? 0
        }
        numbers[pair] = next
        return next
    }

    private static func bits(_ attributes: Attributes) -> UInt32 {
        var bits: UInt32 = 0
        if attributes.contains(.bold) { bits |= UInt32(SN_BOLD) }
        if attributes.contains(.dim) { bits |= UInt32(SN_DIM) }
        if attributes.contains(.underline) { bits |= UInt32(SN_UNDERLINE) }
        if attributes.contains(.reverse) { bits |= UInt32(SN_REVERSE) }
        if attributes.contains(.italic) { bits |= UInt32(SN_ITALIC) }
        return bits
    }
}
