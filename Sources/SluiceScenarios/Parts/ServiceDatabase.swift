import GRDB

/// Opens a service's own SQLite file, each commit of which is on the disk when it returns (WAL, `synchronous=FULL`).
///
/// - Parameter schema: statements that make the tables where they are missing.
func openServiceDatabase(_ path: String, schema: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(10)
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    // After it is open: GRDB sets NORMAL with the WAL mode, under which a commit does not wait for the disk.
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    try queue.write { try $0.execute(sql: schema) }
    return queue
}

extension DatabaseQueue {
    /// The one number that a query gives; 0 where it gives none.
    func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try read { try Int.fetchOne($0, sql: sql, arguments: arguments) ?? 0 }
    }
}
