/// How many columns text takes on a terminal, from tables of our own: always counted on what ``TextSanitiser`` leaves,
/// scalar by scalar, as terminals do it.
public enum DisplayWidth {
    /// 0 for combining marks, 2 for wide and fullwidth East Asian characters and emoji, else 1.
    @inline(__always)
    public static func of(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x300 ? 1 : rare(scalar.value)
    }

    private static func rare(_ value: UInt32) -> Int {
        if contains(value, in: zeroWidth) { return 0 }
        return value >= 0x1100 && contains(value, in: wide) ? 2 : 1
    }

    public static func of(_ character: Character) -> Int { of(character.unicodeScalars) }

    /// Columns that ``CellBuffer/write(_:x:y:maxWidth:style:)`` uses for this text when there is room.
    public static func of(_ text: String) -> Int {
        if let count = asciiCount(text) { return count }
        return of(text.unicodeScalars)
    }

    private static func of(_ scalars: some Sequence<Unicode.Scalar>) -> Int {
        var width = 0
        for scalar in scalars {
            if let shown = TextSanitiser.replacement(for: scalar) { width += of(shown) }
        }
        return width
    }

    /// The length of a text that is printable ASCII only.
    private static func asciiCount(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes where byte < 0x20 || byte > 0x7E { return nil }
            return bytes.count
        }
    }

    /// The sanitised text cut to at most so many columns; with `ellipsis` the last one shows `…` when something was cut.
    public static func clip(_ text: String, to columns: Int, ellipsis: Bool = true) -> String {
        guard columns > 0 else { return "" }
        if of(text) <= columns { return TextSanitiser.sanitise(text) }
        let room = ellipsis ? columns - 1 : columns
        var result = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            guard let shown = TextSanitiser.replacement(for: scalar) else { continue }
            let width = of(shown)
            if used + width > room { break }
            used += width
            result.append(shown)
        }
        if ellipsis { result.append("…") }
        return String(result)
    }

    /// Clipped or filled with spaces on the right to exactly so many columns.
    public static func pad(_ text: String, to columns: Int) -> String {
        let clipped = clip(text, to: columns)
        return clipped + String(repeating: " ", count: max(0, columns - of(clipped)))
    }

    /// Clipped or filled with spaces on the left to exactly so many columns.
    public static func padLeft(_ text: String, to columns: Int) -> String {
        let clipped = clip(text, to: columns)
        return String(repeating: " ", count: max(0, columns - of(clipped))) + clipped
    }

    /// Characters without an appearance of their own, which ``TextSanitiser`` drops.
    static func isFormat(_ value: UInt32) -> Bool { contains(value, in: format) }

    /// Binary search in a table of first and last values.
    private static func contains(_ value: UInt32, in table: [UInt32]) -> Bool {
        var low = 0
        var high = table.count / 2 - 1
        while low <= high {
            let middle = (low + high) / 2
            if value < table[2 * middle] {
                high = middle - 1
            } else if value > table[2 * middle + 1] {
                low = middle + 1
            } else {
                return true
            }
        }
        return false
    }
}
