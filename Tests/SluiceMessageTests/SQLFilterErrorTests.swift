import SluiceMessage
import Testing

@Suite("SQL filters that are none")
struct SQLFilterErrorTests {
    private func error(_ text: String) -> SQLFilterError? {
        do throws(SQLFilterError) {
            _ = try SQLFilter(text)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "what is no expression says why and at which column",
        arguments: [
            ("", 1, "expected a name, a value or \"(\", found the end"),
            ("a = ", 5, "expected a name, a value or \"(\", found the end"),
            ("a = 1 b", 7, "expected AND, OR or the end, found the name b"),
            ("a = 007", 6, "expected AND, OR or the end, found a number"),
            ("a = 0L", 6, "expected AND, OR or the end, found the name L"),
            ("a = 5e+", 6, "expected AND, OR or the end, found the name e"),
            ("a = 1 AND", 10, "expected a name, a value or \"(\", found the end"),
            ("(a = 1", 7, "expected \")\", found the end"),
            ("a = 1)", 6, "expected AND, OR or the end, found \")\""),
            ("a and between 2 and 10", 7, "expected a name, a value or \"(\", found BETWEEN"),
            ("a BETWEEN 1 OR 2", 13, "expected AND, found OR"),
            ("a NOT 5", 7, "expected BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH, found a number"),
            ("a IS 5", 6, "expected NULL or NOT NULL, found a number"),
            ("a IS NOT TRUE", 10, "expected NULL, found TRUE"),
            ("a IN 'x'", 6, "expected \"(\", found a text"),
            ("a IN ()", 7, "expected a text in quotes, found \")\""),
            ("a IN (1)", 7, "expected a text in quotes, found a number"),
            ("a IN ('x' 'y')", 11, "expected \",\" or \")\", found a text"),
            ("a CONTAINS b", 12, "expected a text in quotes, found the name b"),
            ("a = 'x' AND b = 'y", 17, "the text does not end"),
            ("a = 1 /* and", 7, "the comment does not end"),
            ("a != 1", 3, "unexpected \"!\""),
            ("'caf\u{E9}' = a;", 11, "unexpected \";\""),
            ("a = \u{7}", 5, "unexpected U+0007"),
            ("preis = 1 und \u{20AC}", 15, "unexpected U+20AC"),
            ("a =\n1 \u{1F4E8}", 7, "unexpected U+1F4E8"),
        ])
    func syntax(text: String, column: Int, reason: String) {
        let error = error(text)
        #expect(error?.column == column)
        #expect(error?.reason == reason)
        #expect(error?.description == "column \(column): \(reason)")
    }

    @Test(
        "what can make no sense is refused before any message comes",
        arguments: [
            ("5", 1, "this is neither true nor false"),
            ("a = 1 OR 'x'", 10, "this is neither true nor false"),
            ("NOT -a", 5, "this is neither true nor false"),
            ("a > 'x'", 5, "a text in quotes has no order, only numbers and properties have"),
            ("a > 1 > 2", 1, "this has no order, only numbers and properties have"),
            ("NOT a > 5", 1, "this has no order, only numbers and properties have"),
            ("a BETWEEN b AND NULL", 17, "this has no order, only numbers and properties have"),
            ("a BETWEEN 10 AND 2.5", 18, "the upper bound is below the lower one"),
            ("a = NULL", 5, "NULL equals nothing: use IS NULL or IS NOT NULL"),
            ("NULL <> a", 1, "NULL equals nothing: use IS NULL or IS NOT NULL"),
            ("TRUE = 5", 8, "a boolean cannot equal this"),
            ("NOT a IN ('x')", 1, "IN takes a property's name before it"),
            ("a > 9223372036854775808", 5, "the number is larger than 9223372036854775807"),
            ("a > -9223372036854775808", 6, "the number is larger than 9223372036854775807"),
            ("a > 1e400", 5, "the number is too large"),
            ("a > 0.1e-400", 5, "the number is too close to zero"),
        ])
    func sense(text: String, column: Int, reason: String) {
        #expect(error(text)?.column == column)
        #expect(error(text)?.reason == reason)
    }

    @Test(
        "deep nesting is refused, 64 levels are not",
        arguments: [
            ("(", "a", ")"), ("NOT ", "a", ""), ("- ", "a", " IS NULL"), ("+", "a", ""),
            ("", "a", " = a"), ("", "a", " IS NULL"), ("", "a", " CONTAINS 'x'"), ("NOT (", "a = 1", ")"),
        ])
    func nesting(open: String, core: String, close: String) {
        func nested(_ levels: Int) -> String {
            // A sign's close stands once, behind all of them.
            let closes = open == "- " ? 1 : levels
            return String(repeating: open, count: levels) + core + String(repeating: close, count: closes)
        }
        #expect(error(nested(30)) == nil)
        #expect(error(nested(65))?.reason == "nested deeper than 64 levels")
        #expect(error(nested(1_000))?.reason == "nested deeper than 64 levels")
    }

    @Test("parentheses go 64 levels deep, and what stands beside each other is not deep")
    func wide() throws {
        #expect(error(String(repeating: "(", count: 64) + "a" + String(repeating: ")", count: 64)) == nil)
        #expect(error(String(repeating: "(", count: 65) + "a" + String(repeating: ")", count: 65))?.column == 65)
        let alternatives = (0..<900).map { "key = '\($0)'" }.joined(separator: " OR ")
        let filter = try SQLFilter(alternatives)
        #expect(filter.matches { _ in "899" } && !filter.matches { _ in "900" })
        let list = try SQLFilter("key IN (" + (0..<1_500).map { "'\($0)'" }.joined(separator: ",") + ")")
        #expect(list.matches { _ in "1499" } && !list.matches { _ in "1500" })
    }

    @Test("16 KiB are an expression, a byte more is none")
    func size() {
        func padded(_ count: Int) -> String { "a = 1" + String(repeating: " ", count: count - 5) }
        #expect(SQLFilter.maxBytes == 16_384)
        #expect(error(padded(SQLFilter.maxBytes)) == nil)
        #expect(error(padded(SQLFilter.maxBytes + 1))?.reason == "the expression is longer than 16384 bytes")
        // A reason stays short even when a name is not.
        #expect((error("a " + String(repeating: "n", count: 16_000))?.reason.count ?? 0) < 100)
    }

    @Test("BETWEENs inside each other take no time that doubles with each level")
    func nestedRanges() throws {
        var text = "a"
        for _ in 0..<20 { text = "-(\(text) BETWEEN 1 AND b)" }
        #expect(try !SQLFilter(text + " IS NOT NULL").matches { _ in "1" })
    }
}
