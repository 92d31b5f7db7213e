/// One JSON object, written field by field in the order given: a line of JSON Lines.
struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// The object as text, closed.
    func closed() -> [UInt8] { bytes + [UInt8(ascii: "}")] }

    mutating func add(_ name: String, _ value: String?) {
        key(name)
        guard let value else { return null() }
        string(value)
    }
    mutating func add(_ name: String, _ value: (some BinaryInteger)?) {
        key(name)
        guard let value else { return null() }
        bytes.append(contentsOf: String(value).utf8)
    }
    mutating func add(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }
    /// A number with at most `places` decimal places; null when it is nil or not finite.
    mutating func add(_ name: String, _ value: Double?, places: Int) {
        key(name)
        guard let value, value.isFinite else { return null() }
        bytes.append(contentsOf: decimal(value, places: places).utf8)
    }
    mutating func add(_ name: String, _ values: [String]) {
        list(name, values) { $0.string($1) }
    }
    mutating func add(_ name: String, _ values: [Int64]) {
        list(name, values) { $0.bytes.append(contentsOf: String($1).utf8) }
    }
    mutating func add(_ name: String, _ values: [JSONObject]) {
        list(name, values) { $0.bytes.append(contentsOf: $1.closed()) }
    }
    mutating func add(_ name: String, _ value: JSONObject) {
        key(name)
        bytes.append(contentsOf: value.closed())
    }
    /// `name_ms` (epoch ms) and `name` (RFC 3339, local time with its offset); both null without a time.
    mutating func addTime(_ name: String, _ milliseconds: Int64?) {
        add(name + "_ms", milliseconds)
        add(name, milliseconds.map { TimeText.rfc3339($0) })
    }
    /// `name` when the bytes are UTF-8, otherwise `name_base64`.
    mutating func addText(_ name: String, _ value: [UInt8]) {
        if let text = String(validating: value, as: UTF8.self) {
            add(name, text)
        } else {
            add(name + "_base64", base64(value))
        }
    }

    private mutating func list<T>(_ name: String, _ values: [T], _ element: (inout JSONObject, T) -> Void) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            element(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func null() { bytes.append(contentsOf: "null".utf8) }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                let hex = String(byte, radix: 16)
                bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// A number with at most `places` decimal places, without trailing zeros.
func decimal(_ value: Double, places: Int) -> String {
    var scale: Int64 = 1
    for _ in 0..<places { scale *= 10 }
    guard abs(value) < 9e15 / Double(scale) else { return String(value) }
    let scaled = Int64((value * Double(scale)).rounded())
    let whole = scaled.magnitude / scale.magnitude
    var text = (scaled < 0 ? "-" : "") + String(whole)
    let fraction = scaled.magnitude % scale.magnitude
    if fraction > 0 {
        var digits = String(fraction)
        digits = String(repeating: "0", count: places - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        text += "." + digits
    }
    return text
}

/// Base64 with padding (RFC 4648).
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
        let left = min(3, bytes.count - index)
        var group = 0
        for position in 0..<3 { group = group << 8 | (position < left ? Int(bytes[index + position]) : 0) }
        for position in 0..<4 {
            let six = group >> (18 - 6 * position) & 63
            result.append(position <= left ? alphabet[six] : UInt8(ascii: "="))
        }
        index += 3
    }
    return String(decoding: result, as: UTF8.self)
}
