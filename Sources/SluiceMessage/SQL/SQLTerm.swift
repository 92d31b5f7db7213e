/// A parsed part of an expression, with what the parser has to know of it to put it into another one.
struct SQLTerm {
    let expression: SQLExpression
    /// Where it starts, in bytes.
    let offset: Int
    /// Levels of parts inside each other, from 1.
    let height: Int

    init(_ value: SQLValue, at offset: Int) {
        expression = .literal(value)
        self.offset = offset
        height = 1
    }

    init(property: String, at offset: Int) {
        expression = .property(property)
        self.offset = offset
        height = 1
    }

    /// - Throws: when the parts are too high already.
    init(_ expression: SQLExpression, of parts: [SQLTerm], at offset: Int) throws(SQLProblem) {
        self.expression = expression
        self.offset = offset
        height = 1 + (parts.map(\.height).max() ?? 0)
        guard height <= SQLFilter.maxDepth else { throw SQLTerm.tooDeep(at: offset) }
    }

    static func tooDeep(at offset: Int) -> SQLProblem {
        SQLProblem(at: offset, "nested deeper than \(SQLFilter.maxDepth) levels")
    }

    /// The expression where only a boolean will do.
    var condition: SQLExpression {
        get throws(SQLProblem) {
            if case .property(let name) = expression { return .presumed(name) }
            guard expression.isBoolean else { throw SQLProblem(at: offset, "this is neither true nor false") }
            return expression
        }
    }

    /// The expression where only something that has an order will do: a number, or what may turn out to be one.
    var orderable: SQLExpression {
        get throws(SQLProblem) {
            if case .literal(.text) = expression {
                throw SQLProblem(at: offset, "a text in quotes has no order, only numbers and properties have")
            }
            guard !expression.isBoolean else {
                throw SQLProblem(at: offset, "this has no order, only numbers and properties have")
            }
            return expression
        }
    }

    /// The value of a number that is written down here, without sign.
    var number: SQLValue? {
        guard case .literal(let value) = expression else { return nil }
        switch value {
        case .integer, .double: return value
        default: return nil
        }
    }

    /// - Throws: when equality between the two makes no sense from the start.
    static func equality(_ left: SQLTerm, _ right: SQLTerm) throws(SQLProblem) -> SQLExpression {
        for side in [left, right] {
            if case .literal(.null) = side.expression {
                throw SQLProblem(at: side.offset, "NULL equals nothing: use IS NULL or IS NOT NULL")
            }
        }
        if case (.literal(.boolean), .literal(let value)) = (left.expression, right.expression), value.truth == nil {
            throw SQLProblem(at: right.offset, "a boolean cannot equal this")
        }
        return .equal(left.expression, right.expression)
    }
}
