import GRDB
import SluiceAPI
import SluiceClient

/// The services of the lottery. Each has a database of its own, and speaks to the others over the bus only.
enum LotteryRole: String, Sendable, CaseIterable {
    case dispatch, splitter
    case ticketing
    case prizes
    /// Added while the others run: writes to customers whose order is settled.
    case mailer

    /// The service, ready to start.
    ///
    /// - Parameter isLying: for tests: a gateway that issues each tenth ticket twice.
    func service(
        _ connection: any Connection, topic: String, group: String, folder: String, isLying: Bool = false
    ) throws -> BusService {
        switch self {
        case .dispatch:
            let table = try OrderTable(path: folder + "/dispatch.sqlite")
            return try BusService(connection, topic: topic, group: group, hears: [.placed, .issued, .drawn]) {
                try table.take($0)
            }
        case .splitter:
            return try BusService(connection, topic: topic, group: group, hears: [.accepted]) { events in
                events.flatMap { event in (1...event.bets).map { event.next(.wanted, bet: $0) } }
            }
        case .ticketing:
            let terminal = try TicketTerminal(path: folder + "/terminal.sqlite", isLying: isLying)
            return try BusService(connection, topic: topic, group: group, hears: [.wanted]) { events in
                let numbers = try terminal.issue(events)
                return zip(events, numbers).map { $0.next(.issued, bet: $0.bet, value: $1) }
            }
        case .prizes:
            return try BusService(connection, topic: topic, group: group, hears: [.ticketed]) { events in
                events.map { event in
                    let won = (1...event.bets).reduce(0) {
                        $0 + LotteryEvent.prize(of: LotteryEvent.number(order: event.order, bet: $1))
                    }
                    return event.next(.drawn, value: won)
                }
            }
        case .mailer:
            let outbox = try Outbox(path: folder + "/mailer.sqlite")
            return try BusService(connection, topic: topic, group: group, hears: [.settled]) {
                try outbox.write($0)
                return []
            }
        }
    }
}

/// The order table: only the dispatch centre writes it.
struct OrderTable: Sendable {
    private let database: DatabaseQueue

    init(path: String) throws {
        database = try openService(path)
        try database.write {
            try $0.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS orders (
                        id INTEGER PRIMARY KEY, bets INTEGER NOT NULL, state TEXT NOT NULL, won INTEGER);
                    CREATE TABLE IF NOT EXISTS tickets (
                        order_id INTEGER NOT NULL, bet INTEGER NOT NULL, number INTEGER NOT NULL,
                        PRIMARY KEY (order_id, bet));
                    """)
        }
    }

    /// Notes a batch in one transaction, and says what follows from it. An event that comes again has the same answer.
    func take(_ events: [LotteryEvent]) throws -> [LotteryEvent] {
        try database.write { database in try events.compactMap { try Self.take($0, database) } }
    }

    private static func take(_ event: LotteryEvent, _ database: Database) throws -> LotteryEvent? {
        switch event.kind {
        case .placed:
            try database.execute(
                sql: "INSERT INTO orders (id, bets, state) VALUES (?, ?, 'accepted') ON CONFLICT DO NOTHING",
                arguments: [event.order, event.bets])
            return event.next(.accepted)
        case .issued:
            try database.execute(
                sql: "INSERT INTO tickets (order_id, bet, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [event.order, event.bet, event.value])
            let tickets = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM tickets WHERE order_id = ?", arguments: [event.order])
            guard tickets == event.bets else { return nil }
            try database.execute(
                sql: "UPDATE orders SET state = 'ticketed' WHERE id = ? AND state = 'accepted'",
                arguments: [event.order])
            return event.next(.ticketed)
        case .drawn:
            try database.execute(
                sql: "UPDATE orders SET state = 'settled', won = ? WHERE id = ?", arguments: [event.value, event.order])
            return event.next(.settled, value: event.value)
        case .accepted, .wanted, .ticketed, .settled: return nil
        }
    }
}

/// The lottery's terminal: gives out tickets, and knows what it gave out for a bet.
struct TicketTerminal: Sendable {
    private let database: DatabaseQueue
    private let isLying: Bool

    init(path: String, isLying: Bool) throws {
        self.isLying = isLying
        database = try openService(path)
        try database.write {
            try $0.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS issued (
                        order_id INTEGER NOT NULL, bet INTEGER NOT NULL, number INTEGER NOT NULL);
                    CREATE INDEX IF NOT EXISTS issued_by_bet ON issued (order_id, bet);
                    """)
        }
    }

    /// Numbers of the tickets, in the order of the events; who asks again gets the same ticket.
    func issue(_ events: [LotteryEvent]) throws -> [Int] {
        try database.write { database in
            try events.map { event in
                let known = try Int.fetchOne(
                    database, sql: "SELECT number FROM issued WHERE order_id = ? AND bet = ?",
                    arguments: [event.order, event.bet])
                if let known { return known }
                let number = LotteryEvent.number(order: event.order, bet: event.bet)
                for _ in 0..<(isLying && event.order % 10 == 9 ? 2 : 1) {
                    try database.execute(
                        sql: "INSERT INTO issued (order_id, bet, number) VALUES (?, ?, ?)",
                        arguments: [event.order, event.bet, number])
                }
                return number
            }
        }
    }
}

/// Letters to customers, one for an order.
struct Outbox: Sendable {
    private let database: DatabaseQueue

    init(path: String) throws {
        database = try openService(path)
        try database.write {
            try $0.execute(
                sql: "CREATE TABLE IF NOT EXISTS letters (order_id INTEGER PRIMARY KEY, won INTEGER NOT NULL)")
        }
    }

    func write(_ events: [LotteryEvent]) throws {
        try database.write { database in
            for event in events {
                try database.execute(
                    sql: "INSERT INTO letters (order_id, won) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    arguments: [event.order, event.value])
            }
        }
    }
}

/// A service's database file, which survives a kill, and waits while another process of the service writes.
func openService(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    return try DatabaseQueue(path: path, configuration: configuration)
}
