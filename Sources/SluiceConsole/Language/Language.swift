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

    /// What this language says for an English text, `nil` where nobody wrote it yet.
    func text(for key: String) -> String? {
        switch self {
        case .english: key
        case .chinese: Chinese.texts[key]
        }
    }
}

/// A text of the interface whose words can be looked up apart from the values in it: "{1} of {2} queues", [3, 8].
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

        public init(literalCapacity: Int, interpolationCount: Int) {
            key.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            key += literal
        }

        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
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

/// `text` with {1}, {2}… replaced by the values, in whatever order the language puts them. A value that holds braces
/// itself stays as it is.
private func filled(_ text: String, with values: [String]) -> String {
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
