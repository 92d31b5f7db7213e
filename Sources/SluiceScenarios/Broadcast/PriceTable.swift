import GRDB
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// A price as it changes: its version goes up by one each time.
struct PriceChange: Sendable, Equatable {
    var city: Int
    var version: Int
    var cents: Int

    var body: [UInt8] { Array("\(city) \(version) \(cents)".utf8) }

    init(city: Int, version: Int, cents: Int) {
        self.city = city
        self.version = version
        self.cents = cents
    }

    /// Nil for what is none of ours.
    init?(body: [UInt8]) {
        let numbers = String(decoding: body, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        self.init(city: numbers[0], version: numbers[1], cents: numbers[2])
    }
}

/// The prices of all cities: the database that is right, and the message that tells the caches.
final class PriceTable: Sendable {
    private let database: DatabaseQueue
    private let producer: Producer
    private let topic: String
    /// Changes that the database has and the broker has not yet, oldest first: they go out before any later one.
    private let pending = Mutex<[PriceChange]>([])

    init(_ connection: any Connection, topic: String, folder: String) throws {
        database = try DatabaseQueue(path: folder + "/prices.sqlite")
        try database.write {
            try $0.execute(
                sql: "CREATE TABLE prices (city INTEGER PRIMARY KEY, version INTEGER NOT NULL, cents INTEGER NOT NULL)")
        }
        producer = Producer(connection, ProducerOptions(group: "price-table"))
        self.topic = topic
    }

    /// Changes a price, then tells all who keep a copy. All changes of a city go through one queue, in their order.
    func change(city: Int, cents: Int) throws {
        let version = try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO prices (city, version, cents) VALUES (?, 1, ?)
                    ON CONFLICT (city) DO UPDATE SET version = version + 1, cents = excluded.cents
                    """, arguments: [city, cents])
            return try Int.fetchOne(database, sql: "SELECT version FROM prices WHERE city = ?", arguments: [city]) ?? 0
        }
        pending.withLock { $0.append(PriceChange(city: city, version: version, cents: cents)) }
        try sendPending()
    }

    /// Sends what no broker has taken yet. Called by one thread at a time.
    func sendPending() throws {
        let changes = pending.withLock { $0 }
        try producer.sendAll(
            changes.map {
                Message(topic: topic, body: $0.body, keys: ["city-\($0.city)"], queue: $0.city % 4)
            })
        pending.withLock { $0.removeFirst(changes.count) }
    }

    /// City and newest version with its price.
    func all() throws -> [Int: PriceChange] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT city, version, cents FROM prices").reduce(into: [:]) {
                $0[$1["city"]] = PriceChange(city: $1["city"], version: $1["version"], cents: $1["cents"])
            }
        }
    }

    func close() {
        producer.close()
        try? database.close()
    }
}
