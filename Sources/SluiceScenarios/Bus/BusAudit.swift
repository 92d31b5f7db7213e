import Foundation
import GRDB

/// Looks into the services' databases from outside, and only reads.
struct BusAudit {
    let folder: String

    struct Findings: Sendable, Equatable {
        var settled = 0
        /// Orders placed and not settled in the table; orders in the table that nobody placed.
        var missing = 0
        var unknown = 0
        var tickets = 0
        /// Tickets beyond the first for a bet, and bets of settled orders that have none.
        var twice = 0
        var untold = 0
        /// Settled orders whose prize is not what their numbers win.
        var wrong = 0
        var letters = 0
    }

    /// - Parameter doubtful: orders that may be there or not, since no answer came when they were placed.
    func findings(placed: Set<Int>, doubtful: Set<Int> = []) throws -> Findings {
        var found = Findings()
        var settled: Set<Int> = []
        try read("dispatch") { database in
            for row in try Row.fetchAll(database, sql: "SELECT id, bets, state, won FROM orders") {
                let (id, bets): (Int, Int) = (row["id"], row["bets"])
                if !placed.contains(id), !doubtful.contains(id) { found.unknown += 1 }
                guard row["state"] == "settled" else { continue }
                settled.insert(id)
                let won = (1...max(1, bets)).reduce(0) {
                    $0 + LotteryEvent.prize(of: LotteryEvent.number(order: id, bet: $1))
                }
                if row["won"] != won { found.wrong += 1 }
            }
            found.untold =
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT IFNULL(SUM(bets - (SELECT COUNT(*) FROM tickets WHERE order_id = id)), 0) FROM orders
                        WHERE state = 'settled'
                        """) ?? 0
        }
        found.settled = settled.count
        found.missing = placed.subtracting(settled).count
        try read("terminal") { database in
            found.tickets = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM issued") ?? 0
            let bets = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM (SELECT DISTINCT order_id, bet FROM issued)")
            found.twice = found.tickets - (bets ?? 0)
        }
        found.letters = try letters()
        return found
    }

    func letters() throws -> Int {
        var letters = 0
        try read("mailer") { letters = try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM letters") ?? 0 }
        return letters
    }

    /// Nothing where the service has made no database yet.
    private func read(_ name: String, _ body: (Database) throws -> Void) throws {
        let path = "\(folder)/\(name).sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return }
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        let database = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? database.close() }
        try database.read { try body($0) }
    }
}
