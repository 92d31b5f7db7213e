/// Metrics in Prometheus' text form, version 0.0.4: samples of a family stand together under one HELP and one TYPE line,
/// in whatever order they are given.
public struct MetricsText: Sendable {
    private struct Family {
        /// HELP and TYPE.
        var head: String
        var samples = ""
    }
    private var families: [Family] = []
    private var places: [String: Int] = [:]
    /// Labels that every sample has, in front of its own.
    private let common: String

    /// Content-Type of ``text``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameter labels: every sample gets these, in front of its own.
    public init(labels: [(String, String)] = []) { common = Self.list(labels) }

    /// Adds a value that goes up and down.
    ///
    /// - Parameters:
    ///   - name: of the family; characters that Prometheus does not take become `_`. It says the unit, if there is one.
    ///   - help: the first one that is given for a family counts, as does its type.
    ///   - labels: name and value; a sample's labels must differ from those of all others of the family.
    public mutating func gauge(_ name: String, help: String, labels: [(String, String)] = [], value: Double) {
        add(name, "gauge", help, labels, value)
    }

    /// Adds a value that only goes up, but for beginning anew at 0; its name should end in `_total`. Otherwise as
    /// ``gauge(_:help:labels:value:)``.
    public mutating func counter(_ name: String, help: String, labels: [(String, String)] = [], value: Double) {
        add(name, "counter", help, labels, value)
    }

    /// All families in the order in which they first came; every line ends with a line feed.
    public var text: String { families.reduce(into: "") { $0 += $1.head + $1.samples } }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ labels: [(String, String)], _ value: Double
    ) {
        let name = Self.name(name, colons: true)
        let place = places[name] ?? begin(name, type, help)
        var list = common
        if !labels.isEmpty { list += (list.isEmpty ? "" : ",") + Self.list(labels) }
        families[place].samples += name + (list.isEmpty ? "" : "{\(list)}") + " \(Self.number(value))\n"
    }

    private mutating func begin(_ name: String, _ type: String, _ help: String) -> Int {
        let head = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
        families.append(Family(head: head))
        places[name] = families.count - 1
        return families.count - 1
    }

    // MARK: Pieces

    private static func list(_ labels: [(String, String)]) -> String {
        labels.map { "\(name($0, colons: false))=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
    }

    /// Letters, digits and `_`, not beginning with a digit; names of metrics may hold colons, those of labels may not.
    private static func name(_ name: String, colons: Bool) -> String {
        let scalars = name.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": scalar
            case ":" where colons: scalar
            default: "_"
            }
        }
        let isFit = scalars.first.map { !("0"..."9").contains($0) } ?? false
        return (isFit ? "" : "_") + String(String.UnicodeScalarView(scalars))
    }

    /// In a value backslash, quote and line feed are escaped, in help all but the quote.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// As Go reads it; whole numbers without point and exponent as far as a double holds them exactly.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.magnitude < 9_007_199_254_740_992 && value == value.rounded() ? String(Int64(value)) : "\(value)"
    }
}
