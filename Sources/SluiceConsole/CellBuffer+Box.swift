/// The lines that frames and rules are made of.
public struct BoxGlyphs: Sendable {
    public let horizontal: Unicode.Scalar
    public let vertical: Unicode.Scalar
    public let topLeft: Unicode.Scalar
    public let topRight: Unicode.Scalar
    public let bottomLeft: Unicode.Scalar
    public let bottomRight: Unicode.Scalar
    /// Junctions, by the side the branch goes to.
    public let teeDown: Unicode.Scalar
    public let teeUp: Unicode.Scalar
    public let teeRight: Unicode.Scalar
    public let teeLeft: Unicode.Scalar
    public let cross: Unicode.Scalar

    public static let lines = BoxGlyphs(
        horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯", teeDown: "┬",
        teeUp: "┴", teeRight: "├", teeLeft: "┤", cross: "┼")
    public static let ascii = BoxGlyphs(
        horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", teeDown: "+",
        teeUp: "+", teeRight: "+", teeLeft: "+", cross: "+")
}

extension CellBuffer {
    /// Draws a frame on the edge of an area and leaves the inside; the title stands in the upper edge.
    public mutating func box(_ rect: Rect, title: String? = nil, style: Style, ascii: Bool) {
        box(rect, title: title, style: style, titleStyle: style, ascii: ascii)
    }

    /// The same with a style of its own for the title.
    public mutating func box(_ rect: Rect, title: String?, style: Style, titleStyle: Style, ascii: Bool) {
        guard rect.width >= 2, rect.height >= 2 else { return }
        let glyphs = ascii ? BoxGlyphs.ascii : .lines
        let right = rect.maxX - 1
        let bottom = rect.maxY - 1
        horizontal(x: rect.x + 1, y: rect.y, width: rect.width - 2, style: style, ascii: ascii)
        horizontal(x: rect.x + 1, y: bottom, width: rect.width - 2, style: style, ascii: ascii)
        vertical(x: rect.x, y: rect.y + 1, height: rect.height - 2, style: style, ascii: ascii)
        vertical(x: right, y: rect.y + 1, height: rect.height - 2, style: style, ascii: ascii)
        self[rect.x, rect.y] = Cell(.scalar(glyphs.topLeft), style)
        self[right, rect.y] = Cell(.scalar(glyphs.topRight), style)
        self[rect.x, bottom] = Cell(.scalar(glyphs.bottomLeft), style)
        self[right, bottom] = Cell(.scalar(glyphs.bottomRight), style)
        if let title, rect.width > 6 {
            let shown = " " + DisplayWidth.clip(title, to: rect.width - 6) + " "
            write(shown, x: rect.x + 2, y: rect.y, maxWidth: rect.width - 4, style: titleStyle)
        }
    }

    /// A line from left to right.
    public mutating func horizontal(x: Int, y: Int, width: Int, style: Style, ascii: Bool) {
        guard width > 0 else { return }
        let glyph = ascii ? BoxGlyphs.ascii.horizontal : BoxGlyphs.lines.horizontal
        for column in max(0, x)..<max(max(0, x), min(x + width, size.width)) {
            self[column, y] = Cell(.scalar(glyph), style)
        }
    }

    /// A line from top to bottom.
    public mutating func vertical(x: Int, y: Int, height: Int, style: Style, ascii: Bool) {
        guard height > 0 else { return }
        let glyph = ascii ? BoxGlyphs.ascii.vertical : BoxGlyphs.lines.vertical
        for row in max(0, y)..<max(max(0, y), min(y + height, size.height)) {
            self[x, row] = Cell(.scalar(glyph), style)
        }
    }

    /// A rule over the whole width of an area with a title near its left end: `─ Topics ─────`.
    public mutating func rule(
        x: Int, y: Int, width: Int, title: String?, style: Style, titleStyle: Style, ascii: Bool
    ) {
        horizontal(x: x, y: y, width: width, style: style, ascii: ascii)
        guard let title, width > 4 else { return }
        write(
            " " + DisplayWidth.clip(title, to: width - 4) + " ", x: x + 1, y: y, maxWidth: width - 2, style: titleStyle)
    }
}
