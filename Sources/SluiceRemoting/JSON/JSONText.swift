/// The inside of a JSON string: escapes away and on.
public enum JSONText {
    /// Bytes that the unescaped text has, and whether `write` would find room for them.
    ///
    /// Lone surrogates become U+FFFD, as everywhere in Swift.
    public static func unescapedCount(_ raw: UnsafeRawBufferPointer) -> Int {
        var count = 0
        forEachByte(raw) { _ in count += 1 }
        return count
    }

    /// Writes the unescaped text to `target`, which has room for ``unescapedCount(_:)`` bytes.
    public static func unescape(_ raw: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) {
        var at = 0
        forEachByte(raw) { byte in
            target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
            at += 1
        }
    }

    public static func unescaped(_ raw: UnsafeRawBufferPointer) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        forEachByte(raw) { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @inline(__always)
    private static func forEachByte(_ raw: UnsafeRawBufferPointer, _ body: (UInt8) -> Void) {
        var at = 0
        while at < raw.count {
            let byte = raw[at]
            guard byte == UInt8(ascii: "\\"), at + 1 < raw.count else {
                body(byte)
                at += 1
                continue
            }
            let escape = raw[at + 1]
            at += 2
            switch escape {
            case UInt8(ascii: "n"): body(0x0A)
            case UInt8(ascii: "t"): body(0x09)
            case UInt8(ascii: "r"): body(0x0D)
            case UInt8(ascii: "b"): body(0x08)
            case UInt8(ascii: "f"), UInt8(ascii: "F"): body(0x0C)
            case UInt8(ascii: "v"): body(0x0B)
            case UInt8(ascii: "0")...UInt8(ascii: "7"): body(escape - 48)
            case UInt8(ascii: "u"): at = unicode(raw, at, body)
            case UInt8(ascii: "x"):
                guard let value = hex(raw, at, 2) else { continue }
                emit(Unicode.Scalar(value) ?? "\u{FFFD}", body)
                at += 2
            default: body(escape)
            }
        }
    }

    /// Emits the character of a `\u` whose digits start at `at`; returns where to go on.
    private static func unicode(_ raw: UnsafeRawBufferPointer, _ at: Int, _ body: (UInt8) -> Void) -> Int {
        guard let high = hex(raw, at, 4) else {
            emit("\u{FFFD}", body)
            return at
        }
        if high & 0xFC00 == 0xD800, at + 6 <= raw.count, raw[at + 4] == UInt8(ascii: "\\"),
            raw[at + 5] == UInt8(ascii: "u"), let low = hex(raw, at + 6, 4), low & 0xFC00 == 0xDC00
        {
            emit(Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}", body)
            return at + 10
        }
        emit(Unicode.Scalar(high) ?? "\u{FFFD}", body)
        return at + 4
    }

    @inline(__always)
    private static func emit(_ scalar: Unicode.Scalar, _ body: (UInt8) -> Void) {
        if scalar.value < 0x80 { return body(UInt8(scalar.value)) }
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { body(byte) }
    }

    private static func hex(_ raw: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> UInt32? {
        guard at + count <= raw.count else { return nil }
        var value: UInt32 = 0
        for k in at..<(at + count) {
            let byte = raw[k]
            switch byte {
            case 48...57: value = value << 4 | UInt32(byte - 48)
            case 65...70: value = value << 4 | UInt32(byte - 55)
            case 97...102: value = value << 4 | UInt32(byte - 87)
            default: return nil
            }
        }
        return value
    }

    /// Appends the text in quotes with what JSON wants escaped; everything else stays UTF-8.
    @inlinable
    public static func quote(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 { escape(byte, into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    @inlinable @inline(__always)
    static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
        case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
        case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
        case 0..<0x20:
            bytes.append(contentsOf: Array("\\u00".utf8))
            bytes.append(UInt8(48 + byte >> 4))
            let low = byte & 15
            bytes.append(low < 10 ? 48 + low : 87 + low)
        default: bytes.append(byte)
        }
    }
}
