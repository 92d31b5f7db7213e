import Glibc

/// A screen of cells to draw on. Everything outside of it is clipped; halves of wide characters never stay behind.
public struct CellBuffer: Sendable, Equatable {
    public private(set) var size: Size
    /// Row by row.
    private var cells: [Cell]

    /// A blank buffer; a negative size counts as zero.
    public init(size: Size, style: Style = Style()) {
        self.size = Size(width: max(0, size.width), height: max(0, size.height))
        cells = Array(repeating: Cell(.space, style), count: self.size.width * self.size.height)
    }

    /// Out of range reads blank and ignores writes. A wide glyph also takes the cell to its right.
    public subscript(x: Int, y: Int) -> Cell {
        get { contains(x, y) ? cells[y * size.width + x] : .blank }
        set { put(newValue, x: x, y: y) }
    }

    /// One row for reading, left to right; empty when out of range.
    public func row(_ y: Int) -> ArraySlice<Cell> {
        guard y >= 0, y < size.height else { return [] }
        return cells[y * size.width..<(y + 1) * size.width]
    }

    /// True only if a row is the same in another buffer of this size. Compares bytes, and so may miss a row that is the
    /// same after all.
    public func isSurelySame(row y: Int, as other: CellBuffer) -> Bool {
        guard size == other.size, y >= 0, y < size.height else { return false }
        let stride = MemoryLayout<Cell>.stride
        let row = y * size.width * stride..<(y + 1) * size.width * stride
        return cells.withUnsafeBytes { mine in
            other.cells.withUnsafeBytes { theirs in
                guard let mine = mine.baseAddress, let theirs = theirs.baseAddress else { return true }
                return memcmp(mine + row.lowerBound, theirs + row.lowerBound, row.count) == 0
            }
        }
    }

    private func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && x < size.width && y >= 0 && y < size.height }

    /// Sets one cell and blanks the other half of any wide character that this cuts in two.
    private mutating func put(_ cell: Cell, x: Int, y: Int) {
        if contains(x, y) { put(cell, width: cell.glyph.width, x: x, y: y) }
    }

    /// The same for a place in range and a glyph of known width.
    @inline(__always)
    private mutating func put(_ cell: Cell, width: Int, x: Int, y: Int) {
        let index = y * size.width + x
        breakWide(at: index, x: x)
        if width == 1 {
            cells[index] = cell
            return
        }
        // A continuation, or a mark with nothing to stand on, is only ever written along with its base; and there must
        // be room for both halves.
        guard width == 2, x + 1 < size.width else {
            cells[index] = Cell(.space, cell.style)
            return
        }
        breakWide(at: index + 1, x: x + 1)
        cells[index] = cell
        cells[index + 1] = Cell(.continuation, cell.style)
    }

    @inline(__always)
    private mutating func breakWide(at index: Int, x: Int) {
        if cells[index].glyph.isContinuation, x > 0 { cells[index - 1].glyph = .space }
        if x + 1 < size.width, cells[index + 1].glyph.isContinuation { cells[index + 1].glyph = .space }
    }
}

// MARK: Text
extension CellBuffer {
    /// Writes sanitised text, clipped to `maxWidth` columns and to the buffer; wide characters are never cut in half.
    /// - Returns: columns used, those left of the buffer included.
    @discardableResult
    public mutating func write(_ text: String, x: Int, y: Int, maxWidth: Int = .max, style: Style) -> Int {
        guard y >= 0, y < size.height, maxWidth > 0, x < size.width else { return 0 }
        let end = maxWidth > size.width - x ? size.width : x + maxWidth
        var column = x
        /// Where the last base stands, for marks to join it.
        var base: Int?
        for scalar in text.unicodeScalars {
            guard let shown = TextSanitiser.replacement(for: scalar) else { continue }
            let width = DisplayWidth.of(shown)
            if width == 0 {
                if let base { combine(shown, x: base, y: y) }
                continue
            }
            if column + width > end { break }
            if column >= 0 {
                put(Cell(.scalar(shown), style), width: width, x: column, y: y)
                base = column
            } else if column + width > 0 {
                put(Cell(.space, style), x: 0, y: y)
            }
            column += width
        }
        return column - x
    }

    /// Writes text that ends before column `right`; what is too long loses its end.
    public mutating func writeRight(_ text: String, right: Int, y: Int, maxWidth: Int = .max, style: Style) {
        let width = min(DisplayWidth.of(text), max(0, maxWidth))
        write(DisplayWidth.clip(text, to: width), x: right - width, y: y, maxWidth: width, style: style)
    }

    private mutating func combine(_ mark: Unicode.Scalar, x: Int, y: Int) {
        let index = y * size.width + x
        switch cells[index].glyph {
        case .scalar(let base): cells[index].glyph = .cluster(base, mark, nil)
        case .cluster(let base, let first, nil): cells[index].glyph = .cluster(base, first, mark)
        case .cluster, .continuation: break
        }
    }
}

// MARK: Areas
extension CellBuffer {
    /// Blanks an area in this style.
    public mutating func fill(_ rect: Rect, style: Style) { fill(rect, with: .space, style: style) }

    /// Fills an area with one glyph of width 1.
    public mutating func fill(_ rect: Rect, with glyph: Glyph, style: Style) {
        let area = rect.intersection(Rect(size))
        guard !area.isEmpty else { return }
        let cell = Cell(glyph.width == 1 ? glyph : .space, style)
        for y in area.y..<area.maxY {
            let row = y * size.width
            breakWide(at: row + area.x, x: area.x)
            breakWide(at: row + area.maxX - 1, x: area.maxX - 1)
            for index in row + area.x..<row + area.maxX { cells[index] = cell }
        }
    }

    /// Changes the style of what stands in an area and leaves its glyphs.
    public mutating func restyle(_ rect: Rect, _ transform: (Style) -> Style) {
        let area = rect.intersection(Rect(size))
        for y in area.y..<max(area.y, area.maxY) {
            for index in y * size.width + area.x..<y * size.width + max(area.x, area.maxX) {
                cells[index].style = transform(cells[index].style)
            }
        }
    }

    /// Copies another buffer onto this one with its top left cell at `x`, `y`.
    public mutating func blit(_ other: CellBuffer, x: Int, y: Int) {
        for row in 0..<other.size.height {
            for column in 0..<other.size.width {
                let cell = other[column, row]
                if !cell.glyph.isContinuation { put(cell, x: x + column, y: y + row) }
            }
        }
    }
}

// MARK: Snapshots
extension CellBuffer {
    /// The rows joined by newlines, trailing spaces trimmed.
    public func text() -> String {
        lines { line, cell in cell.glyph.append(to: &line) }
    }

    /// The styles as one character a cell, trailing spaces trimmed: the colour layer of a snapshot.
    public func styleLayer(_ name: (Style) -> Character) -> String {
        lines { line, cell in line.append(contentsOf: name(cell.style).unicodeScalars) }
    }

    private func lines(_ append: (inout String.UnicodeScalarView, Cell) -> Void) -> String {
        (0..<size.height).map { y in
            var line = String.UnicodeScalarView()
            for cell in row(y) { append(&line, cell) }
            let end = line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex
            return String(line[..<end])
        }
        .joined(separator: "\n")
    }
}
