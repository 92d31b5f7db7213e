/// A column of a table.
struct Column {
    enum Alignment { case left, right }
    var title: String
    var width: Int
    var alignment: Alignment
    /// Columns with the largest number go first when it is narrow; 0 always stays.
    var priority: Int
    /// Takes so many shares of the width left over.
    var grow: Int
    /// At most so wide when it grows.
    var limit: Int
    /// The order that this column can stand for, shown by an arrow.
    var sort: SortKey?

    init(
        _ title: String, _ width: Int, _ alignment: Alignment = .left, priority: Int = 0, grow: Int = 0,
        limit: Int = .max, sort: SortKey? = nil
    ) {
        self.title = title
        self.width = width
        self.alignment = alignment
        self.priority = priority
        self.grow = grow
        self.limit = limit
        self.sort = sort
    }
}

/// Columns laid out in a width, and rows drawn into them.
struct Table {
    private let columns: [Column]
    /// Where each column goes; nil for one that there is no room for.
    private let places: [(x: Int, width: Int)?]
    let rect: Rect
    static let gap = 2

    /// `indent` leaves room for marks in front of the first column.
    init(_ columns: [Column], in rect: Rect, indent: Int) {
        self.columns = columns
        self.rect = rect
        let room = max(0, rect.width - indent - 1)
        var shown = Array(columns.indices)
        func total() -> Int { shown.reduce(0) { $0 + columns[$1].width } + Table.gap * max(0, shown.count - 1) }
        while total() > room, let drop = shown.max(by: { columns[$0].priority < columns[$1].priority }),
            columns[drop].priority > 0
        {
            shown.removeAll { $0 == drop }
        }
        let widths = Self.widths(columns, shown, spare: room - total())
        var places: [(x: Int, width: Int)?] = Array(repeating: nil, count: columns.count)
        var x = rect.x + indent
        for (position, index) in shown.enumerated() {
            let width = max(0, min(widths[position], rect.maxX - x))
            places[index] = (x, width)
            x += width + Table.gap
        }
        self.places = places
    }

    private static func widths(_ columns: [Column], _ shown: [Int], spare: Int) -> [Int] {
        var widths = shown.map { columns[$0].width }
        var spare = spare
        var shares = shown.reduce(0) { $0 + columns[$1].grow }
        guard shares > 0 else { return widths }
        // Those with a limit first, so that what they leave goes to the others.
        for position in shown.indices.sorted(by: { columns[shown[$0]].limit < columns[shown[$1]].limit }) {
            let column = columns[shown[position]]
            guard column.grow > 0, spare > 0 else { continue }
            let part = min(spare * column.grow / shares, max(0, column.limit - widths[position]))
            widths[position] += part
            spare -= part
            shares -= column.grow
        }
        return widths
    }

    /// The width that a column has; 0 when it is left out.
    func width(_ title: String) -> Int {
        columns.firstIndex { $0.title == title }.flatMap { places[$0]?.width } ?? 0
    }

    func drawHeader(_ painter: inout Painter, y: Int, list: ListState? = nil) {
        painter.buffer.fill(Rect(x: rect.x, y: y, width: rect.width, height: 1), style: painter.style(.header))
        let before = painter.ground
        painter.ground = .header
        defer { painter.ground = before }
        for (column, place) in zip(columns, places) {
            guard let place else { continue }
            let isSorted = list?.sort != nil && list?.sort == column.sort
            let arrow = isSorted ? (list?.descending == true ? "↓" : "↑") : ""
            let name = tr(key: column.title)
            let title = column.alignment == .right ? arrow + name : name + arrow
            let role = isSorted ? Role.accent : .header
            if list != nil, let sort = column.sort {
                painter.clicks.add(.sort(sort), Rect(x: place.x, y: y, width: place.width, height: 1))
            }
            if column.alignment == .right {
                painter.putRight(title, right: place.x + place.width, y: y, width: place.width, role)
            } else {
                painter.put(title, x: place.x, y: y, width: place.width, role)
            }
        }
    }

    func draw(_ cells: [Span], _ painter: inout Painter, y: Int) {
        for (index, cell) in cells.enumerated() where index < places.count {
            guard let place = places[index] else { continue }
            if columns[index].alignment == .right {
                painter.putRight(cell.text, right: place.x + place.width, y: y, width: place.width, cell.role)
            } else {
                painter.put(cell.text, x: place.x, y: y, width: place.width, cell.role)
            }
        }
    }
}

extension ConsoleModel {
    /// Draws the rows that are visible, with selection and marks in front. `cells` makes those of one row.
    func drawRows(_ table: Table, _ painter: inout Painter, first: Int, count: Int, cells: (Row) -> [Span]) {
        let state = list
        for line in 0..<max(0, count) {
            let position = state.top + line
            guard rows.indices.contains(position) else { break }
            let row = rows[position]
            let y = first + line
            table.draw(cells(row), &painter, y: y)
            if state.marks.contains(row.id) { painter.put("✓", x: table.rect.x + 2, y: y, .marked) }
            if position == state.selected {
                painter.put("▸", x: table.rect.x, y: y, .accent)
                painter.select(Rect(x: table.rect.x, y: y, width: table.rect.width, height: 1))
            }
        }
    }
}
