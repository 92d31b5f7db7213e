/// Why an expression is no ``SQLFilter``, and where.
public struct SQLFilterError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Characters from the start of the whole text, from 1.
    public let column: Int
    /// A part of a sentence for people.
    public let reason: String

    init(_ problem: SQLProblem, in text: String) {
        column = String(decoding: text.utf8.prefix(problem.offset), as: UTF8.self).count + 1
        reason = problem.reason
    }

    /// `column COLUMN: REASON`.
    public var description: String { "column \(column): \(reason)" }
}

/// What ``SQLFilterError`` says, with the place in bytes: nothing below the filter has to know what a column is.
struct SQLProblem: Error {
    let offset: Int
    let reason: String

    init(at offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }
}
