extension JSONValue {
    /// The value as strict JSON, but for object keys that are objects, which fastjson writes and reads as they are.
    /// - Parameter ascii: escapes everything beyond ASCII, as name servers do for clients from 4.9.4 on.
    public func encoded(ascii: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        write(&bytes, ascii)
        return bytes
    }

    private func write(_ bytes: inout [UInt8], _ ascii: Bool) {
        switch self {
        case .null: bytes.append(contentsOf: Array("null".utf8))
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let number): bytes.append(contentsOf: String(number).utf8)
        case .double(let number): bytes.append(contentsOf: (number.isFinite ? String(number) : "0.0").utf8)
        case .string(let text): Self.write(text, &bytes, ascii)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                item.write(&bytes, ascii)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let pairs):
            bytes.append(UInt8(ascii: "{"))
            for (index, pair) in pairs.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.writeKey(pair.key, &bytes, ascii)
                bytes.append(UInt8(ascii: ":"))
                pair.value.write(&bytes, ascii)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func writeKey(_ key: JSONValue, _ bytes: inout [UInt8], _ ascii: Bool) {
        switch key {
        case .object, .array, .string: key.write(&bytes, ascii)
        default: write(key.text ?? "null", &bytes, ascii)
        }
    }

    private static func write(_ text: String, _ bytes: inout [UInt8], _ ascii: Bool) {
        guard ascii, text.utf8.contains(where: { $0 >= 0x80 }) else { return JSONText.quote(text, into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
        for unit in text.utf16 {
            if unit < 0x80 {
                JSONText.escape(UInt8(unit), into: &bytes)
            } else {
                let digits = String(unit, radix: 16, uppercase: true)
                bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
