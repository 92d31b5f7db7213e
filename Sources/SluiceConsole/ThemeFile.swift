import TOMLKit

/// What is wrong with a theme, and where.
struct ThemeProblem: Error, Equatable {
    let file: String
    /// From 1; nil when it is about the file as a whole.
    let line: Int?
    let reason: String

    /// `FILE:LINE: reason`.
    var description: String {
        TextSanitiser.sanitise(line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)")
    }
}

/// A theme file as it was written: names of colours are resolved only when all that it inherits is known.
///
///     inherits = "sluice-dark"
///     [palette]
///     ink = "#d8dee9"
///     [styles]
///     text = { fg = "ink", bg = "#10141c" }
///     title = { fg = "bright-white", bold = true }
///     [gradients]
///     meter = ["green", "yellow", "#ff5f5f"]
struct ThemeFile {
    struct PartialStyle {
        var foreground: String?
        var background: String?
        var attributes: Attributes = []
        let line: Int?
    }
    let file: String
    private(set) var inherits: (name: String, line: Int?)?
    /// Colours by name with the line each stands in.
    private(set) var palette: [String: (colour: Colour, line: Int?)] = [:]
    private(set) var styles: [Role: PartialStyle] = [:]
    private(set) var gradients: [GradientName: (colours: [String], line: Int?)] = [:]

    private let lines: [String: Int]

    /// - Parameter file: how problems name the file.
    init(text: String, file: String) throws(ThemeProblem) {
        self.file = file
        lines = ThemeFile.lines(of: text)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ThemeProblem(file: file, line: error.source.begin.line, reason: error.description)
        } catch {
            throw ThemeProblem(file: file, line: nil, reason: "this is not TOML")
        }
        for key in table.keys.sorted() {
            guard let value = table[key] else { continue }
            try read(key, value)
        }
    }

    private mutating func read(_ key: String, _ value: any TOMLValueConvertible) throws(ThemeProblem) {
        switch key {
        case "inherits":
            guard let name = value.string else { throw problem(key, "inherits must be the name of a theme, in quotes") }
            inherits = (name, lines[key])
        case "palette": try each(of: value, key) { name, value throws(ThemeProblem) in try readColour(name, value) }
        case "styles": try each(of: value, key) { name, value throws(ThemeProblem) in try readStyle(name, value) }
        case "gradients": try each(of: value, key) { name, value throws(ThemeProblem) in try readGradient(name, value) }
        default: throw unknown(key, key, "part of a theme", ["inherits", "palette", "styles", "gradients"])
        }
    }

    private func each(
        of value: any TOMLValueConvertible, _ section: String,
        _ body: (String, any TOMLValueConvertible) throws(ThemeProblem) -> Void
    ) throws(ThemeProblem) {
        guard let table = value.table else { throw problem(section, "\(section) must be a table: [\(section)]") }
        for key in table.keys.sorted() {
            if let value = table[key] { try body(key, value) }
        }
    }
}

// MARK: Entries
extension ThemeFile {
    private mutating func readColour(_ name: String, _ value: any TOMLValueConvertible) throws(ThemeProblem) {
        let path = "palette.\(name)"
        guard let text = value.string, let colour = Colour(text) else {
            throw problem(
                path, "\(name) is no colour; write \"#rrggbb\", an ANSI name like \"bright-blue\", or \"terminal\"")
        }
        palette[name] = (colour, lines[path])
    }

    private mutating func readStyle(_ name: String, _ value: any TOMLValueConvertible) throws(ThemeProblem) {
        let path = "styles.\(name)"
        guard let role = Role(rawValue: name) else {
            throw unknown(path, name, "role that a style can be given", Role.allCases.map(\.rawValue))
        }
        var style = PartialStyle(line: lines[path])
        if let colour = value.string {
            style.foreground = colour
        } else if let table = value.table {
            for key in table.keys.sorted() {
                if let value = table[key] { try read(key, value, into: &style, path: path) }
            }
        } else {
            throw problem(path, "\(name) must be a colour or a table like { fg = \"#d8dee9\", bold = true }")
        }
        styles[role] = style
    }

    private func read(
        _ key: String, _ value: any TOMLValueConvertible, into style: inout PartialStyle, path: String
    ) throws(ThemeProblem) {
        let attributes: [String: Attributes] = [
            "bold": .bold, "dim": .dim, "italic": .italic, "underline": .underline, "reverse": .reverse,
        ]
        let path = lines["\(path).\(key)"] == nil ? path : "\(path).\(key)"
        if let attribute = attributes[key] {
            guard let on = value.bool else { throw problem(path, "\(key) must be true or false") }
            if on { style.attributes.insert(attribute) }
        } else if key == "fg" || key == "bg" {
            guard let colour = value.string else { throw problem(path, "\(key) must be a colour in quotes") }
            if key == "fg" { style.foreground = colour } else { style.background = colour }
        } else {
            throw unknown(path, key, "part of a style", ["fg", "bg"] + attributes.keys.sorted())
        }
    }

    private mutating func readGradient(_ name: String, _ value: any TOMLValueConvertible) throws(ThemeProblem) {
        let path = "gradients.\(name)"
        guard let gradient = GradientName(rawValue: name) else {
            throw unknown(path, name, "gradient", GradientName.allCases.map(\.rawValue))
        }
        let colours = value.array?.compactMap { $0.string } ?? []
        guard colours.count == 3, value.array?.count == 3 else {
            throw problem(path, "\(name) must be a list of three colours: [\"low\", \"middle\", \"high\"]")
        }
        gradients[gradient] = (colours, lines[path])
    }

    private func problem(_ path: String, _ reason: String) -> ThemeProblem {
        ThemeProblem(file: file, line: lines[path], reason: reason)
    }

    private func unknown(_ path: String, _ key: String, _ what: String, _ known: [String]) -> ThemeProblem {
        let close = known.min { Spelling.distance($0, key) < Spelling.distance($1, key) } ?? ""
        let hint =
            Spelling.distance(close, key) <= 3
            ? "did you mean \"\(close)\"?" : "there are \(known.joined(separator: ", "))"
        return problem(path, "\"\(key)\" is not a \(what); \(hint)")
    }

    /// The line of every key by its dotted path. TOML tables do not say where their entries stood.
    private static func lines(of text: String) -> [String: Int] {
        var lines: [String: Int] = [:]
        var section = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.first == "[" {
                section = line.drop { $0 == "[" }.prefix { $0 != "]" }.filter { $0 != " " && $0 != "\"" }
                if lines[section] == nil { lines[section] = index + 1 }
            } else if let equals = line.firstIndex(of: "="), line.first != "#" {
                let key = line[..<equals].filter { $0 != " " && $0 != "\t" && $0 != "\"" }
                var path = section
                for part in key.split(separator: ".") {
                    path += (path.isEmpty ? "" : ".") + part
                    if lines[path] == nil { lines[path] = index + 1 }
                }
            }
        }
        return lines
    }
}
