/// A screen that is a table with, where there is room, a panel that says all of the selected row.
struct ListScreen<Item: Sendable> {
    var title: String
    var items: [Item]
    var columns: [Column]
    /// What stands in place of rows when there are none at all.
    var whenEmpty: String
    /// Behind the title, as the age of the data.
    var trailing: [Span] = []

    /// Draws it into an area; `fetched` says why there is nothing.
    func draw<Value>(
        _ model: ConsoleModel, _ fetched: Fetched<Value>, _ rect: Rect, _ painter: inout Painter,
        cells: (Item) -> [Span], detail: (Item, Rect, inout Painter) -> Void = { _, _, _ in }
    ) {
        painter.rule(rect, title, trailing: trailing.isEmpty ? model.staleMark(fetched) : trailing)
        let table = Table(columns, in: rect, indent: 4)
        table.drawHeader(&painter, y: rect.y + 1, list: model.list)
        if model.rows.isEmpty {
            return model.drawEmpty(
                fetched, &painter, rect, whenEmpty: items.isEmpty ? whenEmpty : model.nothingPasses)
        }
        let height = model.screen.detailHeight(rect.height)
        model.drawNote(&painter, Rect(x: rect.x, y: rect.y, width: rect.width, height: rect.height - height))
        model.drawRows(
            table, &painter, first: rect.y + 2, count: rect.height - 2 - height - model.noteLines
        ) { row in
            items.indices.contains(row.index) ? cells(items[row.index]) : []
        }
        guard height > 0, let row = model.selectedRow, items.indices.contains(row.index) else { return }
        let area = Rect(x: rect.x, y: rect.maxY - height, width: rect.width, height: height)
        detail(items[row.index], area, &painter)
    }
}

extension Screen {
    /// Lines below the list, of a content area so high, that say all of the selected row.
    func detailHeight(_ height: Int) -> Int {
        guard height >= 18 else { return 0 }
        return switch self {
        case .transactions: 6 + TransactionsScreen.checksHeight(height)
        case .deadLetters: 3
        case .clients: 4
        case .brokers: 6
        case .audit: 7
        default: 0
        }
    }
}

extension Painter {
    /// Labels and values below each other, as panels of details have them; what does not fit is left out.
    mutating func pairs(_ lines: [(String, [Span])], in rect: Rect, label: Int = 10) {
        for (index, line) in lines.enumerated() where index < rect.height {
            put(line.0, x: rect.x + 4, y: rect.y + index, width: label, .dim)
            put(line.1, x: rect.x + 4 + label, y: rect.y + index, width: rect.width - label - 5)
        }
    }
}
