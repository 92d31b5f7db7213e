/// A theme of btop: lines of `theme[key]="#rrggbb"`, `"#gg"` (a grey) or `"r g b"`; an empty one is the terminal's.
struct BtopTheme {
    private var values: [String: Colour] = [:]

    init(_ text: String) throws(ThemeImport.Problem) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            guard line.hasPrefix("theme[") else { continue }
            guard let close = line.firstIndex(of: "]"), let equals = line[close...].firstIndex(of: "=") else {
                throw ThemeImport.Problem(line: index + 1, description: "this is not theme[key]=\"#rrggbb\"")
            }
            let key = String(line[line.index(line.startIndex, offsetBy: 6)..<close])
            let rest = line[line.index(after: equals)...].drop { $0 == " " || $0 == "\"" || $0 == "'" }
            let value = String(rest.prefix { $0 != "\"" && $0 != "'" && $0 != "\r" })
            guard let colour = Self.colour(value) else {
                throw ThemeImport.Problem(
                    line: index + 1, description: "\(key) is no colour: it is \"#rrggbb\", \"#gg\" or \"r g b\"")
            }
            values[key] = colour
        }
        guard values["main_fg"] != nil || values["title"] != nil else {
            throw ThemeImport.Problem(
                line: nil, description: "there is no theme[main_fg] in it, which every btop theme has")
        }
    }

    private static func colour(_ text: String) -> Colour? {
        let text = text.filter { $0 != "\t" }
        if text.isEmpty { return .terminal }
        if text.hasPrefix("#"), text.utf8.count == 3, let grey = UInt8(text.dropFirst(), radix: 16) {
            return .rgb(grey, grey, grey)
        }
        if text.hasPrefix("#") { return Colour(text) }
        let parts = text.split(separator: " ").map { UInt8($0) }
        guard parts.count == 3, let red = parts[0], let green = parts[1], let blue = parts[2] else { return nil }
        return .rgb(red, green, blue)
    }

    var colours: ImportedColours {
        let ground = values["main_bg"] ?? .terminal
        let text = values["main_fg"] ?? values["title"] ?? .terminal
        func colour(_ names: String..., or other: Colour) -> Colour {
            names.lazy.compactMap { values[$0] }.first { $0 != .terminal } ?? other
        }
        func stops(_ name: String, or other: [Colour]) -> [Colour] {
            guard let start = values[name + "_start"], start != .terminal else { return other }
            let end = colour(name + "_end", or: start)
            let middle = colour(name + "_mid", or: Gradient(start, start, end).colour(at: 0.75))
            return [start, middle, end]
        }
        let accent = colour("hi_fg", or: text)
        let title = colour("title", or: text)
        let cpu = stops("cpu", or: [.rgb(0x5f, 0xbf, 0x77), .rgb(0xd9, 0xb1, 0x4a), .rgb(0xe0, 0x55, 0x6a)])
        let bar =
            values["selected_bg"] == nil || ground == .terminal
            ? ground : Gradient(ground, ground, colour("selected_bg", or: ground)).colour(at: 0.65)
        return ImportedColours(
            text: text, ground: ground, title: title, accent: accent,
            dim: colour("graph_text", "inactive_fg", or: text),
            border: colour("div_line", "cpu_box", "proc_box", or: text),
            selectionText: colour("selected_fg", or: text), selectionGround: colour("selected_bg", or: .ansi(4)),
            bar: bar, barText: text, dialog: bar, dialogText: text, good: cpu[0], warning: cpu[1], bad: cpu[2],
            flow: stops("download", or: cpu), outflow: stops("upload", or: cpu), backlog: stops("used", or: cpu),
            latency: stops("temp", or: cpu))
    }
}
