import Foundation
import GRDB

/// Where landed orders are kept.
public protocol OrderStore: Sendable {
    /// Lands events in one transaction: each that is newer than what its order has; the others are dropped.
    func land(_ events: [OrderEvent]) throws -> [VersionVerdict]
    /// Notes in a transaction of its own that a step after the landing was done for a message.
    func note(step: String, message: Int) throws
}

/// Where orders land: SQLite in WAL mode with `synchronous=FULL`, so that each commit is on the disk when it returns.
public struct OrderDatabase: OrderStore {
    private let pool: DatabasePool
    /// Landings kept before old ones are removed.
    private let keep: Int

    /// Creates or opens the database file.
    ///
    /// - Parameter keep: landings kept; older ones go, so that a demonstration left alone does not fill the disk.
    public init(path: String, keep: Int = 2_000_000) throws {
        self.keep = keep
        var configuration = Configuration()
        // Somebody else may hold the file for a while: a commit waits then, as it would at a server.
        configuration.busyMode = .timeout(60)
        pool = try DatabasePool(path: path, configuration: configuration)
        // After the pool is open: GRDB sets NORMAL with the WAL mode, under which a commit does not wait for the disk.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS orders (
                        id INTEGER PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, cents INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS landings (
                        message INTEGER NOT NULL, order_id INTEGER NOT NULL, version INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS steps (name TEXT PRIMARY KEY, message INTEGER NOT NULL);
                    """)
        }
    }

    public func land(_ events: [OrderEvent]) throws -> [VersionVerdict] {
        try pool.write { database in
            let version = try database.cachedStatement(sql: "SELECT version FROM orders WHERE id = ?")
            let upsert = try database.cachedStatement(
                sql: """
                    INSERT INTO orders (id, version, state, cents) VALUES (?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state
                    """)
            let landing = try database.cachedStatement(
                sql: "INSERT INTO landings (message, order_id, version) VALUES (?, ?, ?)")
            try prune(database)
            return try events.map { event in
                let landed = try Int.fetchOne(version, arguments: [event.order])
                let verdict = VersionVerdict(version: event.version, landed: landed)
                if verdict == .land {
                    try upsert.execute(arguments: [event.order, event.version, event.state.rawValue, event.cents])
                    try landing.execute(arguments: [event.number, event.order, event.version])
                }
                return verdict
            }
        }
    }

    /// Removes the oldest landings, and the orders that ended before them, a few at a time.
    private func prune(_ database: Database) throws {
        guard let newest = try Int.fetchOne(database, sql: "SELECT MAX(rowid) FROM landings"), newest > keep,
            let oldest = try Int.fetchOne(database, sql: "SELECT MIN(rowid) FROM landings"), oldest <= newest - keep
        else { return }
        let end = min(newest - keep, oldest + 100)
        try database.execute(
            sql: """
                DELETE FROM orders WHERE version = ? AND id IN
                    (SELECT order_id FROM landings WHERE rowid <= ? AND version = ?)
                """, arguments: [OrderEvent.versions, end, OrderEvent.versions])
        try database.execute(sql: "DELETE FROM landings WHERE rowid <= ?", arguments: [end])
    }

    public func note(step: String, message: Int) throws {
        try pool.write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO steps (name, message) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET message = excluded.message
                    """)
            try statement.execute(arguments: [step, message])
        }
    }

    /// What the file really holds, to be compared with what was counted.
    public struct Contents: Sendable, Equatable {
        /// Events landed, those removed since included.
        public var landings: Int
        /// Of these, versions of an order that landed more than once.
        public var twice: Int
        /// Orders whose row is not the newest version that landed.
        public var stale: Int
    }

    public func contents() throws -> Contents {
        try pool.read { database in
            func number(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
            return Contents(
                landings: try number("SELECT IFNULL(MAX(rowid), 0) FROM landings"),
                twice: try number(
                    "SELECT COUNT(*) - (SELECT COUNT(*) FROM (SELECT DISTINCT order_id, version FROM landings)) "
                        + "FROM landings"),
                stale: try number(
                    "SELECT COUNT(*) FROM orders JOIN (SELECT order_id, MAX(version) AS newest FROM landings "
                        + "GROUP BY order_id) ON order_id = id WHERE version <> newest"))
        }
    }

    /// Orders whose version is not the one that is wanted, of those wanted.
    func count(unlike wanted: [Int64: Int]) throws -> Int {
        try pool.read { database in
            let version = try database.cachedStatement(sql: "SELECT version FROM orders WHERE id = ?")
            return try wanted.count { try Int.fetchOne(version, arguments: [$0.key]) != $0.value }
        }
    }

    /// Landings that are in the file now.
    func keptLandings() throws -> Int {
        try pool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM landings") ?? 0 }
    }

    /// Lands an event whatever its version: what a landing without a check would do.
    func landUnchecked(_ event: OrderEvent) throws {
        try pool.write { database in
            try database.execute(
                sql: "INSERT INTO landings (message, order_id, version) VALUES (?, ?, ?)",
                arguments: [event.number, event.order, event.version])
        }
    }

    /// SQLite's `synchronous` of the connection that commits: 2 is FULL.
    func synchronousMode() throws -> Int {
        try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Seconds that a commit takes here: the median of some real ones.
    public func measureCommit(rounds: Int = 200) throws -> Double {
        var seconds: [Double] = []
        for round in 0..<rounds {
            let start = monotonicSeconds()
            try note(step: "calibration", message: round)
            seconds.append(monotonicSeconds() - start)
        }
        return seconds.sorted()[rounds / 2]
    }

    public func close() throws { try pool.close() }
}
