import GRDB

/// Full-text search: every line in an FTS5 table of SQLite.
struct SearchSink: LogSink {
    private let database: DatabaseQueue

    init(path: String) throws {
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, lines INTEGER NOT NULL) WITHOUT ROWID;
                CREATE VIRTUAL TABLE IF NOT EXISTS lines USING fts5 (text);
                """)
    }

    func take(_ batches: [LogBatch]) throws -> Int {
        try database.write { database in
            let note = try database.cachedStatement(sql: "INSERT OR IGNORE INTO batches VALUES (?, ?)")
            let insert = try database.cachedStatement(sql: "INSERT INTO lines VALUES (?)")
            var repeats = 0
            for batch in batches {
                try note.execute(arguments: [batch.id, batch.lines.count])
                guard database.changesCount == 1 else {
                    repeats += 1
                    continue
                }
                for line in batch.lines { try insert.execute(arguments: [String(decoding: line, as: UTF8.self)]) }
            }
            return repeats
        }
    }

    /// Lines that match, at most 1,000, and the newest of them. The query is FTS5's: words, `AND`, `OR`, `"a phrase"`.
    func search(_ query: String) throws -> (hits: Int, newest: String?) {
        try database.read { database in
            let hits = try Int.fetchOne(
                database,
                sql: "SELECT COUNT(*) FROM (SELECT 1 FROM lines WHERE lines MATCH ? LIMIT 1000)", arguments: [query])
            let newest = try String.fetchOne(
                database, sql: "SELECT text FROM lines WHERE lines MATCH ? ORDER BY rowid DESC LIMIT 1",
                arguments: [query])
            return (hits ?? 0, newest)
        }
    }

    func count() throws -> Int { try database.number("SELECT SUM(lines) FROM batches") }

    func sum() throws -> LineSum {
        try database.read { database in
            var sum = LineSum()
            let rows = try String.fetchCursor(database, sql: "SELECT text FROM lines")
            while let text = try rows.next() { sum.add(text.utf8) }
            return sum
        }
    }

    func close() throws { try database.close() }
}
