// MARK: As a picture
extension CellBuffer {
    /// The cells as an SVG picture: each stands exactly on its grid, whatever font shows it.
    /// - Parameter title: what it is, for readers of screens.
    public func svg(title: String) -> String {
        let height = Self.cellHeight * size.height
        let width = Self.tenths(Self.cellTenths * size.width)
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" role="img">
            <title>\(Self.escaped(title))</title>
            <style>text{font:14px "DejaVu Sans Mono","JetBrains Mono",Menlo,Consolas,"Noto Sans Mono CJK SC",\
            "WenQuanYi Zen Hei Mono",monospace;white-space:pre}</style>
            <rect width="100%" height="100%" fill="\(Self.hex(ground))"/>

            """
        for y in 0..<size.height {
            text += grounds(y)
            text += glyphs(y)
        }
        return text + "</svg>\n"
    }

    /// Tenths of a pixel a column: what 14 px of DejaVu Sans Mono take.
    private static let cellTenths = 84
    private static let cellHeight = 18
    private static let ascent = 14

    /// What most of the picture stands on.
    private var ground: Colour { size.width > 0 && size.height > 1 ? Self.colours(self[0, 1].style).ground : .terminal }

    private func grounds(_ y: Int) -> String {
        var text = ""
        var x = 0
        while x < size.width {
            let colour = Self.colours(self[x, y].style).ground
            var end = x + 1
            while end < size.width, Self.colours(self[end, y].style).ground == colour { end += 1 }
            if colour != ground {
                // A hair wider, so that no seam shows between two.
                text +=
                    "<rect x=\"\(Self.tenths(x * Self.cellTenths))\" y=\"\(y * Self.cellHeight)\" "
                    + "width=\"\(Self.tenths((end - x) * Self.cellTenths))\" height=\"\(Self.cellHeight)\" "
                    + "fill=\"\(Self.hex(colour))\" shape-rendering=\"crispEdges\"/>\n"
            }
            x = end
        }
        return text
    }

    private func glyphs(_ y: Int) -> String {
        var text = ""
        var x = 0
        while x < size.width {
            let cell = self[x, y]
            guard cell.glyph != .space, !cell.glyph.isContinuation else {
                x += 1
                continue
            }
            let isPlain = isNarrow(cell)
            var run = cell.glyph.text
            var end = x + max(1, cell.glyph.width)
            if isPlain {
                // One space may stand inside of a run; more of them end it.
                while end < size.width, self[end, y].style == cell.style, isNarrow(self[end, y]) {
                    if self[end, y].glyph == .space, end + 1 >= size.width || self[end + 1, y].glyph == .space { break }
                    run += self[end, y].glyph.text
                    end += 1
                }
            }
            text += element(run, cell.style, x: x, columns: end - x, y: y)
            x = end
        }
        return text
    }

    private func isNarrow(_ cell: Cell) -> Bool {
        if case .scalar = cell.glyph { cell.glyph.width == 1 } else { false }
    }

    private func element(_ run: String, _ style: Style, x: Int, columns: Int, y: Int) -> String {
        let attributes = style.attributes
        var text = "<text x=\"\(Self.tenths(x * Self.cellTenths))\" y=\"\(y * Self.cellHeight + Self.ascent)\""
        text += " textLength=\"\(Self.tenths(columns * Self.cellTenths))\" lengthAdjust=\"spacingAndGlyphs\""
        text += " fill=\"\(Self.hex(Self.colours(style).ink))\""
        if attributes.contains(.bold) { text += " font-weight=\"bold\"" }
        if attributes.contains(.italic) { text += " font-style=\"italic\"" }
        if attributes.contains(.underline) { text += " text-decoration=\"underline\"" }
        if attributes.contains(.dim) { text += " opacity=\"0.7\"" }
        return text + ">\(Self.escaped(run))</text>\n"
    }

    /// The colours shown; a terminal's own become light on dark.
    private static func colours(_ style: Style) -> (ink: Colour, ground: Colour) {
        let ink = style.foreground == .terminal ? Colour.rgb(0xD8, 0xDB, 0xE0) : style.foreground
        let ground = style.background == .terminal ? Colour.rgb(0x15, 0x17, 0x1A) : style.background
        return style.attributes.contains(.reverse) ? (ground, ink) : (ink, ground)
    }

    private static func hex(_ colour: Colour) -> String {
        switch colour {
        case .terminal: return "#15171a"
        case .ansi(let number): return ansi[Int(number & 15)]
        case .rgb(let red, let green, let blue):
            let value = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
            let digits = String(value, radix: 16)
            return "#" + String(repeating: "0", count: 6 - digits.count) + digits
        }
    }

    private static let ansi = [
        "#1c1e22", "#e0556a", "#5fbf77", "#d9b14a", "#5a8fe0", "#c27fd6", "#4fb8c4", "#c9ccd1", "#7d828b", "#ff7a8c",
        "#86e29b", "#f5d06b", "#86b4ff", "#e0a3f2", "#7fdfe8", "#f5f7fa",
    ]

    private static func tenths(_ value: Int) -> String {
        value % 10 == 0 ? "\(value / 10)" : "\(value / 10).\(value % 10)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
