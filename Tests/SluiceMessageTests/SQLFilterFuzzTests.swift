import SluiceMessage
import SluiceSimulator
import Testing

/// Random expressions under a seed: SplitMix64 and a grammar.
private struct Scribe {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
    }

    mutating func one(of choices: [String]) -> String { choices[below(choices.count)] }

    static let names = ["a", "b", "$c", "missing"]
    static let texts = ["''", "'x'", "'axb'", "'5'", "'it''s'", "'\u{E9}'"]
    static let numbers = ["0", "5", "6L", "5.5", ".5", "1e3", "9223372036854775807"]
    static let values = ["", "x", "axb", "5", "5.5", "-6", "true", "FALSE", "NaN", "1e400", "it's", "e\u{301}", " 5 "]
    static let tokens =
        names + texts + numbers + [
            "AND", "or", "NOT", "not in", "BETWEEN", "IN", "TRUE", "false", "NULL", "IS", "is not null", "CONTAINS",
            "STARTSWITH", "endswith", "=", "<>", "<", "<=", ">", ">=", "(", ")", ",", "+", "-", "--", "/*", "*/", "\n",
            "'", "!", "9223372036854775808", "1e999", "\u{0}", "\u{1F4E8}",
        ]

    /// A property, a number or a number with a sign: what has an order.
    mutating func operand() -> String {
        switch below(4) {
        case 0: one(of: Scribe.numbers)
        case 1: "- " + one(of: Scribe.numbers)
        default: one(of: Scribe.names)
        }
    }

    /// What is valid as an operand of AND, OR and NOT.
    mutating func condition(_ depth: Int) -> String {
        let not = one(of: [" ", " NOT "])
        switch below(depth > 0 ? 11 : 7) {
        case 0: return one(of: ["TRUE", "FALSE", "NULL"] + Scribe.names)
        case 1: return operand() + one(of: [" < ", " <= ", " > ", " >= ", " = ", "<>"]) + operand()
        case 2: return one(of: Scribe.names) + one(of: [" = ", " <> "]) + one(of: Scribe.texts + ["TRUE", "FALSE"])
        case 3: return "\(operand())\(not)BETWEEN b AND \(operand())"
        case 4: return "\(one(of: Scribe.names))\(not)IN (\(one(of: Scribe.texts)), \(one(of: Scribe.texts)))"
        case 5:
            let search = one(of: ["CONTAINS ", "STARTSWITH ", "ENDSWITH "])
            return one(of: Scribe.names) + not + search + one(of: Scribe.texts)
        case 6: return operand() + one(of: [" IS NULL", " IS NOT NULL"])
        case 7: return "NOT (\(condition(depth - 1)))"
        case 8: return "(NOT (\(condition(depth - 1)))) = (NOT (\(condition(depth - 1))))"
        case 9: return "(\(condition(depth - 1)) OR \(condition(depth - 1)))"
        default: return "(\(condition(depth - 1)) AND \(condition(depth - 1)))"
        }
    }

    mutating func properties() -> [String: String] {
        var properties: [String: String] = [:]
        for name in Scribe.names.dropLast() where below(4) > 0 { properties[name] = one(of: Scribe.values) }
        return properties
    }
}

@Suite("SQL filters, random ones")
struct SQLFilterFuzzTests {
    /// Parses, and matches when that worked: neither may crash, and a column is inside the text or right behind it.
    private func survive(_ text: String, _ properties: [String: String]) {
        do throws(SQLFilterError) {
            _ = try SQLFilter(text).matches { properties[$0] }
        } catch {
            #expect((1...(text.count + 1)).contains(error.column) && !error.reason.isEmpty, "\(text)")
        }
    }

    @Test("random bytes never crash it", arguments: CommitSeed.with(1...4))
    func bytes(_ seed: UInt64) {
        var scribe = Scribe(state: seed)
        let alphabet = Array("ab'5.e-+*/()<>= \nNOTIL,$".utf8)
        for round in 0..<4_000 {
            let bytes = (0..<scribe.below(60)).map { _ in
                round % 2 == 0 ? UInt8(scribe.below(256)) : alphabet[scribe.below(alphabet.count)]
            }
            survive(String(decoding: bytes, as: UTF8.self), scribe.properties())
        }
    }

    @Test("random tokens never crash it", arguments: CommitSeed.with(1...4))
    func tokens(_ seed: UInt64) {
        var scribe = Scribe(state: seed)
        for round in 0..<4_000 {
            let count = round % 100 == 0 ? 3_000 : scribe.below(14)
            let tokens = (0..<count).map { _ in scribe.one(of: Scribe.tokens) }
            survive(tokens.joined(separator: scribe.one(of: [" ", " ", ""])), scribe.properties())
        }
    }

    @Test("valid expressions are damaged by a byte and never crash it", arguments: CommitSeed.with(1...4))
    func damage(_ seed: UInt64) {
        var scribe = Scribe(state: seed)
        for _ in 0..<2_000 {
            var bytes = Array(scribe.condition(3).utf8)
            bytes[scribe.below(bytes.count)] = UInt8(scribe.below(256))
            survive(String(decoding: bytes, as: UTF8.self), scribe.properties())
        }
    }

    @Test("a valid expression answers the same in other clothes", arguments: CommitSeed.with(1...4))
    func same(_ seed: UInt64) throws {
        var scribe = Scribe(state: seed)
        var matches = 0
        for _ in 0..<1_500 {
            let text = scribe.condition(3)
            let filter = try SQLFilter(text)
            let others = try [
                filter.text, "(\(text))", "((\(text)) AND (\(text)))", "\(text) OR (\(text))",
                "NOT (NOT (\(text)))", "/* * */\t\(text)\n-- the end", "TRUE AND (\(text))", "(\(text)) OR FALSE",
                text.split(separator: " ", omittingEmptySubsequences: false).joined(separator: " /*'*/\r\n"),
            ].map { try SQLFilter($0) }
            let opposite = try SQLFilter("NOT (\(text))")
            for _ in 0..<5 {
                let properties = scribe.properties()
                let answer = filter.matches { properties[$0] }
                matches += answer ? 1 : 0
                for other in others { #expect(other.matches { properties[$0] } == answer, "\(other.text)") }
                #expect(!(answer && opposite.matches { properties[$0] }), "\(text) \(properties)")
            }
        }
        #expect((500...7_000).contains(matches))
    }
}
