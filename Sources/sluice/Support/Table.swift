import SluiceConsole

/// Rows for people: columns as wide as their widest cell, nothing that could steer a terminal.
struct Table {
    enum Alignment { case left, right }
    struct Column {
        var title: String
        var alignment: Alignment
        init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }
    var columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [String]) { rows.append(cells.map { TextSanitiser.sanitise($0) }) }

    func text() -> String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { index in lines.map { DisplayWidth.of($0[index]) }.max() ?? 0 }
        return lines.map { line in
            let cells = columns.indices.map { index in
                columns[index].alignment == .right
                    ? DisplayWidth.padLeft(line[index], to: widths[index])
                    : DisplayWidth.pad(line[index], to: widths[index])
            }
            var joined = cells.joined(separator: "  ")
            while joined.hasSuffix(" ") { joined.removeLast() }
            return joined + "\n"
        }.joined()
    }
}

/// A count with thousands separated, as `1,204,113`.
func grouped(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var result = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0 && (digits.count - index) % 3 == 0 { result.append(",") }
        result.append(digit)
    }
    return result
}
func grouped(_ value: Int) -> String { grouped(Int64(value)) }
