import Glibc

/// A theme of another program, mapped onto the roles of ours.
///
/// It sets all roles. What the other program has no colour for is taken from its nearest, and a colour that could not be
/// read on its ground is brought closer to the text's until it can be.
public struct ThemeImport: Sendable {
    /// The theme as a TOML file.
    public let toml: String
    /// What was not understood, or changed, a sentence each.
    public let notes: [String]

    /// - Parameters:
    ///   - text: a btop theme (`theme[main_bg]="#rrggbb"`) or a k9s skin (YAML).
    ///   - source: what the first line of the file says it comes from.
    /// - Throws: ``Problem`` when it is neither.
    public init(_ text: String, source: String) throws(Problem) {
        var colours: ImportedColours
        if text.contains("theme[") {
            colours = try BtopTheme(text).colours
        } else {
            colours = try K9sSkin(text).colours
        }
        colours.repair()
        notes = colours.notes
        toml = colours.toml(source: source)
    }

    /// Why it cannot be imported, and at which line.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// From 1; nil when it is about the file as a whole.
        public let line: Int?
        public let description: String
    }
}

/// The few colours that a theme is made from.
struct ImportedColours {
    var text: Colour
    var ground: Colour
    var title: Colour
    var accent: Colour
    var dim: Colour
    var border: Colour
    var selectionText: Colour
    var selectionGround: Colour
    var bar: Colour
    var barText: Colour
    var dialog: Colour
    var dialogText: Colour
    var good: Colour
    var warning: Colour
    var bad: Colour
    var flow: [Colour]
    var outflow: [Colour]
    var backlog: [Colour]
    var latency: [Colour]
    var notes: [String] = []

    /// Brings what could not be read on its ground closer to the text's colour.
    mutating func repair() {
        let ink = text.readable(on: ground, toward: ground.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0))
        func fixed(_ colour: Colour, on ground: Colour, _ ink: Colour, _ what: String, _ notes: inout [String])
            -> Colour
        {
            let better = colour.readable(on: ground, toward: ink)
            if better != colour { notes.append("\(what) was brought closer to the text, so that it can be read.") }
            return better
        }
        text = ink
        title = fixed(title, on: ground, ink, "The title's colour", &notes)
        accent = fixed(accent, on: ground, ink, "The accent", &notes)
        dim = fixed(dim, on: ground, ink, "The dim colour", &notes)
        good = fixed(good, on: ground, ink, "The colour for good", &notes)
        warning = fixed(warning, on: ground, ink, "The colour for warnings", &notes)
        bad = fixed(bad, on: ground, ink, "The colour for bad", &notes)
        let selected: Colour = selectionGround.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0)
        selectionText = selectionText.readable(on: selectionGround, toward: selected)
        barText = barText.readable(on: bar, toward: bar.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0))
        dialogText = dialogText.readable(on: dialog, toward: dialog.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0))
        for part in [\ImportedColours.flow, \.outflow, \.backlog, \.latency] {
            self[keyPath: part] = self[keyPath: part].map { $0 == .terminal ? accent : $0 }
        }
    }

    func toml(source: String) -> String {
        func line(_ role: Role, _ ink: Colour, on ground: Colour? = nil, _ attributes: String = "") -> String {
            let back = ground.map { ", bg = \"\($0.spelling)\"" } ?? ""
            return "\(DisplayWidth.pad(role.rawValue, to: 13)) = { fg = \"\(ink.spelling)\"\(back)\(attributes) }\n"
        }
        func onBar(_ colour: Colour) -> Colour { colour.readable(on: bar, toward: barText) }
        let bold = ", bold = true"
        let onBad: Colour = bad.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0)
        let onWarning: Colour = warning.isDark ? .rgb(255, 255, 255) : .rgb(0, 0, 0)
        var text = "# Imported from \(TextSanitiser.sanitise(source)).\n[styles]\n"
        text += line(.text, self.text, on: ground) + line(.dim, dim) + line(.title, title, on: nil, bold)
        text += line(.header, barText, on: bar) + line(.accent, accent) + line(.border, border)
        text += line(.selection, selectionText, on: selectionGround, bold) + line(.marked, warning, on: nil, bold)
        text +=
            line(.good, good) + line(.warning, warning) + line(.bad, bad, on: nil, ", bold = true, underline = true")
        text += line(.attention, onWarning, on: warning, bold)
        func last(_ colours: [Colour]) -> Colour { (colours.last ?? accent).readable(on: ground, toward: self.text) }
        text += line(.chartIn, last(flow)) + line(.chartOut, last(outflow), on: nil, bold)
        text += line(.chartBacklog, last(backlog)) + line(.chartLatency, last(latency))
        text += line(.chartAxis, dim) + line(.chartMarker, warning) + line(.number, self.text)
        text += line(.key, accent, on: nil, bold) + line(.footer, barText, on: bar)
        text += line(.footerKey, onBar(accent), on: bar, bold) + line(.dialog, dialogText, on: dialog)
        text += line(.dialogBorder, accent.readable(on: dialog, toward: dialogText), on: dialog)
        text += line(.input, selectionText, on: selectionGround) + line(.banner, onBad, on: bad, bold)
        text += line(.stale, dim, on: nil, ", italic = true") + "\n[gradients]\n"
        for (name, colours) in [
            ("meter", [good, warning, bad]), ("flow", flow), ("outflow", outflow), ("backlog", backlog),
            ("latency", latency),
        ] {
            text += "\(name) = [\(colours.map { "\"\($0.spelling)\"" }.joined(separator: ", "))]\n"
        }
        return text
    }
}

extension Colour {
    /// As a theme file writes it.
    public var spelling: String {
        switch self {
        case .terminal: return "terminal"
        case .ansi(let number): return Self.names[Int(number & 15)]
        case .rgb(let red, let green, let blue):
            let digits = String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16)
            return "#" + String(repeating: "0", count: 6 - digits.count) + digits
        }
    }

    /// Relative luminance as WCAG 2 has it, 0...1; nil where only the terminal knows the colour.
    var luminance: Double? {
        guard case .rgb(let red, let green, let blue) = self else { return nil }
        func part(_ value: UInt8) -> Double {
            let share = Double(value) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
    }

    var isDark: Bool { (luminance ?? 0) < 0.18 }

    /// WCAG's contrast, 1...21; nil where a colour is the terminal's.
    func contrast(to other: Colour) -> Double? {
        guard let one = luminance, let two = other.luminance else { return nil }
        return (max(one, two) + 0.05) / (min(one, two) + 0.05)
    }

    /// This colour, blended with `ink` only as far as it takes to be read on `ground`.
    func readable(on ground: Colour, toward ink: Colour) -> Colour {
        guard let contrast = contrast(to: ground), contrast < 4.5 else { return self }
        return (1...20).lazy.map { Gradient(self, self, ink).colour(at: 0.5 + Double($0) / 40) }
            .first { ($0.contrast(to: ground) ?? 0) >= 4.5 } ?? ink
    }
}
