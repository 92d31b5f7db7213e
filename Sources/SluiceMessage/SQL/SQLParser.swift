/// Parses by recursive descent. From loose to tight: OR, AND, equality and IS, the other comparisons, NOT and signs. As
/// in RocketMQ, NOT takes what stands right behind it: `NOT a = 1` is `(NOT a) = 1`.
struct SQLParser {
    private let tokens: [SQLToken]
    private var at = 0
    /// Parentheses, signs and NOTs that are open.
    private var depth = 0

    /// - Parameter tokens: the last one is the end.
    init(_ tokens: [SQLToken]) { self.tokens = tokens }

    /// The whole expression, which comes to true or false or null.
    mutating func condition() throws(SQLProblem) -> SQLExpression {
        let term = try disjunction()
        guard token.kind == .end else { throw unexpected("AND, OR or the end") }
        return try term.condition
    }

    private var token: SQLToken { tokens[at] }

    /// The end stays.
    private mutating func advance() { at = min(at + 1, tokens.count - 1) }

    /// Moves past the token if it is this one.
    private mutating func take(_ kind: SQLToken.Kind) -> Bool {
        guard token.kind == kind else { return false }
        advance()
        return true
    }

    private mutating func expect(_ kind: SQLToken.Kind, _ called: String) throws(SQLProblem) {
        guard take(kind) else { throw unexpected(called) }
    }

    private func unexpected(_ expected: String) -> SQLProblem {
        SQLProblem(at: token.offset, "expected \(expected), found \(token.called)")
    }

    private mutating func disjunction() throws(SQLProblem) -> SQLTerm {
        var parts = [try conjunction()]
        while take(.word(.or)) { parts.append(try conjunction()) }
        return try joined(parts) { .any($0) }
    }

    private mutating func conjunction() throws(SQLProblem) -> SQLTerm {
        var parts = [try equality()]
        while take(.word(.and)) { parts.append(try equality()) }
        return try joined(parts) { .all($0) }
    }

    /// Any number of parts makes one level, so that a long list of alternatives is no deep one.
    private func joined(
        _ parts: [SQLTerm], _ join: ([SQLExpression]) -> SQLExpression
    ) throws(SQLProblem) -> SQLTerm {
        guard parts.count > 1 else { return parts[0] }
        var conditions: [SQLExpression] = []
        for part in parts { conditions.append(try part.condition) }
        return try SQLTerm(join(conditions), of: parts, at: parts[0].offset)
    }

    private mutating func equality() throws(SQLProblem) -> SQLTerm {
        var left = try comparison()
        while true {
            if take(.symbol(.equal)) {
                let right = try comparison()
                left = try SQLTerm(try SQLTerm.equality(left, right), of: [left, right], at: left.offset)
            } else if take(.symbol(.notEqual)) {
                let right = try comparison()
                left = try SQLTerm(.not(try SQLTerm.equality(left, right)), of: [left, right], at: left.offset)
            } else if take(.word(.isWord)) {
                left = try nullTest(left)
            } else {
                return left
            }
        }
    }

    private mutating func nullTest(_ left: SQLTerm) throws(SQLProblem) -> SQLTerm {
        let isNegated = take(.word(.not))
        try expect(.word(.null), isNegated ? "NULL" : "NULL or NOT NULL")
        let test = SQLExpression.isNull(left.expression)
        return try SQLTerm(isNegated ? .not(test) : test, of: [left], at: left.offset)
    }

    private mutating func comparison() throws(SQLProblem) -> SQLTerm {
        var left = try unary()
        while true {
            if case .symbol(let symbol) = token.kind, let order = SQLOrder(symbol) {
                advance()
                let right = try unary()
                left = try SQLTerm(
                    .ordered(try left.orderable, order, try right.orderable), of: [left, right], at: left.offset)
            } else if take(.word(.not)) {
                guard let test = try test(left, isNegated: true) else {
                    throw unexpected("BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH")
                }
                left = test
            } else if let test = try test(left, isNegated: false) {
                left = test
            } else {
                return left
            }
        }
    }

