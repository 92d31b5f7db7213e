/// Takes an expression apart. Tokens need no space between them, each is as long as it can be: `a>5and b<3` is fine.
struct SQLTokenizer {
    private let bytes: [UInt8]
    private var at = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// All tokens; the last one, and no other, is the end.
    static func tokens(of text: String) throws(SQLProblem) -> [SQLToken] {
        var tokenizer = SQLTokenizer(text)
        var tokens: [SQLToken] = []
        repeat { tokens.append(try tokenizer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

    private mutating func next() throws(SQLProblem) -> SQLToken {
        try skipBlanksAndComments()
        let start = at
        let kind: SQLToken.Kind
        switch peek() {
        case nil: kind = .end
        case UInt8(ascii: "'"): kind = try text()
        case let byte? where byte.startsName: kind = name()
        default: if let number = try number() { kind = number } else { kind = try symbol() }
        }
        return SQLToken(kind: kind, offset: start)
    }

    private mutating func skipBlanksAndComments() throws(SQLProblem) {
        while let byte = peek() {
            switch (byte, peek(1)) {
            case (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _), (0x0A, _), (0x0C, _), (0x0D, _):
                at += 1
            case (UInt8(ascii: "-"), UInt8(ascii: "-")):
                at = bytes[at...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                try skipBlockComment()
            default:
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(SQLProblem) {
        let start = at
        at += 2
        while let byte = peek() {
            if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                at += 2
                return
            }
            at += 1
        }
        throw SQLProblem(at: start, "the comment does not end")
    }

    private mutating func name() -> SQLToken.Kind {
        let start = at
        while let byte = peek(), byte.startsName || byte.isDigit { at += 1 }
        let name = String(decoding: bytes[start..<at], as: UTF8.self)
        return SQLWord(rawValue: name.uppercased()).map { .word($0) } ?? .name(name)
    }

    /// What stands between two quotes; two of them inside stand for one.
    private mutating func text() throws(SQLProblem) -> SQLToken.Kind {
        let start = at
        var content: [UInt8] = []
        at += 1
        while let byte = peek() {
            at += 1
            if byte == UInt8(ascii: "'") {
                guard peek() == UInt8(ascii: "'") else { return .text(String(decoding: content, as: UTF8.self)) }
                at += 1
            }
            content.append(byte)
        }
        throw SQLProblem(at: start, "the text does not end")
    }

    /// A number without sign; nil when there is none here.
    private mutating func number() throws(SQLProblem) -> SQLToken.Kind? {
        guard let (end, isInteger) = SQLNumber.scan(bytes[at...]) else { return nil }
        let start = at
        guard isInteger else {
            at = end
            return .double(try double(bytes[start..<end], at: start))
        }
        // An integer does not start with zeros: `007` is three of them, which the parser then refuses.
        at = bytes[start] == UInt8(ascii: "0") ? start + 1 : end
        guard let value = Int64(String(decoding: bytes[start..<at], as: UTF8.self)) else {
            throw SQLProblem(at: start, "the number is larger than \(Int64.max)")
        }
        // Java's mark of a long integer says nothing here.
        if value != 0, peek() == UInt8(ascii: "l") || peek() == UInt8(ascii: "L") { at += 1 }
        return .integer(value)
    }

    private func double(_ digits: ArraySlice<UInt8>, at start: Int) throws(SQLProblem) -> Double {
        let mantissa = digits.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        guard let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else {
            throw SQLProblem(at: start, "the number is too large")
        }
        guard value > 0 || !mantissa.contains(where: { $0 > UInt8(ascii: "0") }) else {
            throw SQLProblem(at: start, "the number is too close to zero")
        }
        return value
    }

    private mutating func symbol() throws(SQLProblem) -> SQLToken.Kind {
        for length in [2, 1] {
            let text = String(decoding: bytes[at...].prefix(length), as: UTF8.self)
            if let symbol = SQLSymbol(rawValue: text) {
                at += length
                return .symbol(symbol)
            }
        }
        throw SQLProblem(at: at, "unexpected \(SQLTokenizer.called(String(decoding: bytes[at...], as: UTF8.self)))")
    }

    /// The text's first character as a reason shows it: by its code unless it is plainly visible.
    private static func called(_ text: String) -> String {
        guard let scalar = text.unicodeScalars.first else { return "end" }
        if (0x21..<0x7F).contains(scalar.value) { return "\"\(scalar)\"" }
        let code = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
    }
}

extension UInt8 {
    /// True for a letter, `_` and `$`.
    fileprivate var startsName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: self == UInt8(ascii: "_") || self == UInt8(ascii: "$")
        }
    }
}
