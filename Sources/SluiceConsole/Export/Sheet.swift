/// What a screen shows, as a table of values: for files, pipes and readers of screens.
public struct Sheet: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(Int64)
        /// A rate or the like, with three decimal places at most.
        case decimal(Double)
        /// A moment, epoch ms.
        case time(Int64)
        /// A length of time in ms.
        case age(Int64)
        /// Not known, which is not 0.
        case unknown

        init(_ value: Int64?) { self = value.map { .number($0) } ?? .unknown }
        init(age: Int64?) { self = age.map { .age($0) } ?? .unknown }
        init(time: Int64?) { self = time.flatMap { $0 > 0 ? .time($0) : nil } ?? .unknown }
        init(rate: Double?) { self = rate.flatMap { $0.isFinite ? .decimal($0) : nil } ?? .unknown }
        init(text: String?) { self = text.map { .text($0) } ?? .unknown }
    }

    /// As `groups` or `topic orders`.
    public var title: String
    /// Names fit for programs: `in_per_s`, `behind_ms`.
    public var columns: [String]
    public var rows: [[Value]]
    /// How many there are, when not all of them are here; nil when they are.
    public var truncatedOf: Int?

    public init(title: String, columns: [String], rows: [[Value]], truncatedOf: Int? = nil) {
        self.title = title
        self.columns = columns
        self.rows = rows
        self.truncatedOf = truncatedOf
    }
}

/// The forms a ``Sheet`` is written in.
public enum SheetFormat: String, Sendable, CaseIterable {
    case csv, json

    /// By the end of a file's name; nil when it says neither.
    public init?(file: String) {
        guard let format = Self.allCases.first(where: { file.lowercased().hasSuffix("." + $0.rawValue) }) else {
            return nil
        }
        self = format
    }
}

extension Sheet {
    public func encoded(as format: SheetFormat) -> String {
        switch format {
        case .csv: csv()
        case .json: json()
        }
    }

    /// RFC 4180 with a line of names. A text that a spreadsheet would take for a formula gets an apostrophe in front.
    /// Where rows are missing, the last line says so.
    private func csv() -> String {
        var text = columns.map(Self.field).joined(separator: ",") + "\r\n"
        for row in rows {
            text += row.map(Self.csv).joined(separator: ",") + "\r\n"
        }
        if let truncatedOf { text += Self.field("truncated: \(rows.count) of \(truncatedOf)") + "\r\n" }
        return text
    }

    private static func csv(_ value: Value) -> String {
        switch value {
        case .text(let text): field(text)
        case .number(let number), .time(let number), .age(let number): String(number)
        case .decimal(let number): thousandths(number)
        case .unknown: ""
        }
    }

    static func field(_ text: String) -> String {
        var text = text
        // Spreadsheets look past white space, and some take full-width signs as well.
        let first = text.unicodeScalars.first { !$0.properties.isWhitespace || $0 == "\t" || $0 == "\r" || $0 == "\n" }
        if let first, "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) { text = "'" + text }
        let needsQuotes =
            text.unicodeScalars.contains { ",\"\n\r;\t".unicodeScalars.contains($0) } || text.hasPrefix("'")
        guard needsQuotes || text.hasPrefix(" ") || text.hasSuffix(" ") else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// One object: what it is, whether it is all, and the rows with the columns' names.
    private func json() -> String {
        var text = "{\"title\":\(Self.quoted(title)),\"count\":\(rows.count)"
        text += ",\"truncated\":\(truncatedOf != nil),\"total\":\(truncatedOf ?? rows.count),\"rows\":["
        for (index, row) in rows.enumerated() {
            let pairs = zip(columns, row).map { "\(Self.quoted($0)):\(Self.json($1))" }
            text += (index == 0 ? "\n{" : ",\n{") + pairs.joined(separator: ",") + "}"
        }
        return text + "\n]}\n"
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .number(let number), .time(let number), .age(let number): String(number)
        case .decimal(let number): thousandths(number)
        case .unknown: "null"
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<" ", "\u{7F}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Three decimal places at most, without a locale.
    static func thousandths(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 9e15 else { return String(value) }
        let scaled = Int64((value * 1000).rounded())
        var text = "\(scaled < 0 ? "-" : "")\(scaled.magnitude / 1000)"
        var fraction = String(String(scaled.magnitude % 1000 + 1000).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        if !fraction.isEmpty { text += "." + fraction }
        return text
    }
}
