import SluiceConsole

/// Which cells of a screen have to be sent again.
enum FrameDiff {
    /// A stretch of cells in one row, whole wide characters only.
    struct Run: Equatable {
        var y: Int
        var columns: Range<Int>
    }

    /// Runs of cells that differ, top to bottom and left to right. Both frames have the same size.
    static func runs(from old: CellBuffer, to new: CellBuffer) -> [Run] {
        var runs: [Run] = []
        for y in 0..<new.size.height where !new.isSurelySame(row: y, as: old) {
            let before = old.row(y)
            let after = new.row(y)
            guard before.count == after.count, before != after else { continue }
            appendRuns(from: before, to: after, y: y, into: &runs)
        }
        return runs
    }

    private static func appendRuns(
        from before: ArraySlice<Cell>, to after: ArraySlice<Cell>, y: Int, into runs: inout [Run]
    ) {
        let shift = before.startIndex - after.startIndex
        var index = after.startIndex
        while index < after.endIndex {
            guard before[index + shift] != after[index] else {
                index += 1
                continue
            }
            var start = index
            if after[start].glyph.isContinuation, start > after.startIndex { start -= 1 }
            while index < after.endIndex,
                before[index + shift] != after[index] || after[index].glyph.isContinuation
            {
                index += 1
            }
            runs.append(Run(y: y, columns: start - after.startIndex..<index - after.startIndex))
        }
    }
}
