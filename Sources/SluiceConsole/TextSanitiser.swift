/// Turns any text into scalars that are safe in a cell: whatever could steer a terminal (control characters, escapes,
/// direction overrides, joiners that change widths) is replaced by something visible or dropped.
public enum TextSanitiser {
    /// What to show in place of a scalar; nil drops it.
    ///
    /// C0 controls become their pictures (␀ ␛ ␡), C1 controls and noncharacters U+FFFD, separators a space, flags the
    /// letters of their country. Joiners, variation selectors, skin tones, bidirectional and other format characters
    /// go, since terminals disagree about the width of what they make.
    @inline(__always)
    public static func replacement(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
        let value = scalar.value
        if value >= 0x20 && value < 0x7F { return scalar }
        return rare(value, scalar)
    }

    private static func rare(_ value: UInt32, _ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch value {
        case 0..<0x20: Unicode.Scalar(0x2400 + value)
        case 0x7F: "\u{2421}"
        case 0x80..<0xA0: "\u{FFFD}"
        case 0xA0, 0x2028, 0x2029: " "
        case 0xAD: nil
        case 0x1F1E6...0x1F1FF: Unicode.Scalar(value - 0x1F1E6 + 0x41)
        case 0xFDD0...0xFDEF: "\u{FFFD}"
        case _ where value & 0xFFFE == 0xFFFE: "\u{FFFD}"
        case _ where DisplayWidth.isFormat(value): nil
        default: scalar
        }
    }

    /// The text with every scalar replaced as ``replacement(for:)`` says.
    public static func sanitise(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let shown = replacement(for: scalar) { result.append(shown) }
        }
        return String(result)
    }
}
