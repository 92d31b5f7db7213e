/// One step of an order's life, as the order service publishes it.
public struct OrderEvent: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case created, paid, packed, shipped
    }
    /// Number of the message that carries it, counted from 0 over the whole run: no two messages share one.
    public var number: Int
    public var order: Int64
    /// 1... within its order.
    public var version: Int
    public var cents: Int

    public init(number: Int, order: Int64, version: Int, cents: Int) {
        self.number = number
        self.order = order
        self.version = version
        self.cents = cents
    }

    /// Versions that an order goes through.
    public static let versions = State.allCases.count
    public var state: State { State.allCases[min(max(version, 1), Self.versions) - 1] }
    public var key: String { "order-\(order)" }

    /// A message body: flat JSON, always in this order of fields.
    public var body: [UInt8] {
        Array(
            "{\"number\":\(number),\"order\":\(order),\"version\":\(version),\"state\":\"\(state.rawValue)\",\"cents\":\(cents)}"
                .utf8)
    }

    /// Reads a body back; nil when it is none of ours.
    public init?(body: [UInt8]) {
        var scanner = FieldScanner(bytes: body)
        guard scanner.skip("{\"number\":"), let number = scanner.number(),
            scanner.skip(",\"order\":"), let order = scanner.number(),
            scanner.skip(",\"version\":"), let version = scanner.number(), (1...Self.versions).contains(version),
            scanner.skip(",\"state\":\"" + State.allCases[version - 1].rawValue + "\",\"cents\":"),
            let cents = scanner.number(), scanner.skip("}"), scanner.isAtEnd
        else { return nil }
        self.init(number: number, order: Int64(order), version: version, cents: cents)
    }
}

/// Walks over bytes of a known shape.
private struct FieldScanner {
    let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func skip(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    /// Decimal digits as a number, 18 at most.
    mutating func number() -> Int? {
        let digits = bytes[index...].prefix(18).prefix { (48...57).contains($0) }
        guard !digits.isEmpty else { return nil }
        index += digits.count
        return digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}
