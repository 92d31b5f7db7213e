import Glibc

/// A filter as typed behind `/`: `text` or a regular expression, `!text` for what does not match, `-f text` for letters
/// in that order. Case is ignored throughout.
struct Filter: Sendable, Equatable {
    /// As typed, never empty.
    let source: String
    private let inverse: Bool
    private let kind: Kind

    private enum Kind: Sendable, Equatable {
        case substring([UInt8])
        case expression(Expression)
        case fuzzy([Character])
    }

    /// Nil for an empty filter. What is no valid regular expression is looked for as it stands.
    init?(_ typed: String) {
        let isInverse = typed.hasPrefix("!")
        var text = isInverse ? String(typed.dropFirst()) : typed
        let isFuzzy = text.hasPrefix("-f")
        if isFuzzy { text = String(text.dropFirst(2).drop { $0 == " " }) }
        guard !text.isEmpty else { return nil }
        source = typed
        inverse = isInverse
        if isFuzzy {
            kind = .fuzzy(Array(text.lowercased()))
        } else if text.contains(where: { "^$.*+?()[]{}|\\".contains($0) }), let expression = Expression(text) {
            kind = .expression(expression)
        } else {
            kind = .substring(Array(text.lowercased().utf8))
        }
    }

    func matches(_ text: String) -> Bool { found(in: text) != inverse }

    private func found(in text: String) -> Bool {
        switch kind {
        case .substring(let needle):
            Self.containsASCII(text, needle) ?? Self.contains(Array(text.lowercased().utf8), needle)
        case .expression(let expression): expression.matches(text)
        case .fuzzy(let letters):
            {
                var rest = letters[...]
                guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
                    for letter in text.lowercased() where letter == rest.first { rest.removeFirst() }
                    return rest.isEmpty
                }
                for byte in text.utf8 {
                    guard let wanted = rest.first?.asciiValue else { break }
                    if byte == wanted || (0x41...0x5A).contains(byte) && byte | 0x20 == wanted { rest.removeFirst() }
                }
                return rest.isEmpty
            }()
        }
    }

    /// Without making another string of it; nil where letters beyond ASCII are to be compared.
    private static func containsASCII(_ text: String, _ needle: [UInt8]) -> Bool? {
        var text = text
        return text.withUTF8 { text -> Bool? in
            guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
            guard text.count >= needle.count else { return false }
            func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
            for start in 0...(text.count - needle.count) {
                var index = 0
                while index < needle.count, lower(text[start + index]) == needle[index] { index += 1 }
                if index == needle.count { return true }
            }
            return false
        }
    }

    private static func contains(_ text: [UInt8], _ needle: [UInt8]) -> Bool {
        guard text.count >= needle.count else { return false }
        return (0...(text.count - needle.count)).contains { text[$0...].starts(with: needle) }
    }
}

/// An extended regular expression of the C library.
private final class Expression: @unchecked Sendable, Equatable {
    // Written only while it is made; matching reads it, and glibc locks what it caches inside.
    private var compiled = regex_t()
    private let source: String

    init?(_ source: String) {
        self.source = source
        guard regcomp(&compiled, source, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0 else { return nil }
    }

    deinit { regfree(&compiled) }

    func matches(_ text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }

    static func == (a: Expression, b: Expression) -> Bool { a.source == b.source }
}