    /// A comparison that is a word and may have NOT before it; nil when the token is none.
    private mutating func test(_ left: SQLTerm, isNegated: Bool) throws(SQLProblem) -> SQLTerm? {
        guard case .word(let word) = token.kind else { return nil }
        switch word {
        case .between: return try range(left, isNegated)
        case .inWord: return try list(left, isNegated)
        case .contains: return try search(left, .anywhere, isNegated)
        case .startsWith: return try search(left, .start, isNegated)
        case .endsWith: return try search(left, .end, isNegated)
        default: return nil
        }
    }

    private mutating func range(_ left: SQLTerm, _ isNegated: Bool) throws(SQLProblem) -> SQLTerm {
        advance()
        let low = try unary()
        try expect(.word(.and), "AND")
        let high = try unary()
        let range = SQLExpression.between(try left.orderable, try low.orderable, try high.orderable)
        if !isNegated, let least = low.number, let most = high.number, (try? SQLValue.order(least, most)) ?? 0 > 0 {
            throw SQLProblem(at: high.offset, "the upper bound is below the lower one")
        }
        return try SQLTerm(isNegated ? .not(range) : range, of: [left, low, high], at: left.offset)
    }

    private mutating func list(_ left: SQLTerm, _ isNegated: Bool) throws(SQLProblem) -> SQLTerm {
        guard case .property(let name) = left.expression else {
            throw SQLProblem(at: left.offset, "IN takes a property's name before it")
        }
        advance()
        try expect(.symbol(.open), "\"(\"")
        var texts: Set<[UInt8]> = []
        repeat { texts.insert(Array(try text().utf8)) } while take(.symbol(.comma))
        try expect(.symbol(.close), "\",\" or \")\"")
        let list = SQLExpression.among(name, texts)
        return try SQLTerm(isNegated ? .not(list) : list, of: [left], at: left.offset)
    }

    private mutating func search(
        _ left: SQLTerm, _ place: SQLSearch.Place, _ isNegated: Bool
    ) throws(SQLProblem) -> SQLTerm {
        advance()
        let search = SQLSearch(try text(), place)
        return try SQLTerm(.found(left.expression, search, expected: !isNegated), of: [left], at: left.offset)
    }

    private mutating func text() throws(SQLProblem) -> String {
        guard case .text(let text) = token.kind else { throw unexpected("a text in quotes") }
        advance()
        return text
    }

    private mutating func unary() throws(SQLProblem) -> SQLTerm {
        let start = token.offset
        let outside = depth
        defer { depth = outside }
        if take(.symbol(.plus)) {
            try descend(at: start)
            return try unary()
        }
        if take(.symbol(.minus)) {
            try descend(at: start)
            let part = try unary()
            return try SQLTerm(.negated(part.expression), of: [part], at: start)
        }
        if take(.word(.not)) {
            try descend(at: start)
            let part = try unary()
            return try SQLTerm(.not(try part.condition), of: [part], at: start)
        }
        return try primary()
    }

    /// Bounds the parser's own recursion; what it builds is bounded by its height.
    private mutating func descend(at offset: Int) throws(SQLProblem) {
        guard depth < SQLFilter.maxDepth else { throw SQLTerm.tooDeep(at: offset) }
        depth += 1
    }

    private mutating func primary() throws(SQLProblem) -> SQLTerm {
        let start = token.offset
        switch token.kind {
        case .symbol(.open):
            try descend(at: start)
            advance()
            let inside = try disjunction()
            try expect(.symbol(.close), "\")\"")
            return inside
        case .name(let name):
            advance()
            return SQLTerm(property: name, at: start)
        default:
            guard let value = token.literal else { throw unexpected("a name, a value or \"(\"") }
            advance()
            return SQLTerm(value, at: start)
        }
    }
}

extension SQLToken {
    /// Nil when it is no value.
    fileprivate var literal: SQLValue? {
        switch kind {
        case .text(let text): .text(text)
        case .integer(let value): .integer(value)
        case .double(let value): .double(value)
        case .word(.trueWord): .boolean(true)
        case .word(.falseWord): .boolean(false)
        case .word(.null): .null
        default: nil
        }
    }
}
