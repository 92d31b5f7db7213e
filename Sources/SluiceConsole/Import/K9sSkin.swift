/// A skin of k9s: the part of YAML that such files use. Nested `key: value` by indentation, quotes, comments, and
/// anchors (`&name`) with their aliases (`*name`).
struct K9sSkin {
    private var values: [String: Colour] = [:]
    private var notes: [String] = []

    init(_ text: String) throws(ThemeImport.Problem) {
        var path: [(indent: Int, key: String)] = []
        var anchors: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = Self.withoutComment(line)
            let body = content.drop { $0 == " " }
            guard !body.isEmpty, body != "---", !body.hasPrefix("- ") else { continue }
            guard let colon = body.firstIndex(of: ":") else {
                throw ThemeImport.Problem(line: index + 1, description: "this is not \"key: value\", as in a k9s skin")
            }
            let indent = content.count - body.count
            path.removeAll { $0.indent >= indent }
            path.append((indent, String(body[..<colon])))
            guard path.count <= 12 else {
                throw ThemeImport.Problem(line: index + 1, description: "this is nested deeper than any k9s skin")
            }
            var value = body[body.index(after: colon)...].drop { $0 == " " }
            var anchor: String?
            if value.first == "&" {
                anchor = String(value.dropFirst().prefix { $0 != " " })
                value = value.drop { $0 != " " }.drop { $0 == " " }
            }
            var plain = String(value.filter { $0 != "\"" && $0 != "'" && $0 != "\r" })
            while plain.last == " " { plain.removeLast() }
            if plain.hasPrefix("*") {
                guard let known = anchors[String(plain.dropFirst())] else {
                    throw ThemeImport.Problem(line: index + 1, description: "nothing is named \(plain) above this line")
                }
                plain = known
            }
            if let anchor { anchors[anchor] = plain }
            guard !plain.isEmpty, path.first?.key == "k9s" else { continue }
            if let colour = Self.colour(plain) {
                values[path.dropFirst().map(\.key).joined(separator: ".")] = colour
            } else if path.last?.key.hasSuffix("olor") == true {
                notes.append(
                    "Line \(index + 1): the colour \(TextSanitiser.sanitise(plain)) is not known here and was left out."
                )
            }
        }
        guard values["body.fgColor"] != nil else {
            throw ThemeImport.Problem(
                line: nil,
                description: "this is neither a btop theme (theme[main_fg]=…) nor a k9s skin (k9s: body: fgColor:)")
        }
    }

    /// A `#` begins a comment at the start of a line or behind a space, outside of quotes.
    private static func withoutComment(_ line: Substring) -> Substring {
        var quote: Character?
        var before: Character = " "
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#", before == " " || before == "\t" {
                return line[..<index]
            }
            before = character
        }
        return line
    }

    private static func colour(_ text: String) -> Colour? {
        if text == "default" || text == "-" { return .terminal }
        if text.hasPrefix("#") { return Colour(text) }
        return names[text.lowercased()].flatMap { Colour("#" + $0) }
    }

    /// Those of the W3C names that skins use.
    private static let names: [String: String] = [
        "black": "000000", "white": "ffffff", "red": "ff0000", "green": "008000", "blue": "0000ff", "yellow": "ffff00",
        "aqua": "00ffff", "cyan": "00ffff", "fuchsia": "ff00ff", "magenta": "ff00ff", "gray": "808080",
        "grey": "808080", "silver": "c0c0c0", "maroon": "800000", "olive": "808000", "lime": "00ff00", "teal": "008080",
        "navy": "000080", "purple": "800080", "orange": "ffa500", "orangered": "ff4500", "dodgerblue": "1e90ff",
        "cadetblue": "5f9ea0", "steelblue": "4682b4", "lightskyblue": "87cefa", "lightslategray": "778899",
        "darkorange": "ff8c00", "mediumspringgreen": "00fa9a", "greenyellow": "adff2f", "papayawhip": "ffefd5",
        "seagreen": "2e8b57", "palegreen": "98fb98", "royalblue": "4169e1", "slategray": "708090",
        "whitesmoke": "f5f5f5", "gold": "ffd700", "tomato": "ff6347", "pink": "ffc0cb", "indianred": "cd5c5c",
        "mediumvioletred": "c71585", "darkcyan": "008b8b", "aquamarine": "7fffd4", "navajowhite": "ffdead",
        "linegreen": "00ff00", "limegreen": "32cd32", "lightgray": "d3d3d3", "darkgray": "a9a9a9",
    ]

    var colours: ImportedColours {
        func colour(_ paths: String..., or other: Colour) -> Colour {
            paths.lazy.compactMap { values[$0] }.first { $0 != .terminal } ?? other
        }
        let text = values["body.fgColor"] ?? .terminal
        let ground = values["body.bgColor"] ?? .terminal
        let accent = colour("frame.menu.keyColor", "body.logoColor", "frame.border.focusColor", or: text)
        let good = colour("frame.status.addColor", "frame.status.newColor", or: .rgb(0x5f, 0xbf, 0x77))
        let warning = colour(
            "frame.status.highlightColor", "frame.status.pendingColor", "frame.status.modifyColor",
            or: .rgb(0xd9, 0xb1, 0x4a))
        let bad = colour("frame.status.errorColor", or: .rgb(0xe0, 0x55, 0x6a))
        let inflow = colour("frame.status.newColor", "frame.title.highlightColor", or: accent)
        func stops(_ colour: Colour) -> [Colour] {
            [
                Gradient(colour, colour, ground == .terminal ? colour : ground).colour(at: 0.75), colour,
                Gradient(colour, colour, text == .terminal ? colour : text).colour(at: 0.7),
            ]
        }
        return ImportedColours(
            text: text, ground: ground, title: colour("frame.title.fgColor", or: accent), accent: accent,
            dim: colour("frame.status.completedColor", "prompt.suggestColor", or: text),
            border: colour("frame.border.fgColor", or: text),
            selectionText: colour("views.table.cursorFgColor", or: ground == .terminal ? .rgb(0, 0, 0) : ground),
            selectionGround: colour("views.table.cursorBgColor", "frame.border.focusColor", or: accent),
            bar: colour("views.table.header.bgColor", "frame.title.bgColor", or: ground),
            barText: colour("views.table.header.fgColor", or: text),
            dialog: colour("dialog.bgColor", "prompt.bgColor", or: ground),
            dialogText: colour("dialog.fgColor", or: text),
            good: good, warning: warning, bad: bad, flow: stops(inflow), outflow: stops(warning),
            backlog: stops(colour("frame.status.killColor", or: bad)), latency: stops(accent), notes: notes)
    }
}
