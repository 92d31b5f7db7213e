/// An expression in parts. ``SQLParser`` sees to it that each has only parts that make sense to it, and that there are
/// not too many inside each other for the recursion here.
indirect enum SQLExpression: Sendable {
    case literal(SQLValue)
    case property(String)
    /// A property where a boolean belongs: false, whatever its text says, and null without it.
    case presumed(String)
    case negated(SQLExpression)
    case not(SQLExpression)
    case all([SQLExpression])
    case any([SQLExpression])
    case isNull(SQLExpression)
    case equal(SQLExpression, SQLExpression)
    case ordered(SQLExpression, SQLOrder, SQLExpression)
    case between(SQLExpression, SQLExpression, SQLExpression)
    case among(String, Set<[UInt8]>)
    case found(SQLExpression, SQLSearch, expected: Bool)

    /// True when it comes to true, false or null and to nothing else.
    var isBoolean: Bool {
        switch self {
        case .literal(.boolean), .literal(.null): true
        case .literal, .property, .negated: false
        default: true
        }
    }

    func evaluate(_ property: (String) -> String?) throws(SQLUnanswerable) -> SQLValue {
        switch self {
        case .literal(let value): value
        case .property(let name): property(name).map { .text($0) } ?? .null
        case .presumed(let name): SQLValue(property(name).map { _ in false })
        case .negated(let part): SQLExpression.negative(try part.evaluate(property))
        case .not(let part): SQLValue(try part.evaluate(property).truth.map { !$0 })
        case .all(let parts): try SQLExpression.fold(parts, until: false, property)
        case .any(let parts): try SQLExpression.fold(parts, until: true, property)
        case .isNull(let part): .boolean(try part.evaluate(property).isNull)
        case .equal(let left, let right):
            SQLValue(try SQLValue.areEqual(try left.evaluate(property), try right.evaluate(property)))
        case .ordered(let left, let order, let right):
            SQLValue(try SQLExpression.ordered(try left.evaluate(property), order, right, property))
        case .between(let part, let low, let high):
            try SQLExpression.between(try part.evaluate(property), low, high, property)
        case .among(let name, let texts): SQLValue(property(name).map { texts.contains(Array($0.utf8)) })
        case .found(let part, let search, let expected):
            .boolean(try SQLExpression.found(part, search, expected: expected, property))
        }
    }

    /// Null for all but numbers, even for a text that spells one.
    private static func negative(_ value: SQLValue) -> SQLValue {
        switch value {
        case .integer(let value): .integer(0 &- value)
        case .double(let value): .double(0 - value)
        default: .null
        }
    }

    /// AND and OR: the first part that comes to `deciding` decides, and later ones are not even looked at; otherwise a
    /// null among them makes it null.
    private static func fold(
        _ parts: [SQLExpression], until deciding: Bool, _ property: (String) -> String?
    ) throws(SQLUnanswerable) -> SQLValue {
        var result = SQLValue.boolean(!deciding)
        for part in parts {
            let truth = try part.evaluate(property).truth
            if truth == deciding { return .boolean(deciding) }
            if truth == nil { result = .null }
        }
        return result
    }

    /// The right side is not looked at when the left one is null.
    private static func ordered(
        _ left: SQLValue, _ order: SQLOrder, _ right: SQLExpression, _ property: (String) -> String?
    ) throws(SQLUnanswerable) -> Bool? {
        guard !left.isNull else { return nil }
        return try SQLValue.order(left, try right.evaluate(property)).map(order.holds)
    }

    /// `low <= value AND value <= high`, but with the value found once: inside each other these would take a time that
    /// doubles with every level.
    private static func between(
        _ value: SQLValue, _ low: SQLExpression, _ high: SQLExpression, _ property: (String) -> String?
    ) throws(SQLUnanswerable) -> SQLValue {
        let isHighEnough = try ordered(value, .atLeast, low, property)
        guard isHighEnough != false else { return .boolean(false) }
        let isLowEnough = try ordered(value, .atMost, high, property)
        guard isLowEnough != false else { return .boolean(false) }
        return SQLValue(isHighEnough == nil || isLowEnough == nil ? nil : true)
    }

    /// False for anything but a text and for an empty search, whether it was to be found or not to be found.
    private static func found(
        _ part: SQLExpression, _ search: SQLSearch, expected: Bool, _ property: (String) -> String?
    ) throws(SQLUnanswerable) -> Bool {
        guard !search.isEmpty, case .text(let text) = try part.evaluate(property) else { return false }
        return search.finds(in: text) == expected
    }
}

/// The comparisons that put in order.
enum SQLOrder: Sendable {
    case less, atMost, greater, atLeast

    /// Nil for any other symbol.
    init?(_ symbol: SQLSymbol) {
        switch symbol {
        case .less: self = .less
        case .atMost: self = .atMost
        case .greater: self = .greater
        case .atLeast: self = .atLeast
        default: return nil
        }
    }

    func holds(_ order: Int) -> Bool {
        switch self {
        case .less: order < 0
        case .atMost: order <= 0
        case .greater: order > 0
        case .atLeast: order >= 0
        }
    }
}
