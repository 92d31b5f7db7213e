/// What views draw with: a buffer, the theme's roles, and where the cursor stands.
struct Painter {
    var buffer: CellBuffer
    let theme: Theme
    let glyphs: GlyphSet
    /// Where text is being typed; nil hides the cursor.
    var cursor: (x: Int, y: Int)?
    /// What a click is meant for.
    var clicks = ClickMap()

    init(size: Size, theme: Theme, glyphs: GlyphSet) {
        buffer = CellBuffer(size: size, style: theme[.text])
        self.theme = theme
        self.glyphs = glyphs
    }

    var isASCII: Bool { glyphs == .ascii }

    /// What all roles stand on at the moment, in a dialog; nil leaves each its own ground.
    var ground: Role?

    func style(_ role: Role) -> Style {
        guard let ground, role != .input, role != .selection else { return theme[role] }
        let below = theme[ground]
        var style = theme[role]
        // A role with a ground of its own keeps it: it was chosen to stand on that.
        if style.background != theme[.text].background { return style }
        // Grey on the ground of a dialog that is drawn in reverse would not be read.
        if below.attributes.contains(.reverse) { return below }
        style.background = below.background
        if role == .text { style.foreground = below.foreground }
        return style
    }

    @discardableResult
    mutating func put(_ text: String, x: Int, y: Int, width: Int = .max, _ role: Role = .text) -> Int {
        guard width > 0 else { return 0 }
        // Something is left out: an ellipsis says so.
        let shown = width < 4096 && DisplayWidth.of(text) > width ? DisplayWidth.clip(text, to: width) : text
        return buffer.write(plain(shown), x: x, y: y, maxWidth: width, style: style(role))
    }

    mutating func putRight(_ text: String, right: Int, y: Int, width: Int = .max, _ role: Role = .text) {
        buffer.writeRight(plain(text), right: right, y: y, maxWidth: width, style: style(role))
    }

    /// Pieces of text in different roles after each other; returns the columns used.
    @discardableResult
    mutating func put(_ spans: [Span], x: Int, y: Int, width: Int) -> Int {
        var used = 0
        for span in spans where used < width {
            used += put(span.text, x: x + used, y: y, width: width - used, span.role)
        }
        return used
    }

    mutating func rule(_ rect: Rect, _ title: String?, trailing: [Span] = []) {
        guard rect.height > 0 else { return }
        buffer.rule(
            x: rect.x, y: rect.y, width: rect.width, title: title.map(plain), style: theme[.border],
            titleStyle: theme[.title],
            ascii: isASCII)
        let width = trailing.reduce(0) { $0 + DisplayWidth.of(plain($1.text)) }
        let taken = title.map { DisplayWidth.of($0) + 4 } ?? 0
        guard !trailing.isEmpty, width + 4 + taken <= rect.width else { return }
        let start = rect.maxX - width - 3
        put(" ", x: start, y: rect.y, width: 1)
        put(trailing, x: start + 1, y: rect.y, width: width)
        put(" ", x: start + 1 + width, y: rect.y, width: 1)
    }

    /// Shows a row as selected: what has a colour or a ground of its own keeps it.
    mutating func select(_ rect: Rect) {
        let selection = theme[.selection]
        let text = style(.text)
        let dim = theme[.dim].foreground
        buffer.restyle(rect) { style in
            guard style.background == text.background else { return style }
            // Turned round, each colour would become a ground of its own: one for the whole row then.
            if selection.attributes.contains(.reverse) {
                return Style(text.foreground, on: selection.background, selection.attributes)
            }
            let isPlain = style.foreground == text.foreground || style.foreground == dim
            let foreground = isPlain && selection.foreground != .terminal ? selection.foreground : style.foreground
            return Style(foreground, on: selection.background, style.attributes.union(selection.attributes))
        }
    }

    /// What was known before nobody answered any more: all in one grey, the grounds as they are.
    mutating func grey(_ rect: Rect) {
        let grey = theme[.stale].foreground
        buffer.restyle(rect) { Style(grey, on: $0.background, $0.attributes) }
    }

    /// Words for what has no glyph in seven bits.
    func plain(_ text: String) -> String {
        guard isASCII, text.utf8.contains(where: { $0 > 127 }) else { return text }
        return String(text.map { Self.ascii[$0] ?? $0 })
    }

    /// One column for one column, so that nothing moves.
    private static let ascii: [Character: Character] = [
        "–": "-", "…": "~", "·": "-", "▸": ">", "✓": "*", "▲": "^", "▼": "v", "■": "#", "→": ">", "↑": "^", "↓": "v",
        "←": "<", "»": ">", "│": "|", "⏎": "\\", "━": "=", "─": "-", "▇": "#", "‹": "<", "›": ">", "×": "x",
    ]
}

/// A piece of text in a role.
struct Span {
    var text: String
    var role: Role
    init(_ text: String, _ role: Role = .text) {
        self.text = text
        self.role = role
    }
}
