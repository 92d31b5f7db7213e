/// A piece of an expression and where it starts.
struct SQLToken {
    enum Kind: Equatable {
        case word(SQLWord)
        case symbol(SQLSymbol)
        /// A property's name; case matters.
        case name(String)
        case text(String)
        case integer(Int64)
        case double(Double)
        case end
    }
    let kind: Kind
    /// Bytes before it.
    let offset: Int

    /// How a reason calls it. A name may be as long as the whole text, but a reason stays short.
    var called: String {
        switch kind {
        case .word(let word): word.rawValue
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .name(let name): name.count > 40 ? "the name \(name.prefix(40))…" : "the name \(name)"
        case .text: "a text"
        case .integer, .double: "a number"
        case .end: "the end"
        }
    }
}

/// Reserved words, in any case.
enum SQLWord: String, CaseIterable {
    case not = "NOT"
    case and = "AND"
    case or = "OR"
    case between = "BETWEEN"
    case isWord = "IS"
    case inWord = "IN"
    case trueWord = "TRUE"
    case falseWord = "FALSE"
    case null = "NULL"
    case contains = "CONTAINS"
    case startsWith = "STARTSWITH"
    case endsWith = "ENDSWITH"
}

enum SQLSymbol: String {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="
    case open = "("
    case close = ")"
    case comma = ","
    case plus = "+"
    case minus = "-"
}
