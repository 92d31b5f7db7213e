import SluiceMessage
import Testing

/// What an expression says about a message with these properties.
struct SQLCase: Sendable, CustomTestStringConvertible {
    let expression: String
    let properties: [String: String]
    let matches: Bool

    init(_ expression: String, _ properties: [String: String] = [:], _ matches: Bool) {
        self.expression = expression
        self.properties = properties
        self.matches = matches
    }

    var testDescription: String { "\(expression) \(properties.sorted { $0.key < $1.key }) \(matches)" }
}

@Suite("SQL filters")
struct SQLFilterTests {
    private func check(_ row: SQLCase) throws {
        let filter = try SQLFilter(row.expression)
        #expect(filter.text == row.expression)
        #expect(filter.matches { row.properties[$0] } == row.matches)
    }

    @Test(
        "texts equal byte by byte, in any case of the words but not of the names",
        arguments: [
            SQLCase("region = 'eu'", ["region": "eu"], true),
            SQLCase("region = 'eu'", ["region": "EU"], false),
            SQLCase("region = 'eu'", ["Region": "eu"], false),
            SQLCase("region <> 'eu'", ["region": "us"], true),
            SQLCase("TAGS = 'it''s' aNd $a_1 iS nOt nUlL", ["TAGS": "it's", "$a_1": "x"], true),
            SQLCase("TAGS = '''''tag'''''", ["TAGS": "''tag''"], true),
            SQLCase("a = 'x' -- and then\n AND b = '/*' /* or ** not */ -- that is all", ["a": "x", "b": "/*"], true),
            SQLCase("a = '--' /**/ AND b = 'y'--", ["a": "--", "b": "z"], false),
            SQLCase("a='x'and(b)='y'", ["a": "x", "b": "y"], true),
            SQLCase("a = 'two\nlines'", ["a": "two\nlines"], true),
            SQLCase("a = 'caf\u{E9}'", ["a": "caf\u{E9}"], true),
            SQLCase("a = 'caf\u{E9}'", ["a": "cafe\u{301}"], false),
            SQLCase("a IN ('caf\u{E9}')", ["a": "cafe\u{301}"], false),
            SQLCase("a = '5'", ["a": "5.0"], false),
            SQLCase("a = b AND b <> c", ["a": "3.14", "b": "3.14", "c": "3.140"], true),
        ])
    func texts(_ row: SQLCase) throws { try check(row) }

    @Test(
        "a text is read as the kind of number that it is compared with",
        arguments: [
            SQLCase("a > 5 AND a >= 6 AND a < 7 AND a <= 6 AND a = 6 AND a <> 7", ["a": "6"], true),
            SQLCase("a>5and a<7", ["a": "6"], true),
            SQLCase("5 < a AND 6 = a", ["a": "6"], true),
            SQLCase("a = 6", ["a": "+006"], true),
            SQLCase("a > -7 AND a < -5 AND a = -(6)", ["a": "-6"], true),
            SQLCase("a > 3.14", ["a": "3.1415"], true),
            SQLCase("a > 3.1E10 AND a > .5 AND a > 5. AND a < 4e+10", ["a": "3.1415E10"], true),
            SQLCase("a = 5.0", ["a": "5"], true),
            SQLCase("a = 5.0", ["a": " 5d "], true),
            SQLCase("a = 0.0 AND a = -0.0", ["a": "0"], true),
            SQLCase("a > 9223372036854775806 AND a = 9223372036854775807L", ["a": "9223372036854775807"], true),
            SQLCase("a > 5", ["a": "1700000000000"], true),
            SQLCase("a > 5.0 AND a > b", ["a": "Infinity", "b": "1e308"], true),
            SQLCase("a > 5.0", ["a": "NaN"], true),
            SQLCase("5 < 5.5 AND 5 = 5.0 AND 9223372036854775807 >= 5l", [:], true),
            SQLCase("a > b", ["a": "10", "b": "9"], true),
            SQLCase("a > b", ["a": "1e1", "b": "9.5"], true),
            SQLCase("1 = TRUE", [:], false),
        ])
    func numbers(_ row: SQLCase) throws { try check(row) }

