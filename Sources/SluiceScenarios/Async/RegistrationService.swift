import GRDB
import NIOHTTP1
import NIOPosix
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// The registration endpoint: `POST /register` stores the user, leaves the SMS to a message, and answers.
///
/// `POST /register-and-wait` is how it would be without a queue: it calls the gateway before it answers.
final class RegistrationService: Sendable {
    private let users: DatabasePool
    private let producer: Producer
    private let topic: String
    private let adapter: SMSAdapter
    private let service = Mutex<HTTPService?>(nil)
    private let workers = NIOThreadPool(numberOfThreads: 8)
    /// Apart, so that those who wait do not keep the others waiting too.
    private let waiting = NIOThreadPool(numberOfThreads: 64)

    /// - Parameter adapter: for registrations that wait for their SMS.
    init(_ connection: any Connection, topic: String, folder: String, adapter: SMSAdapter) throws {
        users = try DatabasePool(path: folder + "/users.sqlite")
        try users.write {
            try $0.execute(sql: "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL)")
        }
        self.topic = topic
        self.adapter = adapter
        producer = Producer(connection, ProducerOptions(group: "registration"))
        workers.start()
        waiting.start()
        let new = try HTTPService { [weak self] exchange in self?.take(exchange) }
        service.withLock { $0 = new }
    }

    var port: Int { service.withLock { $0?.port ?? 0 } }

    private func take(_ exchange: HTTPExchange) {
        switch exchange.path {
        case "/register": workers.submit { [self] _ in register(exchange, waits: false) }
        case "/register-and-wait": waiting.submit { [self] _ in register(exchange, waits: true) }
        default: exchange.answer(.notFound, "POST /register")
        }
    }

    private func register(_ exchange: HTTPExchange, waits: Bool) {
        let fields = formFields(exchange.body)
        guard let name = fields["name"], let phone = fields["phone"] else {
            return exchange.answer(.badRequest, "name and phone are needed")
        }
        do {
            let id = try users.write { database in
                try database.execute(sql: "INSERT INTO users (name, phone) VALUES (?, ?)", arguments: [name, phone])
                return database.lastInsertedRowID
            }
            if waits {
                let wasSent = adapter.send(id: "user-\(id)", phone: phone, text: "Welcome")
                return exchange.answer(wasSent ? .ok : .badGateway, "\(id)")
            }
            let task = SMSTask(user: id, phone: phone)
            _ = try blocking { [producer, topic] in try await producer.send(task.message(topic: topic)) }
            exchange.answer(.ok, "\(id)")
        } catch {
            exchange.answer(.serviceUnavailable, "\(error)")
        }
    }

    func stop() {
        let old = service.withLock { service in
            defer { service = nil }
            return service
        }
        old?.stop()
        try? workers.syncShutdownGracefully()
        try? waiting.syncShutdownGracefully()
        producer.close()
        try? users.close()
    }
}

/// "Send this user a welcome SMS", as a message.
struct SMSTask: Sendable, Equatable {
    var user: Int64
    var phone: String

    var id: String { "user-\(user)" }

    func message(topic: String) -> Message {
        Message(topic: topic, body: Array("\(user) \(phone)".utf8), tag: "welcome", keys: [id])
    }

    init(user: Int64, phone: String) {
        self.user = user
        self.phone = phone
    }

    /// Nil when the body is none of ours.
    init?(body: [UInt8]) {
        let words = String(decoding: body, as: UTF8.self).split(separator: " ")
        guard words.count == 2, let user = Int64(words[0]) else { return nil }
        self.init(user: user, phone: String(words[1]))
    }
}
