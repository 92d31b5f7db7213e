/// What a part of an expression comes to for one message.
enum SQLValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)

    init(_ truth: Bool?) { self = truth.map { .boolean($0) } ?? .null }

    /// Nil for null and for what is no boolean.
    var truth: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    var isNull: Bool {
        guard case .null = self else { return false }
        return true
    }
}

/// A text was to be a number and is none: the whole expression has no answer then, whatever its other parts say.
struct SQLUnanswerable: Error {}

extension SQLValue {
    /// Nil when the left one is null and the right one is not. The other way round they differ, and two nulls are equal:
    /// that is how RocketMQ has it.
    static func areEqual(_ left: SQLValue, _ right: SQLValue) throws(SQLUnanswerable) -> Bool? {
        switch (left, right) {
        case (.null, .null): true
        case (.null, _): nil
        case (_, .null): false
        // Swift's own comparison takes different spellings of a character for the same.
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.boolean(let left), .boolean(let right)): left == right
        case (.text(let left), .boolean(let right)): (left.lowercased() == "true") == right
        case (.boolean, .text): throw SQLUnanswerable()
        case (.boolean, _), (_, .boolean): false
        default: try order(left, right) == 0
        }
    }

    /// Negative, zero or positive as the left one is below, at or above the right one; nil when one of them is null.
    static func order(_ left: SQLValue, _ right: SQLValue) throws(SQLUnanswerable) -> Int? {
        switch (left, right) {
        case (.null, _), (_, .null): nil
        case (.integer(let left), .integer(let right)): order(left, right)
        case (.integer(let left), .text(let right)): order(left, try integer(right))
        case (.text(let left), .integer(let right)): order(try integer(left), right)
        default: order(try left.double, try right.double)
        }
    }

    private static func order(_ left: Int64, _ right: Int64) -> Int { left < right ? -1 : left > right ? 1 : 0 }

    /// Java's order, in which NaN equals itself and is above all others, and -0 is below 0.
    private static func order(_ left: Double, _ right: Double) -> Int {
        guard left.isTotallyOrdered(belowOrEqualTo: right) else { return 1 }
        return right.isTotallyOrdered(belowOrEqualTo: left) ? 0 : -1
    }

    private static func integer(_ text: String) throws(SQLUnanswerable) -> Int64 {
        guard let value = SQLNumber.integer(text) else { throw SQLUnanswerable() }
        return value
    }

    private var double: Double {
        get throws(SQLUnanswerable) {
            switch self {
            case .double(let value): return value
            case .integer(let value): return Double(value)
            case .text(let text):
                guard let value = SQLNumber.double(text) else { throw SQLUnanswerable() }
                return value
            case .null, .boolean: throw SQLUnanswerable()
            }
        }
    }
}