    @Test(
        "a text that had to be a number and is none matches nothing, whatever else there is",
        arguments: [
            SQLCase("a > 5", ["a": "x"], false),
            SQLCase("NOT (a > 5)", ["a": "x"], false),
            SQLCase("a > 5 OR b = 'y'", ["a": "x", "b": "y"], false),
            SQLCase("b = 'y' OR a > 5", ["a": "x", "b": "y"], true),
            SQLCase("a > 5 OR TRUE", ["a": "5.5"], false),
            SQLCase("a > 5.0", ["a": "5.5"], true),
            SQLCase("a <> 5", ["a": ""], false),
            SQLCase("a <> 5", ["a": " 5"], false),
            SQLCase("a <> 5", ["a": "9223372036854775808"], false),
            SQLCase("a > b OR TRUE", ["a": "up", "b": "low"], false),
            SQLCase("a BETWEEN 0 AND 100 OR TRUE", ["a": "con"], false),
            SQLCase("a < 5.0 OR TRUE", ["a": "0x1"], false),
            SQLCase("a < 5.0 OR TRUE", ["a": "inf"], false),
            SQLCase("a < 5.0 OR TRUE", ["a": "1e"], false),
            SQLCase("TRUE = a OR TRUE", ["a": "true"], false),
        ])
    func unanswerable(_ row: SQLCase) throws { try check(row) }

    @Test(
        "logic has three values",
        arguments: [
            SQLCase("TRUE", [:], true), SQLCase("FALSE", [:], false), SQLCase("NULL", [:], false),
            SQLCase("NOT NULL", [:], false), SQLCase("NOT FALSE", [:], true), SQLCase("NOT NOT TRUE", [:], true),
            SQLCase("TRUE OR NULL", [:], true), SQLCase("NULL OR TRUE", [:], true),
            SQLCase("NULL OR FALSE", [:], false), SQLCase("NOT (NULL OR FALSE)", [:], false),
            SQLCase("NOT (NULL AND FALSE)", [:], true), SQLCase("NOT (FALSE AND NULL)", [:], true),
            SQLCase("NOT (NULL AND TRUE)", [:], false), SQLCase("(NULL AND TRUE) IS NULL", [:], true),
            SQLCase("TRUE OR FALSE AND FALSE", [:], true), SQLCase("(TRUE OR FALSE) AND FALSE", [:], false),
            SQLCase("TRUE AND TRUE AND NULL OR FALSE OR TRUE", [:], true),
            SQLCase("a = 'x'", [:], false), SQLCase("NOT (a = 'x')", [:], false), SQLCase("a <> 'x'", [:], false),
            SQLCase("a > 5 OR b = 'y'", ["b": "y"], true), SQLCase("NOT (a > 5)", [:], false),
            SQLCase("a IS NULL", [:], true), SQLCase("a IS NULL", ["a": ""], false),
            SQLCase("a IS NOT NULL", ["a": "x"], true), SQLCase("a IS NOT NULL", [:], false),
            SQLCase("a IS NULL OR a = 'hello'", ["a": "hello"], true),
            SQLCase("(a = 'x') IS NULL", [:], true), SQLCase("a > 5 IS NULL", [:], true),
        ])
    func logic(_ row: SQLCase) throws { try check(row) }

    @Test(
        "what is particular about null, booleans and NOT",
        arguments: [
            // Null on the right is only different from what is there; two nulls are equal.
            SQLCase("'x' <> a", [:], true), SQLCase("a = b", [:], true), SQLCase("a <> b", ["b": "x"], false),
            SQLCase("a = TRUE OR b = FALSE", ["a": "True", "b": "x"], true),
            SQLCase("b = FALSE", ["b": "anything"], true), SQLCase("a = TRUE", ["a": "yes"], false),
            SQLCase("(a = 'x') = TRUE", ["a": "x"], true), SQLCase("a = 'x' = FALSE", ["a": "y"], true),
            // A property alone is no boolean even when its text says so.
            SQLCase("a", ["a": "true"], false), SQLCase("NOT a", ["a": "true"], true), SQLCase("NOT a", [:], false),
            SQLCase("NOT a = FALSE", ["a": "x"], false), SQLCase("NOT a = TRUE", ["a": "x"], true),
            // A sign makes a number of numbers alone.
            SQLCase("-a = 5", ["a": "-5"], false), SQLCase("-a IS NULL", ["a": "5"], true),
            SQLCase("+a = 5 AND - -5 = a AND -5.5 < a", ["a": "5"], true),
        ])
    func particulars(_ row: SQLCase) throws { try check(row) }

