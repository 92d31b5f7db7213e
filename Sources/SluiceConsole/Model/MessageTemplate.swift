import SluiceAPI
import TOMLKit

/// A message as it is typed into the publish form, kept under a name. All of it is text: what it means is judged when it
/// is published.
///
///     topic = "orders"
///     keys = "k1 k2"
///     body = """
///     {"order":1}"""
///     delay = "90s"
///     transaction = false
public struct MessageTemplate: Sendable, Equatable {
    /// The file's name without `.toml`.
    public var name: String
    public var topic = ""
    public var tag = ""
    /// Separated by spaces.
    public var keys = ""
    public var body = ""
    /// Nothing, a level, a length or a moment.
    public var delay = ""
    /// `name=value`, separated by spaces.
    public var properties = ""
    public var isTransaction = false
    public var producerGroup = ""

    public init(name: String) { self.name = name }

    private static var texts: [(key: String, field: WritableKeyPath<MessageTemplate, String>)] {
        [
            ("topic", \.topic), ("tag", \.tag), ("keys", \.keys), ("body", \.body), ("delay", \.delay),
            ("properties", \.properties), ("producer_group", \.producerGroup),
        ]
    }

    /// Reads a template's file.
    /// - Throws: `.invalid`, naming the file, the line where it is known, and what is wrong.
    init(name: String, text: String, file: String) throws(APIError) {
        self.name = name
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw APIError(.invalid, "\(file):\(error.source.begin.line): \(error.description)")
        } catch {
            throw APIError(.invalid, "\(file): this is not TOML")
        }
        for key in table.keys.sorted() {
            if key == "transaction" {
                guard let value = table[key]?.bool else {
                    throw APIError(.invalid, "\(file): transaction must be true or false")
                }
                isTransaction = value
                continue
            }
            guard let field = Self.texts.first(where: { $0.key == key })?.field else {
                let known = (Self.texts.map(\.key) + ["transaction"]).joined(separator: ", ")
                throw APIError(.invalid, "\(file): \"\(key)\" is no part of a template; there are \(known)")
            }
            guard let value = table[key]?.string else {
                throw APIError(.invalid, "\(file): \(key) must be text in quotes")
            }
            self[keyPath: field] = value
        }
    }

    /// The file's text.
    var text: String {
        var lines: [String] = []
        for (key, field) in Self.texts where !self[keyPath: field].isEmpty {
            lines.append("\(key) = \(Self.quoted(self[keyPath: field]))")
        }
        if isTransaction { lines.append("transaction = true") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A basic string of TOML.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out + "\""
    }
}
