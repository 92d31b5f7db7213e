/// What charts, sparklines and frames are drawn with.
public enum GlyphSet: String, Sendable, CaseIterable {
    /// Braille dots, box drawing.
    case braille
    /// Eighth blocks, box drawing: for fonts without braille.
    case blocks
    /// Seven bit characters only.
    case ascii
    public var isASCII: Bool { self == .ascii }
}
