import GRDB

/// A time series: lines by window of ten seconds, stream and level. What comes late is counted in its own window.
struct CountSink: LogSink {
    private let database: DatabaseQueue

    init(path: String) throws {
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS series (
                    window TEXT NOT NULL, stream TEXT NOT NULL, level TEXT NOT NULL, lines INTEGER NOT NULL,
                    hash INTEGER NOT NULL, PRIMARY KEY (window, stream, level)) WITHOUT ROWID;
                """)
    }

    private struct Cell: Hashable {
        var window: String
        var stream: String
        var level: String
    }

    func take(_ batches: [LogBatch]) throws -> Int {
        try database.write { database in
            var repeats = 0
            var cells: [Cell: LineSum] = [:]
            for batch in batches {
                try database.execute(sql: "INSERT OR IGNORE INTO batches VALUES (?)", arguments: [batch.id])
                guard database.changesCount == 1 else {
                    repeats += 1
                    continue
                }
                for line in batch.lines { cells[Self.cell(line, batch.stream), default: LineSum()].add(line) }
            }
            for (cell, sum) in cells { try Self.add(sum, to: cell, database) }
            return repeats
        }
    }

    private static func add(_ sum: LineSum, to cell: Cell, _ database: Database) throws {
        let key: StatementArguments = [cell.window, cell.stream, cell.level]
        let row = try Row.fetchOne(
            database, sql: "SELECT lines, hash FROM series WHERE window = ? AND stream = ? AND level = ?",
            arguments: key)
        let old = row.map { LineSum(lines: $0["lines"], hash: UInt64(bitPattern: $0["hash"] as Int64)) } ?? LineSum()
        let new = old + sum
        try database.execute(
            sql: "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?)",
            arguments: [cell.window, cell.stream, cell.level, new.lines, Int64(bitPattern: new.hash)])
    }

    /// The window is the time but for its last digit of seconds; a line without a time has the window of its own kind.
    private static func cell(_ line: [UInt8], _ stream: String) -> Cell {
        let words = String(decoding: line.prefix(64), as: UTF8.self).split(separator: " ", maxSplits: 3)
        guard words.count > 2, words[0].utf8.count == 24 else {
            return Cell(window: "none", stream: stream, level: "none")
        }
        return Cell(window: words[0].prefix(18) + "0Z", stream: stream, level: String(words[2]))
    }

    /// The newest windows, as `15:51:00 error 12`, of one level.
    func newest(level: String, limit: Int) throws -> [(window: String, lines: Int)] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT window, SUM(lines) AS sum FROM series WHERE level = ? GROUP BY window
                    ORDER BY window DESC LIMIT ?
                    """, arguments: [level, limit]
            ).map { ($0["window"], $0["sum"]) }
        }
    }

    func count() throws -> Int { try database.number("SELECT SUM(lines) FROM series") }

    func sum() throws -> LineSum {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT lines, hash FROM series").reduce(LineSum()) {
                $0 + LineSum(lines: $1["lines"], hash: UInt64(bitPattern: $1["hash"] as Int64))
            }
        }
    }

    func close() throws { try database.close() }
}
