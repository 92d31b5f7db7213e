import GRDB
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// A service behind the payment, with a SQLite file of its own: it hears of paid orders by message only. The same message
/// twice has one effect, since order and effect are noted in one transaction.
final class Downstream: Sendable {
    enum Work: String, Sendable, CaseIterable {
        case logistics, points, cart

        /// What is done for an order.
        var effect: String {
            switch self {
            case .logistics: "parcel handed over"
            case .points: "points credited"
            case .cart: "cart cleared"
            }
        }
    }
    let work: Work
    private let database: DatabaseQueue
    private let group: String
    private let isIdempotent: Bool
    private let accepts: @Sendable (Int64) -> Bool
    private let consumer = Mutex<PushConsumer?>(nil)
    private let repeated = Mutex(0)

    /// - Parameters:
    ///   - isIdempotent: false, in tests, does a message's work each time it comes.
    ///   - accepts: false, in tests, drops an order and says that all is well.
    init(
        _ work: Work, path: String, group: String, isIdempotent: Bool = true,
        accepts: @escaping @Sendable (Int64) -> Bool = { _ in true }
    ) throws {
        self.work = work
        self.group = group
        self.isIdempotent = isIdempotent
        self.accepts = accepts
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS seen (order_id INTEGER PRIMARY KEY);
                CREATE TABLE IF NOT EXISTS effects (order_id INTEGER NOT NULL, what TEXT NOT NULL);
                """)
    }

    var isRunning: Bool { consumer.withLock { $0 != nil } }
    /// Messages that came again and changed nothing.
    var repeats: Int { repeated.withLock { $0 } }

    func start(_ connection: any Connection, topic: String) throws {
        guard !isRunning else { return }
        let new = PushConsumer(connection, ConsumerOptions(group: group, threads: 1)) { [weak self] in
            self?.take($0) ?? .retryLater
        }
        try new.subscribe(topic)
        try new.start()
        consumer.withLock { $0 = new }
    }

    func stop() {
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
    }

    func take(_ messages: [StoredMessage]) -> ConsumeResult {
        do {
            try apply(messages.compactMap { Payments.order($0) })
            return .success
        } catch {
            return .retryLater
        }
    }

    /// Does the work for some orders in one transaction.
    func apply(_ orders: [Int64]) throws {
        let again = try database.write { database in
            var again = 0
            for order in orders where accepts(order) {
                try database.execute(sql: "INSERT OR IGNORE INTO seen VALUES (?)", arguments: [order])
                if database.changesCount == 0 {
                    again += 1
                    if isIdempotent { continue }
                }
                try database.execute(sql: "INSERT INTO effects VALUES (?, ?)", arguments: [order, work.effect])
            }
            return again
        }
        repeated.withLock { $0 += again }
    }

    func count() throws -> Int { try database.number("SELECT COUNT(*) FROM effects") }
    /// Orders that something was done for, as often as it was.
    func orders() throws -> [Int64] {
        try database.read { try Int64.fetchAll($0, sql: "SELECT order_id FROM effects") }
    }

    func close() throws {
        stop()
        try database.close()
    }
}

/// What a message of the payment service says.
enum Payments {
    /// Of our messages, the order that was paid; nil for a foreign body.
    static func order(_ message: StoredMessage) -> Int64? {
        Int64(String(decoding: message.body, as: UTF8.self))
    }

    static func order(_ half: HalfMessage) -> Int64? { Int64(String(decoding: half.bodyPeek, as: UTF8.self)) }

    static func key(_ order: Int64) -> String { "order-\(order)" }

    static func message(_ order: Int64, topic: String, half: Bool) -> Message {
        // Asked after a second: who died with the answer is not waited for any longer.
        let properties = half ? [Property(PropertyName.checkImmunity, "1")] : []
        return Message(
            topic: topic, body: Array(String(order).utf8), tag: "paid", keys: [key(order)],
            properties: properties)
    }
}

/// The counter that says whether all services agree on what was paid.
struct Consistency: Sendable, Equatable {
    var paid = 0
    var shipped = 0
    var points = 0
    var carts = 0
    /// Paid orders that a service knows nothing of, unpaid orders that it worked for, and work done again; over all
    /// services.
    var missing = 0
    var unpaid = 0
    var doubled = 0
    var isConsistent: Bool {
        missing == 0 && unpaid == 0 && doubled == 0 && [shipped, points, carts] == [paid, paid, paid]
    }
    var wrong: Int { missing + unpaid + doubled }

    /// Looks at what the files hold, order by order.
    static func measure(paid: Set<Int64>, _ services: [(Downstream.Work, [Int64])]) -> Consistency {
        var result = Consistency(paid: paid.count)
        for (work, orders) in services {
            let distinct = Set(orders)
            result[keyPath: work.path] = orders.count
            result.missing += paid.subtracting(distinct).count
            result.unpaid += distinct.subtracting(paid).count
            result.doubled += orders.count - distinct.count
        }
        return result
    }

    static func measure(_ ledger: PaymentLedger, _ services: [Downstream]) throws -> Consistency {
        measure(paid: try ledger.orders(.paid), try services.map { ($0.work, try $0.orders()) })
    }

    /// As `paid 10 = shipped 10 = points 10 = carts 10`, or with the services that differ.
    var text: String { "paid \(paid), shipped \(shipped), points \(points), carts \(carts)" }
}

extension Downstream.Work {
    var path: WritableKeyPath<Consistency, Int> {
        switch self {
        case .logistics: \.shipped
        case .points: \.points
        case .cart: \.carts
        }
    }
}
