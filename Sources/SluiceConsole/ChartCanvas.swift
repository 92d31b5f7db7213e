/// The dots of one series: how high the line stands in every dot column, and the glyphs that show it.
struct ChartCanvas {
    let glyphs: GlyphSet
    let filled: Bool
    /// In cells.
    let width: Int
    let height: Int
    /// Dot rows in a cell.
    let dotsDown: Int
    /// The lowest and highest dot set in each dot column, from the bottom; nil where there is a gap.
    private var spans: [ClosedRange<Int>?]
    /// Which of the series it is, for ASCII lines to differ.
    private let order: Int

    init(glyphs: GlyphSet, filled: Bool, order: Int, width: Int, height: Int) {
        self.glyphs = glyphs
        self.filled = filled
        self.order = order
        self.width = width
        self.height = height
        dotsDown = glyphs == .braille ? 4 : glyphs == .blocks && filled ? 8 : 2
        spans = Array(repeating: nil, count: width * ChartCanvas.dotsAcross(glyphs))
    }

    /// Dot columns in a cell.
    static func dotsAcross(_ glyphs: GlyphSet) -> Int { glyphs == .braille ? 2 : 1 }

    /// Sets the line from its height in each dot column; steps are joined by a vertical stroke in the later column.
    mutating func draw(_ heights: [Int?]) {
        var before: Int?
        for (column, height) in heights.prefix(spans.count).enumerated() {
            defer { before = height }
            guard let height else { continue }
            if filled {
                spans[column] = 0...height
            } else if let before, before < height - 1 {
                spans[column] = before + 1...height
            } else if let before, before > height + 1 {
                spans[column] = height...before - 1
            } else {
                spans[column] = height...height
            }
        }
    }

    /// The glyph of a cell, `row` from the top; nil where nothing is.
    func glyph(column: Int, row: Int) -> Unicode.Scalar? {
        let bottom = (height - 1 - row) * dotsDown
        switch glyphs {
        case .braille: return braille(column: column, bottom: bottom)
        case .blocks: return block(column: column, bottom: bottom)
        case .ascii: return ascii(column: column, bottom: bottom)
        }
    }

    /// True where every dot of a cell is set.
    func isFull(column: Int, row: Int) -> Bool {
        let bottom = (height - 1 - row) * dotsDown
        let across = ChartCanvas.dotsAcross(glyphs)
        return (column * across..<(column + 1) * across).allSatisfy { dots($0, bottom) == dotsDown }
    }

    /// Dots set in one dot column of a cell.
    private func dots(_ column: Int, _ bottom: Int) -> Int { set(column, bottom)?.count ?? 0 }

    /// The dots set in one dot column of a cell, counted from the cell's own bottom.
    private func set(_ column: Int, _ bottom: Int) -> ClosedRange<Int>? {
        guard spans.indices.contains(column), let span = spans[column] else { return nil }
        let low = max(span.lowerBound, bottom)
        let high = min(span.upperBound, bottom + dotsDown - 1)
        return low <= high ? low - bottom...high - bottom : nil
    }

    private func braille(column: Int, bottom: Int) -> Unicode.Scalar? {
        var bits: UInt32 = 0
        if let left = set(2 * column, bottom) { bits = ChartCanvas.bits(left) }
        if let right = set(2 * column + 1, bottom) { bits |= ChartCanvas.bits(right) << 4 }
        return bits == 0 ? nil : Unicode.Scalar(0x2800 + ChartCanvas.inUnicode(bits))
    }

    /// A bit for each dot from `lowerBound` to `upperBound`, of 0...3 from the bottom.
    private static func bits(_ dots: ClosedRange<Int>) -> UInt32 {
        (UInt32(2) << UInt32(dots.upperBound)) - (UInt32(1) << UInt32(dots.lowerBound))
    }

    /// From four dots upwards for the left column and four for the right one, to the order that Unicode has them in:
    /// the upper three of the left, the upper three of the right, then the two lowest.
    private static func inUnicode(_ bits: UInt32) -> UInt32 {
        func upper(_ dots: UInt32) -> UInt32 { (dots >> 3 & 1) | (dots >> 1 & 2) | (dots << 1 & 4) }
        return upper(bits) | upper(bits >> 4) << 3 | (bits & 1) << 6 | (bits >> 4 & 1) << 7
    }

    private func block(column: Int, bottom: Int) -> Unicode.Scalar? {
        guard let set = set(column, bottom) else { return nil }
        if filled { return Unicode.Scalar(0x2580 + UInt32(set.count)) }
        return set.count == 2 ? "█" : set.lowerBound == 0 ? "▄" : "▀"
    }

    private func ascii(column: Int, bottom: Int) -> Unicode.Scalar? {
        guard let set = set(column, bottom) else { return nil }
        if filled { return set.count == 2 ? "#" : "." }
        if order > 0 { return (["*", "+", "o"] as [Unicode.Scalar])[(order - 1) % 3] }
        return set.count == 2 ? ":" : set.lowerBound == 0 ? "." : "'"
    }
}
