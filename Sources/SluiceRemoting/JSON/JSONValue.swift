/// A JSON value as RocketMQ's bodies hold it (fastjson): the keys of an object may be numbers or objects themselves, so an
/// object is a list of pairs in the order they came.
public indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// Every whole number up to 64 bits: offsets and times must not pass through a double.
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([Pair])

    /// One entry of an object.
    public struct Pair: Sendable, Equatable {
        public var key: JSONValue
        public var value: JSONValue
        public init(_ key: JSONValue, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (JSONValue, JSONValue)...) {
        self = .object(elements.map { Pair($0.0, $0.1) })
    }
    public init(nilLiteral: ()) { self = .null }

    public static func number(_ value: Int) -> JSONValue { .int(Int64(value)) }
    public static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }

    /// An object without the entries whose value is nil.
    public static func fields(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(pairs.compactMap { name, value in value.map { Pair(.string(name), $0) } })
    }

    /// An object of texts.
    public static func table(_ pairs: some Sequence<(String, String)>) -> JSONValue {
        .object(pairs.map { Pair(.string($0.0), .string($0.1)) })
    }
}

extension JSONValue {
    /// The value under a name; nil when this is no object, when there is none, or when it is null.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let pairs) = self, let value = pairs.last(where: { $0.key == .string(name) })?.value,
            value != .null
        else { return nil }
        return value
    }

    public var pairs: [Pair] {
        if case .object(let pairs) = self { return pairs }
        return []
    }

    public var items: [JSONValue] {
        if case .array(let items) = self { return items }
        return []
    }

    /// Text, or a number or boolean spelled out, as fastjson gives a string field.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let value): value ? "true" : "false"
        case .double(let number): String(number)
        default: nil
        }
    }

    /// A whole number, or text that spells one.
    public var integer: Int64? {
        switch self {
        case .int(let number): number
        case .string(let text): Int64(text)
        case .double(let number): Int64(exactly: number.rounded(.towardZero))
        default: nil
        }
    }

    public var boolean: Bool? {
        switch self {
        case .bool(let value): value
        case .string(let text): text == "true" ? true : text == "false" ? false : nil
        default: nil
        }
    }
}
