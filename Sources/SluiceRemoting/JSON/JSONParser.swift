/// Why bytes are not JSON of the kind RocketMQ's peers send.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    public var position: Int
    public var reason: String
    public var description: String { "\(reason) at byte \(position)" }
}

/// Reads JSON as leniently as fastjson 1.2 does (requests, 1): single quotes, names without quotes, numbers and whole
/// objects as names, comments; trailing bytes other than space are refused.
public struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0
    private var depth = 0

    /// Values nested deeper than this are refused: nothing in the protocol needs more than a handful.
    public static let maxDepth = 64

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.at == bytes.count else { throw parser.error("something follows the value") }
        return value
    }

    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { raw in
            do throws(JSONError) { return .success(try parse(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func error(_ reason: String) -> JSONError { JSONError(position: at, reason: reason) }
    private var current: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try quoted())
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
            return try number()
        default: return try word()
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depth < Self.maxDepth else { throw error("values are nested deeper than \(Self.maxDepth)") }
        depth += 1
        defer { depth -= 1 }
        at += 1
        return try body(&self)
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var pairs: [JSONValue.Pair] = []
        while true {
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(pairs) }
            if take(UInt8(ascii: ",")) { continue }
            let key = try name()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("a colon is missing") }
            pairs.append(.init(key, try value()))
            skipSpace()
            guard take(UInt8(ascii: ",")) || current == UInt8(ascii: "}") else { throw error("a comma is missing") }
        }
    }

    /// A name in front of a colon: quoted, bare, a number, or an object.
    private mutating func name() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try quoted())
        case UInt8(ascii: "{"), UInt8(ascii: "["): return try value()
        default:
            let start = at
            while at < bytes.count, Self.isNamePart(bytes[at]) { at += 1 }
            guard at > start else { throw error("a name is missing") }
            return .string(text(start, at))
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "-"),
            UInt8(ascii: "."), 0x80...0xFF:
            true
        default: false
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var items: [JSONValue] = []
        while true {
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(items) }
            items.append(try value())
            skipSpace()
            guard take(UInt8(ascii: ",")) || current == UInt8(ascii: "]") else { throw error("a comma is missing") }
        }
    }

    private mutating func word() throws(JSONError) -> JSONValue {
        let start = at
        while at < bytes.count, Self.isNamePart(bytes[at]) { at += 1 }
        switch text(start, at) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null", "undefined", "NaN": return .null
        default:
            at = start
            throw error("a value is missing")
        }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = at
        var isWhole = true
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
            case UInt8(ascii: "L"), UInt8(ascii: "D"), UInt8(ascii: "F"):
                // fastjson reads Java's suffixes.
                defer { at += 1 }
                return try number(text(start, at), isWhole: isWhole)
            default: return try number(text(start, at), isWhole: isWhole)
            }
            at += 1
        }
        return try number(text(start, at), isWhole: isWhole)
    }

    private func number(_ text: String, isWhole: Bool) throws(JSONError) -> JSONValue {
        if isWhole, let number = Int64(text) { return .int(number) }
        guard let number = Double(text) else { throw error("\(text) is no number") }
        return .double(number)
    }

    private mutating func quoted() throws(JSONError) -> String {
        let quote = current
        at += 1
        let start = at
        var hasEscape = false
        while at < bytes.count, bytes[at] != quote {
            if bytes[at] == UInt8(ascii: "\\") {
                hasEscape = true
                at += 1
            }
            at += 1
        }
        guard at < bytes.count else { throw error("a text does not end") }
        defer { at += 1 }
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
        return hasEscape ? JSONText.unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }

    private func text(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    /// Space and comments.
    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: "/") where at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "/"):
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            case UInt8(ascii: "/") where at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "*"):
                at += 2
                while at + 1 < bytes.count, !(bytes[at] == UInt8(ascii: "*") && bytes[at + 1] == UInt8(ascii: "/")) {
                    at += 1
                }
                at = min(at + 2, bytes.count)
            default: return
            }
        }
    }
}
