import GRDB
import SluiceAPI
import SluiceMessage

/// An order that waits for its payment.
struct UnpaidOrder: Sendable, Equatable {
    var id: Int64
    /// Epoch ms at which it is cancelled unless it is paid.
    var due: Int64
    /// Counts the messages sent for it: what an older one says does not hold any more.
    var attempt: Int
    /// The message that waits for its moment, as its receipt named it.
    var message: String
    var isExact: Bool
}

/// What came when an order's time was over.
struct OrderTimeout: Sendable {
    var order: Int64
    var attempt: Int
    /// Where the broker delivered it: two places for one attempt are two deliveries.
    var place: String

    init(order: Int64, attempt: Int, place: String) {
        self.order = order
        self.attempt = attempt
        self.place = place
    }

    /// Nil when the body is no timeout of ours.
    init?(_ message: StoredMessage) {
        let words = String(decoding: message.body, as: UTF8.self).split(separator: " ")
        guard words.count == 2, let order = Int64(words[0]), let attempt = Int(words[1]) else { return nil }
        self.init(order: order, attempt: attempt, place: "\(message.queue):\(message.queueOffset)")
    }
}

/// The shop's orders in a SQLite file, and a diary of what happened to each: the run is judged by the diary.
struct UnpaidOrderBook: Sendable {
    private let database: DatabaseQueue

