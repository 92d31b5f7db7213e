/// The lines that the keys of a TOML text stand in, by paths like `accounts[0].topics.orders`: a parsed TOML table does
/// not say where its entries stood.
struct AccessFileLines {
    private var lines: [String: Int] = [:]
    private var section = ""
    /// Tables so far of every array of tables.
    private var counts: [String: Int] = [:]

    init(_ text: String) {
        // A line end of two bytes is one character to Swift.
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            read(line.unpadded, index + 1)
        }
    }

    /// The line of the path, or of what it is part of.
    subscript(path: String) -> Int? {
        var path = path[...]
        while true {
            if let line = lines[String(path)] { return line }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
    }

    private mutating func read(_ line: Substring, _ number: Int) {
        if line.hasPrefix("[[") {
            let name = Self.plain(line.dropFirst(2).prefix { $0 != "]" })
            let index = counts[name, default: 0]
            counts[name] = index + 1
            section = "\(name)[\(index)]"
            note(section, number)
            note(name, number)
        } else if line.hasPrefix("[") {
            section = Self.plain(line.dropFirst().prefix { $0 != "]" })
            // Below an array of tables it belongs to the last of them.
            let parts = section.split(separator: ".", maxSplits: 1)
            if parts.count == 2, let count = counts[String(parts[0])] {
                section = "\(parts[0])[\(count - 1)].\(parts[1])"
            }
            note(section, number)
        } else if !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
            var path = section
            for part in Self.plain(line[..<equals]).split(separator: ".") {
                path += (path.isEmpty ? "" : ".") + part
                note(path, number)
            }
        }
    }

    private mutating func note(_ path: String, _ line: Int) {
        if lines[path] == nil { lines[path] = line }
    }

    private static func plain(_ name: Substring) -> String {
        name.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" }
    }
}
