import Foundation
import GRDB
import Glibc
import SluiceAPI
import Synchronization

/// The other contrast: two-phase commit over four SQLite files. All agree, and all are locked until the slowest has
/// prepared and the coordinator has decided.
final class TwoPhaseCommit: Sendable {
    /// A service with its database and its log of what it has promised.
    private struct Participant: Sendable {
        let name: String
        let database: DatabaseQueue
        let prepared: DecisionLog
    }
    /// What the coordinator died of, for those who look after it.
    struct CoordinatorDied: Error {}

    private let participants: [Participant]
    private let decisions: DecisionLog
    private let nextOrder: Mutex<Int64>
    private static let names = ["payment", "logistics", "points", "cart"]

    /// Opens the four files and brings to an end what a coordinator left behind.
    init(folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        decisions = try DecisionLog(path: folder + "/coordinator.log")
        participants = try Self.names.map { name in
            Participant(
                name: name,
                database: try openServiceDatabase(
                    "\(folder)/\(name).sqlite",
                    schema: "CREATE TABLE IF NOT EXISTS effects (order_id INTEGER PRIMARY KEY)"),
                prepared: try DecisionLog(path: "\(folder)/\(name).prepared"))
        }
        nextOrder = Mutex((try participants[0].prepared.orders().max() ?? 0) + 1)
        try recover()
    }

    /// Pays an order in all four files, or in none.
    ///
    /// - Parameter diesAfterDecision: the coordinator is gone once its decision is on the disk: no file has committed.
    /// - Returns: seconds that the first file was locked.
    func pay(diesAfterDecision: Bool = false) throws -> Double {
        let order = nextOrder.withLock { next in
            defer { next += 1 }
            return next
        }
        var lockedAt = 0.0
        try prepare(order, participants[...]) {
            lockedAt = monotonicSeconds()
        } decide: {
            try self.decisions.append(order)
            if diesAfterDecision { throw CoordinatorDied() }
        }
        return monotonicSeconds() - lockedAt
    }

    /// Phase one, file by file, each locked until all behind it are done; phase two on the way back.
    private func prepare(
        _ order: Int64, _ rest: ArraySlice<Participant>, locked: () -> Void, decide: () throws -> Void
    ) throws {
        guard let participant = rest.first else { return try decide() }
        try participant.database.writeWithoutTransaction { database in
            try database.beginTransaction(.immediate)
            locked()
            do {
                try database.execute(sql: "INSERT INTO effects VALUES (?)", arguments: [order])
                // From here on it has promised: a vote that is not on the disk is none.
                try participant.prepared.append(order)
                try prepare(order, rest.dropFirst(), locked: {}, decide: decide)
                try database.commit()
            } catch {
                try database.rollback()
                throw error
            }
        }
    }

    /// Ends what was prepared and decided but not committed. What was not decided is not done anywhere.
    func recover() throws {
        let decided = Set(try decisions.orders())
        for participant in participants {
            let promised = decided.intersection(try participant.prepared.orders())
            try participant.database.write { database in
                for order in promised {
                    try database.execute(sql: "INSERT OR IGNORE INTO effects VALUES (?)", arguments: [order])
                }
            }
        }
    }

    func consistency() throws -> Consistency {
        let effects = try participants.map { participant in
            try participant.database.read { try Int64.fetchAll($0, sql: "SELECT order_id FROM effects") }
        }
        return Consistency.measure(
            paid: Set(effects[0]), [(.logistics, effects[1]), (.points, effects[2]), (.cart, effects[3])])
    }

    func close() {
        for participant in participants {
            try? participant.database.close()
            participant.prepared.close()
        }
        decisions.close()
    }
}

/// A log of order numbers, each of which is on the disk when it is appended.
final class DecisionLog: Sendable {
    private let file: Int32
    private let path: String

    init(path: String) throws {
        self.path = path
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw APIError(.failed, "cannot open the log \(path): \(String(cString: strerror(errno)))")
        }
    }

    func append(_ order: Int64) throws {
        let line = Array("\(order)\n".utf8)
        guard write(file, line, line.count) == line.count, fdatasync(file) == 0 else {
            throw APIError(.failed, "cannot write the log \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// A torn last line is no entry.
    func orders() throws -> [Int64] {
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let whole = text.lastIndex(of: "\n").map { text[..<$0] } ?? ""
        return whole.split(separator: "\n").compactMap { Int64($0) }
    }

    func close() { Glibc.close(file) }
}