    init(path: String) throws {
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS orders (
                    id INTEGER PRIMARY KEY, state TEXT NOT NULL, due INTEGER NOT NULL, attempt INTEGER NOT NULL,
                    exact INTEGER NOT NULL, message TEXT NOT NULL DEFAULT '');
                CREATE INDEX IF NOT EXISTS open_orders ON orders (state, due);
                CREATE TABLE IF NOT EXISTS diary (order_id INTEGER NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS arrivals (
                    order_id INTEGER NOT NULL, attempt INTEGER NOT NULL, place TEXT NOT NULL, at INTEGER NOT NULL,
                    due INTEGER, state TEXT);
                """)
    }

    // MARK: What the shop does

    /// Notes a new order, before its timeout is published.
    func place(_ id: Int64, due: Int64, isExact: Bool) throws {
        try database.write { database in
            try database.execute(
                sql: "INSERT INTO orders (id, state, due, attempt, exact) VALUES (?, 'placing', ?, 1, ?)",
                arguments: [id, due, isExact])
        }
    }

    /// The order's timeout was acknowledged: from here on the broker owes it. It may have come already.
    func placed(_ id: Int64, message: String) throws {
        try database.write { database in
            try database.execute(
                sql: "UPDATE orders SET message = ?, state = IIF(state = 'placing', 'open', state) WHERE id = ?",
                arguments: [message, id])
        }
    }

    /// The order's timeout could not be published: there is no order then.
    func refused(_ id: Int64) throws {
        try database.write { database in
            try database.execute(
                sql: "UPDATE orders SET state = 'refused' WHERE id = ? AND state = 'placing'", arguments: [id])
        }
    }

    /// Ends an open order as `paid`, or as `withdrawn` by its customer. False when it was not open any more.
    func close(_ id: Int64, as state: String, at now: Int64) throws -> Bool {
        try database.write { database in
            try database.execute(
                sql: "UPDATE orders SET state = ? WHERE id = ? AND state = 'open'", arguments: [state, id])
            guard database.changesCount == 1 else { return false }
            try Self.note(id, state, now, database)
            return true
        }
    }

    /// The broker took a withdrawal of the order's timeout: it must not come any more.
    func revoked(_ id: Int64, at now: Int64) throws {
        try database.write { try Self.note(id, "revoked", now, $0) }
    }

    /// Gives an open order a later moment; with a message of its own where the first one could not be moved.
    func extend(_ id: Int64, due: Int64, message: String?, at now: Int64) throws {
        try database.write { database in
            try database.execute(
                sql: """
                    UPDATE orders SET due = ?, attempt = attempt + ?, message = IFNULL(?, message)
                    WHERE id = ? AND state = 'open'
                    """, arguments: [due, message == nil ? 0 : 1, message, id])
            if database.changesCount == 1 { try Self.note(id, "extended", now, database) }
        }
    }

    /// What a timeout does: an order that is still open is cancelled, any other stays as it is.
    func settle(_ timeout: OrderTimeout, at now: Int64) throws {
        try database.write { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT state, due, attempt FROM orders WHERE id = ?", arguments: [timeout.order])
            let state: String? = row?["state"]
            let isCurrent = row?["attempt"] == timeout.attempt
            let due: Int64? = isCurrent ? row?["due"] : nil
            try database.execute(
                sql: "INSERT INTO arrivals VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [timeout.order, timeout.attempt, timeout.place, now, due, state])
            guard isCurrent, state == "open" || state == "placing" else { return }
            try database.execute(sql: "UPDATE orders SET state = 'cancelled' WHERE id = ?", arguments: [timeout.order])
            try Self.note(timeout.order, "cancelled", now, database)
        }
    }

    /// Cancels an order whatever its state: what a consumer without a check would do.
    func cancelUnchecked(_ timeout: OrderTimeout, at now: Int64) throws {
        try settle(timeout, at: now)
        try database.write { try Self.note(timeout.order, "cancelled", now, $0) }
    }

    private static func note(_ id: Int64, _ what: String, _ now: Int64, _ database: Database) throws {
        try database.execute(sql: "INSERT INTO diary VALUES (?, ?, ?)", arguments: [id, what, now])
    }

    // MARK: What it holds

    /// Open orders, the soonest due first.
    func open(limit: Int) throws -> [UnpaidOrder] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM orders WHERE state = 'open' ORDER BY due LIMIT ?", arguments: [limit]
            ).map {
                UnpaidOrder(
                    id: $0["id"], due: $0["due"], attempt: $0["attempt"], message: $0["message"], isExact: $0["exact"])
            }
        }
    }

    func order(_ id: Int64) throws -> UnpaidOrder? {
        try database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM orders WHERE id = ? AND state = 'open'", arguments: [id])
                .map {
                    UnpaidOrder(
                        id: $0["id"], due: $0["due"], attempt: $0["attempt"], message: $0["message"],
                        isExact: $0["exact"])
                }
        }
    }

    /// Judges the book at a moment (epoch ms): an order that is open although its time is over is lost.
    ///
    /// - Parameter outage: epoch ms between which no broker was there: what was due then counts for no lateness.
    func totals(at now: Int64, without outage: ClosedRange<Int64>? = nil) throws -> DelayTotals {
        var totals = DelayTotals()
        for (state, path) in DelayTotals.states {
            totals[keyPath: path] = try database.number("SELECT COUNT(*) FROM orders WHERE state = ?", [state])
        }
        totals.extended = try database.number("SELECT COUNT(*) FROM diary WHERE what = 'extended'")
        totals.revoked = try database.number("SELECT COUNT(*) FROM diary WHERE what = 'revoked'")
        totals.lost = try database.number("SELECT COUNT(*) FROM orders WHERE state = 'open' AND due <= ?", [now])
        totals.early = try database.number("SELECT COUNT(*) FROM arrivals WHERE at < due")
        totals.cancelledTwice = try database.number(
            "SELECT COUNT(*) - COUNT(DISTINCT order_id) FROM diary WHERE what = 'cancelled'")
        totals.deliveredTwice = try database.number(
            """
            SELECT IFNULL(SUM(places - 1), 0) FROM
                (SELECT COUNT(DISTINCT place) AS places FROM arrivals GROUP BY order_id, attempt)
            """)
        totals.paidCancelled = try database.number(
            """
            SELECT COUNT(DISTINCT order_id) FROM diary WHERE what = 'cancelled'
                AND order_id IN (SELECT order_id FROM diary WHERE what = 'paid')
            """)
        totals.revokedArrived = try database.number(
            """
            SELECT COUNT(*) FROM arrivals JOIN diary ON diary.order_id = arrivals.order_id
                WHERE what = 'revoked' AND arrivals.at > diary.at
            """)
        let lateness = try database.read {
            try Int64.fetchAll(
                $0,
                sql: "SELECT at - due FROM arrivals WHERE due IS NOT NULL AND at >= due AND due NOT BETWEEN ? AND ?",
                arguments: [outage?.lowerBound ?? 0, outage?.upperBound ?? -1])
        }
        for milliseconds in lateness { totals.lateness.add(microseconds: milliseconds * 1000) }
        return totals
    }

    func close() throws { try database.close() }
}
