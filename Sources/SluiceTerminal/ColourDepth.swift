import SluiceConsole

/// How many colours a terminal shows, and what becomes of a colour there.
public enum ColourDepth: Int, Sendable, Comparable, CaseIterable {
    case mono = 0
    case eight = 8
    case sixteen = 16
    case indexed = 256
    /// Five bits a channel, by descriptions of our own.
    case direct = 32_784

    /// From what terminfo says. Descriptions with more colours than 256 that are not our own number them in ways of their
    /// own; the first 256 are what is safe to use.
    init(colours: Int) {
        if colours == DirectColourTerminfo.colours {
            self = .direct
        } else {
            self = ColourDepth.allCases.last { $0.rawValue <= min(256, max(0, colours)) } ?? .mono
        }
    }

    public static func < (one: ColourDepth, other: ColourDepth) -> Bool { one.rawValue < other.rawValue }

    /// The terminal's number for the nearest colour it has; -1 for its own foreground or background.
    func index(of colour: Colour) -> Int32 {
        switch (colour, self) {
        case (.terminal, _), (_, .mono): return -1
        case (.ansi(let number), .eight): return Int32(number & 7)
        case (.ansi(let number), _): return Int32(number & 15)
        case (.rgb(let red, let green, let blue), .direct):
            return DirectColourTerminfo.index(red: red, green: green, blue: blue)
        case (.rgb(let red, let green, let blue), .indexed): return ColourDepth.indexed(red, green, blue)
        case (.rgb(let red, let green, let blue), _):
            let palette = ColourDepth.ansi.prefix(self == .sixteen ? 16 : 8)
            let distances = palette.map { ColourDepth.distance($0, (red, green, blue)) }
            let best = distances.indices.min { distances[$0] < distances[$1] } ?? 7
            return Int32(best)
        }
    }

    /// The nearest of the 6×6×6 cube and the 24 greys; the first 16 are left alone, since people redefine them.
    private static func indexed(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int32 {
        func step(_ value: UInt8) -> Int { value < 48 ? 0 : value < 115 ? 1 : (Int(value) - 35) / 40 }
        func level(_ step: Int) -> UInt8 { step == 0 ? 0 : UInt8(55 + 40 * step) }
        let steps = (step(red), step(green), step(blue))
        let cube = (level(steps.0), level(steps.1), level(steps.2))
        let average = (Int(red) + Int(green) + Int(blue)) / 3
        let shade = min(23, max(0, (average - 3) / 10))
        let grey = UInt8(8 + 10 * shade)
        let wanted = (red, green, blue)
        if distance((grey, grey, grey), wanted) < distance(cube, wanted) { return Int32(232 + shade) }
        return Int32(16 + 36 * steps.0 + 6 * steps.1 + steps.2)
    }

    /// How different two colours look, roughly: the eye weighs green most and blue least.
    private static func distance(_ one: (UInt8, UInt8, UInt8), _ other: (UInt8, UInt8, UInt8)) -> Int {
        let red = Int(one.0) - Int(other.0)
        let green = Int(one.1) - Int(other.1)
        let blue = Int(one.2) - Int(other.2)
        return 30 * red * red + 59 * green * green + 11 * blue * blue
    }

    /// What the 16 colours usually look like.
    private static let ansi: [(UInt8, UInt8, UInt8)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
}