    @Test(
        "BETWEEN takes its bounds in, IN takes texts",
        arguments: [
            SQLCase("a BETWEEN 2 AND 10", ["a": "2"], true), SQLCase("a BETWEEN 2 AND 10", ["a": "10"], true),
            SQLCase("a BETWEEN 2 AND 10", ["a": "11"], false), SQLCase("a between -2 and -1", ["a": "-1"], true),
            SQLCase("a NOT BETWEEN 2 AND 10", ["a": "1"], true), SQLCase("a NOT BETWEEN 2 AND 10", ["a": "2"], false),
            SQLCase("a NOT BETWEEN 10 AND 2", ["a": "5"], true), SQLCase("a BETWEEN 10 AND -2", ["a": "5"], false),
            SQLCase("a BETWEEN 2 AND 10", [:], false), SQLCase("a NOT BETWEEN 2 AND 10", [:], false),
            SQLCase("a BETWEEN low AND 10", ["a": "11"], false), SQLCase("a BETWEEN low AND 10", ["a": "9"], false),
            SQLCase("a BETWEEN 2 AND high", ["a": "5"], false),
            SQLCase("a NOT BETWEEN low AND 10", ["a": "11"], true),
            SQLCase("a NOT BETWEEN low AND 10", ["a": "9"], false),
            SQLCase("5 BETWEEN low AND high AND TRUE", ["low": "4", "high": "6"], true),
            SQLCase("a IN ('3', '4')", ["a": "4"], true), SQLCase("a IN ('3', '4')", ["a": "4.0"], false),
            SQLCase("a NOT IN ('3', '4')", ["a": "5"], true), SQLCase("a NOT IN ('3')", ["a": "3"], false),
            SQLCase("a IN ('')", ["a": ""], true), SQLCase("(a) IN ('x')", ["a": "x"], true),
            SQLCase("a IN ('3')", [:], false), SQLCase("a NOT IN ('3')", [:], false),
        ])
    func rangesAndLists(_ row: SQLCase) throws { try check(row) }

    @Test(
        "CONTAINS, STARTSWITH and ENDSWITH find texts in texts, and NOT finds them missing",
        arguments: [
            SQLCase("a CONTAINS 'xb'", ["a": "axb"], true), SQLCase("a contains 'bx'", ["a": "axb"], false),
            SQLCase("a NOT CONTAINS 'bx'", ["a": "axb"], true), SQLCase("a NOT CONTAINS 'x'", ["a": "axb"], false),
            SQLCase("a STARTSWITH 'ax'", ["a": "axb"], true), SQLCase("a STARTSWITH 'x'", ["a": "axb"], false),
            SQLCase("a ENDSWITH 'xb'", ["a": "axb"], true), SQLCase("a ENDSWITH 'axbc'", ["a": "axb"], false),
            SQLCase("a NOT STARTSWITH 'x' AND a NOT ENDSWITH 'x'", ["a": "axb"], true),
            SQLCase("a CONTAINS 'aab'", ["a": "aaaab"], true), SQLCase("a CONTAINS 'abac'", ["a": "ababac"], true),
            SQLCase("a STARTSWITH 'e'", ["a": "e\u{301}"], true),
            // Without a text to look in or to look for, nothing is found and nothing is missing.
            SQLCase("a CONTAINS 'x'", [:], false), SQLCase("a NOT CONTAINS 'x'", [:], false),
            SQLCase("a CONTAINS ''", ["a": "x"], false), SQLCase("a NOT ENDSWITH ''", ["a": "x"], false),
            SQLCase("NOT (a CONTAINS 'x')", [:], true), SQLCase("5 NOT CONTAINS '6'", [:], false),
            SQLCase("' ' CONTAINS ' '", [:], true),
        ])
    func searches(_ row: SQLCase) throws { try check(row) }
}
