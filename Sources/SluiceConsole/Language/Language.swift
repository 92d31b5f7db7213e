/// The languages the interface speaks.
///
/// Text of the interface is written in English where it is used, as `tr("\(count) messages wait")`, and looked up here
/// when another language is spoken. What comes from outside (names, bodies, a broker's own errors) is never translated.
public enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case chinese = "zh"

    /// The language in which text is made at the moment: bound around one update or one drawing of a model, so that
    /// two consoles of one process may speak different ones.
    @TaskLocal public static var current: Language = .english

    /// The language of a locale's name as LC_ALL, LC_MESSAGES and LANG hold it ("zh_CN.UTF-8"); English for others.
    public init(locale: String) {
        self = locale.lowercased().hasPrefix("zh") ? .chinese : .english
    }

    /// What its speakers call it.
    var ownName: String {
        switch self {
        case .english: "English"
        case .chinese: "中文"
        }
    }

    /// The next one, for a key that switches between them.
    var next: Language {
        let all = Language.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }

    /// "{1} messages" by "message" in a language that has no plural; `nil` where words change with their number.
    func counted(_ one: String) -> String? {
        self == .english ? nil : text(for: "{1} " + one)
    }

    /// What this language says for an English text, `nil` where nobody wrote it yet.
    func text(for key: String) -> String? {
        switch self {
        case .english: key
        case .chinese: Chinese.texts[key]
        }
    }
}

/// A text of the interface whose words can be looked up apart from the values in it: "{1} of {2} queues", [3, 8].
///
/// Made and said in one go. In English, where nothing is looked up, the values are put into it at once.
public struct Phrase: ExpressibleByStringInterpolation, Sendable {
    let key: String
    let values: [String]

    public init(stringLiteral value: String) {
        (key, values) = (value, [])
    }

    public init(stringInterpolation parts: Parts) {
        (key, values) = (parts.key, parts.values)
    }

    /// Collects the words and the values of a phrase.
    public struct Parts: StringInterpolationProtocol {
        var key = ""
        var values: [String] = []
        private let isEnglish = Language.current == .english

        public init(literalCapacity: Int, interpolationCount: Int) {
            key.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            key += literal
        }

        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            guard !isEnglish else {
                key += value.description
                return
            }
            values.append(value.description)
            key += "{\(values.count)}"
        }
    }
}

/// A text of the interface in the language spoken now; in English where that language lacks it.
func tr(_ phrase: Phrase) -> String {
    guard let text = Language.current.text(for: phrase.key) else { return filled(phrase.key, with: phrase.values) }
    return filled(text, with: phrase.values)
}

/// The same for a text that is kept elsewhere: a column's title, a key's help.
func tr(key: String) -> String {
    Language.current.text(for: key) ?? key
}

/// Marks a text that is kept in English and looked up where it is drawn, so that what is asked of it stays the same in
/// every language.
func later(_ key: String) -> String { key }

/// `text` with {1}, {2}… replaced by the values, in whatever order the language puts them. A value that holds braces
/// itself stays as it is.
func filled(_ text: String, with values: [String]) -> String {
    guard !values.isEmpty else { return text }
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
        result += rest[..<open]
        let after = rest.index(after: open)
        guard let close = rest[after...].firstIndex(of: "}"), let number = Int(rest[after..<close]),
            values.indices.contains(number - 1)
        else {
            result += "{"
            rest = rest[after...]
            continue
        }
        result += values[number - 1]
        rest = rest[rest.index(after: close)...]
    }
    return result + rest
}
