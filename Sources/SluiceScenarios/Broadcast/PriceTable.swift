import GRDB
import SluiceAPI
import SluiceClient
import SluiceMessage

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
struct PriceTable: Sendable {
    private let database: DatabaseQueue
    private let producer: Producer
    private let topic: String

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
    func change(city: Int, cents: Int) throws -> PriceChange {
        let version = try database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO prices (city, version, cents) VALUES (?, 1, ?)
                    ON CONFLICT (city) DO UPDATE SET version = version + 1, cents = excluded.cents
                    """, arguments: [city, cents])
            return try Int.fetchOne(database, sql: "SELECT version FROM prices WHERE city = ?", arguments: [city]) ?? 0
        }
        let change = PriceChange(city: city, version: version, cents: cents)
        try producer.sendAll([
            Message(topic: topic, body: change.body, keys: ["city-\(city)"], queue: city % 4)
        ])
        return change
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
