/// Reads a header in strict JSON in one pass over its bytes, noting where fields stand. It gives up, without an opinion, on
/// anything it does not expect: the lenient parser decides then.
struct HeaderScanner {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private struct Text {
        var start: Int
        var count: Int
        var isEscaped: Bool
    }

    /// True when the whole header was read.
    mutating func read(into reader: HeaderReader) -> Bool {
        guard take(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return at == bytes.count }
        while true {
            guard let name = text(), take(UInt8(ascii: ":")) else { return false }
            let key = slice(name)
            if key.equals("extFields") {
                guard readFields(into: reader) else { return false }
            } else if current == UInt8(ascii: "\"") {
                guard let value = text() else { return false }
                reader.set(key, text: FieldValue(bytes: slice(value), isEscaped: value.isEscaped))
            } else if let number = number() {
                reader.set(key, number: Int32(truncatingIfNeeded: number))
            } else {
                return false
            }
            if take(UInt8(ascii: ",")) { continue }
            return take(UInt8(ascii: "}")) && at == bytes.count
        }
    }

    private mutating func readFields(into reader: HeaderReader) -> Bool {
        guard take(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return true }
        while true {
            guard let key = text(), !key.isEscaped, take(UInt8(ascii: ":")), let value = text() else { return false }
            do throws(JSONError) {
                try reader.add(key.start, key.count, value.start, value.count, isEscaped: value.isEscaped)
            } catch {
                return false
            }
            if take(UInt8(ascii: ",")) { continue }
            return take(UInt8(ascii: "}"))
        }
    }

    private func slice(_ text: Text) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[text.start..<(text.start + text.count)])
    }

    private var current: UInt8 { at < bytes.count ? bytes[at] : 0 }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    @inline(__always)
    private mutating func text() -> Text? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = at
        var isEscaped = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                at += 1
                return Text(start: start, count: at - 1 - start, isEscaped: isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                at += 1
            }
            at += 1
        }
        return nil
    }

    private mutating func number() -> Int64? {
        let isNegative = take(UInt8(ascii: "-"))
        let start = at
        var value: Int64 = 0
        while at < bytes.count, at - start < 18, case let digit = bytes[at] &- 48, digit < 10 {
            value = value * 10 + Int64(digit)
            at += 1
        }
        guard at > start else { return nil }
        return isNegative ? -value : value
    }
}
