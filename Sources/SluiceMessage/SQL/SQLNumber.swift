/// How numbers are written, in expressions and in properties.
enum SQLNumber {
    /// Where the longest number at the start of these bytes ends, and whether it has neither point nor exponent; nil when
    /// no number starts there. A digit on one side of the point is enough.
    static func scan<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> (end: Bytes.Index, isInteger: Bool)? {
        let whole = afterDigits(bytes, from: bytes.startIndex)
        var end = whole
        if end < bytes.endIndex, bytes[end] == UInt8(ascii: ".") {
            let fraction = bytes.index(after: end)
            let fractionEnd = afterDigits(bytes, from: fraction)
            if whole > bytes.startIndex || fractionEnd > fraction { end = fractionEnd }
        }
        guard end > bytes.startIndex else { return nil }
        end = afterExponent(bytes, from: end)
        return (end, end == whole)
    }

    private static func afterDigits<Bytes: Collection<UInt8>>(_ bytes: Bytes, from start: Bytes.Index) -> Bytes.Index {
        bytes[start...].firstIndex { !$0.isDigit } ?? bytes.endIndex
    }

    /// `start` when no whole exponent stands there.
    private static func afterExponent<Bytes: Collection<UInt8>>(
        _ bytes: Bytes, from start: Bytes.Index
    ) -> Bytes.Index {
        var digits = start
        guard digits < bytes.endIndex, bytes[digits] | 0x20 == UInt8(ascii: "e") else { return start }
        bytes.formIndex(after: &digits)
        if digits < bytes.endIndex, bytes[digits] == UInt8(ascii: "+") || bytes[digits] == UInt8(ascii: "-") {
            bytes.formIndex(after: &digits)
        }
        let end = afterDigits(bytes, from: digits)
        return end > digits ? end : start
    }

    /// The integer that a property spells; nil when it spells none, or one of more than 64 bits.
    static func integer(_ text: String) -> Int64? { Int64(text) }

    /// The number that a property spells as Java would write or read it: blanks around it, a mark of its type after it,
    /// `NaN` and `Infinity` are fine.
    static func double(_ text: String) -> Double? {
        var digits = text.utf8.drop { $0 <= 0x20 }
        while let last = digits.last, last <= 0x20 { digits.removeLast() }
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard let value = unsigned(digits) else { return nil }
        return isNegative && !value.isNaN ? -value : value
    }

    private static func unsigned(_ text: Substring.UTF8View) -> Double? {
        if text.elementsEqual("NaN".utf8) { return .nan }
        if text.elementsEqual("Infinity".utf8) { return .infinity }
        guard let end = scan(text)?.end else { return nil }
        switch text[end...].first.map({ $0 | 0x20 }) {
        case nil: break
        case UInt8(ascii: "d"), UInt8(ascii: "f"):
            guard text.index(after: end) == text.endIndex else { return nil }
        default: return nil
        }
        return Double(Substring(text[..<end]))
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
