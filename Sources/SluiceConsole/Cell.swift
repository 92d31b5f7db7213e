/// A colour as a theme names it; the terminal layer maps it to what the terminal can show.
public enum Colour: Sendable, Hashable {
    /// The terminal's own foreground or background.
    case terminal
    /// One of the 16 ANSI colours, 0...15.
    case ansi(UInt8)
    case rgb(UInt8, UInt8, UInt8)
}

/// Attributes of a cell besides its colours.
public struct Attributes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let bold = Attributes(rawValue: 1)
    public static let dim = Attributes(rawValue: 2)
    public static let underline = Attributes(rawValue: 4)
    public static let reverse = Attributes(rawValue: 8)
    public static let italic = Attributes(rawValue: 16)
}

/// How a cell looks.
public struct Style: Sendable, Hashable {
    public var foreground: Colour
    public var background: Colour
    public var attributes: Attributes

    public init(_ foreground: Colour = .terminal, on background: Colour = .terminal, _ attributes: Attributes = []) {
        self.foreground = foreground
        self.background = background
        self.attributes = attributes
    }
}

/// One place of the screen. A wide character takes the cell it starts in and a `continuation` cell to its right.
public struct Cell: Sendable, Equatable {
    /// What is shown: one character of width 1 or 2, never a control character.
    public var glyph: Glyph
    public var style: Style

    public init(_ glyph: Glyph, _ style: Style) {
        self.glyph = glyph
        self.style = style
    }
    public static let blank = Cell(.space, Style())
}

/// What a cell shows. Holds scalars, not a `String`, so that cells compare and copy without touching the heap.
public enum Glyph: Sendable, Hashable {
    case scalar(Unicode.Scalar)
    /// A base with one or two combining marks; more marks than that are dropped.
    case cluster(Unicode.Scalar, Unicode.Scalar, Unicode.Scalar?)
    /// The right half of a wide character.
    case continuation
    public static let space = Glyph.scalar(" ")

    /// The scalars as text; empty for a continuation.
    public var text: String {
        var text = String.UnicodeScalarView()
        append(to: &text)
        return String(text)
    }

    func append(to text: inout String.UnicodeScalarView) {
        switch self {
        case .scalar(let scalar): text.append(scalar)
        case .cluster(let base, let first, let second):
            text.append(base)
            text.append(first)
            if let second { text.append(second) }
        case .continuation: break
        }
    }

    @inline(__always)
    public var isContinuation: Bool {
        if case .continuation = self { true } else { false }
    }

    /// Columns taken: 1 or 2, and 0 for a continuation.
    @inline(__always)
    public var width: Int {
        switch self {
        case .scalar(let scalar), .cluster(let scalar, _, _): DisplayWidth.of(scalar)
        case .continuation: 0
        }
    }
}

/// A key, as the terminal layer decoded it.
public enum Key: Sendable, Hashable {
    case character(Character)
    case control(Character)
    case alt(Character)
    case enter, tab, backTab, escape, backspace, delete, insert
    case up, down, left, right, home, end, pageUp, pageDown
    case function(Int)
}
