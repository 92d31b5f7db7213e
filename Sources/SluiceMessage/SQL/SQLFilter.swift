/// A filter on messages' properties in the manner of SQL92, as RocketMQ reads it.
///
///     price BETWEEN 10 AND 99.5 AND region IN ('eu', 'us') AND (TAGS IS NULL OR note NOT CONTAINS 'test')
///
/// Properties are texts. Compared with a number a text is read as one of that kind, compared with `TRUE` or `FALSE` as a
/// boolean, and two texts are put in order as numbers. Logic has three values; what is neither true nor false does not
/// match. When a text would have to be a number and is none, the message does not match whatever else the filter says.
public struct SQLFilter: Sendable {
    /// Bytes of an expression.
    public static let maxBytes = 16 * 1024
    /// Levels of an expression: of what is written inside each other, and of what is evaluated inside each other.
    static let maxDepth = 64

    /// The expression as it was written.
    public let text: String
    private let condition: SQLExpression

    /// - Throws: why it cannot be parsed, with the column.
    public init(_ text: String) throws(SQLFilterError) {
        do throws(SQLProblem) {
            guard text.utf8.count <= SQLFilter.maxBytes else {
                throw SQLProblem(at: SQLFilter.maxBytes, "the expression is longer than \(SQLFilter.maxBytes) bytes")
            }
            var parser = SQLParser(try SQLTokenizer.tokens(of: text))
            condition = try parser.condition()
        } catch {
            throw SQLFilterError(error, in: text)
        }
        self.text = text
    }

    /// True when the message with these properties matches; a result that is null or no boolean does not match.
    public func matches(_ property: (_ name: String) -> String?) -> Bool {
        do throws(SQLUnanswerable) {
            return try condition.evaluate(property).truth == true
        } catch {
            return false
        }
    }
}
