/// Java's properties text, as far as configurations use it: `name=value` lines, `#` comments.
enum PropertiesText {
    static func parse(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.drop { $0 == " " || $0 == "\t" }
            guard let equals = line.firstIndex(of: "="), line.first != "#", equals > line.startIndex else { return nil }
            let name = String(line[..<equals]).trimmed
            return name.isEmpty ? nil : (name, String(line[line.index(after: equals)...]).trimmed)
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
