import GRDB

/// What the payment service knows of its orders: a SQLite file of its own. Each change is one local transaction, and two
/// instances of the service share the file.
struct PaymentLedger: Sendable {
    enum State: String, Sendable {
        /// Taken, and not paid yet.
        case new
        case paid
        /// It will never be paid.
        case failed
        /// Paid at the bank, whose answer is still out.
        case waiting
        /// Nobody but a person can say how it ended.
        case disputed
    }
    private let database: DatabaseQueue
    private static let customers = 64

    init(path: String) throws {
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS orders (
                    id INTEGER PRIMARY KEY, state TEXT NOT NULL, customer INTEGER NOT NULL, cents INTEGER NOT NULL);
                CREATE INDEX IF NOT EXISTS by_state ON orders (state);
                CREATE TABLE IF NOT EXISTS accounts (
                    customer INTEGER PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0));
                """)
        try database.write { database in
            for customer in 0..<Self.customers {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO accounts VALUES (?, 1000000000000)", arguments: [customer])
            }
        }
    }

    /// Takes an order. One without cover costs more than any customer has: its payment fails.
    func takeOrder(isCovered: Bool = true) throws -> Int64 {
        try database.write { database in
            try database.execute(
                sql: "INSERT INTO orders (state, customer, cents) VALUES ('new', abs(random() % ?), ?)",
                arguments: [Self.customers, isCovered ? 1_999 : 2_000_000_000_000])
            return database.lastInsertedRowID
        }
    }

    /// The local transaction: takes the money and notes the order as paid, both or neither.
    ///
    /// - Parameter lastStep: runs before the commit, in the transaction.
    /// - Returns: false when the order was given up in the meantime.
    func pay(_ order: Int64, lastStep: () -> Void = {}) throws -> Bool {
        try database.write { database in
            try database.execute(
                sql: "UPDATE orders SET state = 'paid' WHERE id = ? AND state IN ('new', 'waiting')",
                arguments: [order])
            guard database.changesCount == 1 else { return false }
            try database.execute(
                sql: """
                    UPDATE accounts SET cents = accounts.cents - (SELECT cents FROM orders WHERE id = ?)
                    WHERE customer = (SELECT customer FROM orders WHERE id = ?)
                    """, arguments: [order, order])
            lastStep()
            return true
        }
    }

    /// Moves an order from one state to another. False when it was in none of these.
    @discardableResult
    func change(_ order: Int64, from states: [State], to state: State) throws -> Bool {
        try database.write { database in
            let marks = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            try database.execute(
                sql: "UPDATE orders SET state = ? WHERE id = ? AND state IN (\(marks))",
                arguments: [state.rawValue, order])
            return database.changesCount == 1
        }
    }

    func state(_ order: Int64) throws -> State? {
        try database.read { try String.fetchOne($0, sql: "SELECT state FROM orders WHERE id = ?", arguments: [order]) }
            .flatMap(State.init)
    }

    func count(_ states: State...) throws -> Int {
        try states.reduce(0) {
            try $0 + database.number("SELECT COUNT(*) FROM orders WHERE state = ?", [$1.rawValue])
        }
    }

    func orders(_ state: State) throws -> Set<Int64> {
        try database.read {
            try Int64.fetchSet($0, sql: "SELECT id FROM orders WHERE state = ?", arguments: [state.rawValue])
        }
    }

    func close() throws { try database.close() }
}
