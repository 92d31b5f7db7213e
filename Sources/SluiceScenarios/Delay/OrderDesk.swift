import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// The shop's order desk: each order it takes is cancelled unless it is paid in time. Nobody polls a table for that: a
/// delayed message comes when the time is over.
final class OrderDesk: Sendable {
    /// Where the timeouts go, and who reads them.
    let topic: String
    private let group: String

    /// When an order's time is over.
    enum Deadline: Sendable {
        /// One of the broker's levels, counted from 1.
        case level(Int)
        /// So many milliseconds from now.
        case exact(Int64)
    }

    private struct Link {
        var admin: any Admin
        var producer: Producer
        var consumer: PushConsumer
        /// What the broker can do with a timeout that waits, and whether it takes any moment.
        var works: Set<Feature>
        /// Milliseconds of the levels, level 1 first.
        var levels: [Int64]
    }
    let book: UnpaidOrderBook
    private let link = Mutex<Link?>(nil)
    private let isPaused = Mutex(false)
    private let nextOrder: Mutex<Int64>
    private let trouble = Mutex<String?>(nil)
    private let settle: @Sendable (OrderTimeout) throws -> Void

    /// - Parameter settle: what is done with a timeout; nil does what is right, ``UnpaidOrderBook/settle(_:at:)``.
    init(
        book: UnpaidOrderBook, topic: String = "order-timeouts", group: String = "order-cancellation",
        settle: (@Sendable (OrderTimeout) throws -> Void)? = nil
    ) {
        self.book = book
        self.topic = topic
        self.group = group
        self.settle = settle ?? { try book.settle($0, at: wallMilliseconds()) }
        nextOrder = Mutex(1)
    }

    /// False while the broker is away: nothing can be ordered then.
    var isConnected: Bool { link.withLock { $0 != nil } && !isPaused.withLock { $0 } }
    /// Asks the broker for nothing for a while; its messages are heard as ever.
    func pause(_ isOn: Bool) { isPaused.withLock { $0 = isOn } }
    /// What broker or database last complained of.
    var problem: String? { trouble.withLock { $0 } }
    /// False where only the levels can be had.
    var hasExactTimes: Bool { works(.exactDelays) }
    func works(_ feature: Feature) -> Bool { link.withLock { $0?.works.contains(feature) ?? false } }

    // MARK: The broker

    /// Begins to take and to cancel orders over a broker. Blocks.
    func connect(_ broker: any BrokerAccess) throws {
        let admin = broker.admin
        let works = try blocking { try await Self.features(admin) }
        let levels = try blocking { [topic] () -> [Int64] in
            try await admin.updateTopic(TopicConfig(name: topic, readQueues: 4, writeQueues: 4))
            return try await admin.delays(DelayQuery(limit: 1)).levels
        }
        let consumer = PushConsumer(broker.connection, ConsumerOptions(group: group, threads: 2)) {
            [weak self] in self?.cancel($0) ?? .retryLater
        }
        try consumer.subscribe(topic)
        try consumer.start()
        let producer = Producer(broker.connection, ProducerOptions(group: "order-desk"))
        trouble.withLock { $0 = nil }
        link.withLock {
            $0 = Link(admin: admin, producer: producer, consumer: consumer, works: works, levels: levels)
        }
    }

    /// What works as it should, or by other means that do the same.
    private static func features(_ admin: any Admin) async throws -> Set<Feature> {
        guard case .features(let features) = try await admin.ask(.features) else { return [] }
        return Set(
            features.compactMap { feature, availability in
                if case .unavailable = availability { return nil }
                return feature
            })
    }

    /// Leaves the broker. After a kill nothing of it answers, and nothing is waited for.
    func disconnect() {
        let old = link.withLock { link in
            defer { link = nil }
            return link
        }
        old?.consumer.shutdown()
        old?.producer.close()
    }

    private func linked() throws -> Link {
        guard isConnected, let link = link.withLock({ $0 }) else { throw APIError(.unreachable, "the broker is away") }
        return link
    }

    // MARK: Orders

    /// Takes an order: into the book, then its timeout to the broker. Blocks until that is acknowledged.
    ///
    /// - Returns: the order's number; nil when the broker did not take the timeout.
    @discardableResult
    func place(_ deadline: Deadline) throws -> Int64? {
        let link = try linked()
        let id = nextOrder.withLock { next in
            defer { next += 1 }
            return next
        }
        let (delay, due, isExact) = try moment(deadline, link)
        try book.place(id, due: due, isExact: isExact)
        do {
            let message = timeout(id, attempt: 1, delay)
            let receipt = try blocking { try await link.producer.send(message) }
            try book.placed(id, message: receipt.id)
            return id
        } catch let error as APIError {
            try book.refused(id)
            complain(error)
            return nil
        }
    }

    private func moment(_ deadline: Deadline, _ link: Link) throws -> (Delay, Int64, Bool) {
        switch deadline {
        case .exact(let milliseconds):
            let due = wallMilliseconds() + milliseconds
            return (.at(due), due, true)
        case .level(let level):
            guard link.levels.indices.contains(level - 1) else {
                throw APIError(
                    .invalid, "this broker has \(link.levels.count) delay levels, and none of number \(level)")
            }
            return (.level(level), wallMilliseconds() + link.levels[level - 1], false)
        }
    }

    private func timeout(_ id: Int64, attempt: Int, _ delay: Delay) -> Message {
        Message(topic: topic, body: Array("\(id) \(attempt)".utf8), tag: "timeout", keys: ["order-\(id)"], delay: delay)
    }

    /// The order is paid: whatever comes later, it is not cancelled. Its timeout is taken back where the broker can do
    /// that; elsewhere it comes, finds the order paid, and does nothing.
    func pay(_ id: Int64) throws { try close(id, as: "paid") }

    /// The customer withdraws the order.
    func withdraw(_ id: Int64) throws { try close(id, as: "withdrawn") }

    /// Takes back what still waits in a broker that stays, as far as it can: its topic is about to go.
    func withdrawAll() {
        guard works(.delayCancel) else { return }
        for order in (try? book.open(limit: 2_000)) ?? [] { try? withdraw(order.id) }
    }

    private func close(_ id: Int64, as state: String) throws {
        guard let order = try book.order(id), try book.close(id, as: state, at: wallMilliseconds()) else { return }
        guard let link = try? linked(), link.works.contains(.delayCancel) else { return }
        let action = OperatorAction.cancelDelay(id: order.message, topic: topic)
        do {
            _ = try blocking { try await link.admin.act(action, reason: "order \(state)", dryRun: false) }
            try book.revoked(id, at: wallMilliseconds())
        } catch let error as APIError {
            // It came in the very moment: the order is closed already, and that counts.
            if error.code != .conflict && error.code != .notFound { complain(error) }
        }
    }

    /// Gives the customer more time: the waiting message gets a later moment. A broker that cannot do that gets a
    /// second message, and the book knows that the first one does not count any more.
    func extend(_ id: Int64, by milliseconds: Int64) throws {
        guard let order = try book.order(id), let link = try? linked() else { return }
        let due = max(order.due, wallMilliseconds()) + milliseconds
        do {
            if link.works.contains(.delayReschedule) {
                let action = OperatorAction.reschedule(id: order.message, topic: topic, due: due)
                _ = try blocking { try await link.admin.act(action, reason: "more time asked for", dryRun: false) }
                try book.extend(id, due: due, message: nil, at: wallMilliseconds())
            } else {
                try extendByLevel(order, atLeast: due - wallMilliseconds(), link)
            }
        } catch let error as APIError {
            if error.code != .conflict && error.code != .notFound { complain(error) }
        }
    }

    private func extendByLevel(_ order: UnpaidOrder, atLeast milliseconds: Int64, _ link: Link) throws {
        guard let level = link.levels.firstIndex(where: { $0 >= milliseconds }) else { return }
        let due = wallMilliseconds() + link.levels[level]
        let message = timeout(order.id, attempt: order.attempt + 1, .level(level + 1))
        let receipt = try blocking { try await link.producer.send(message) }
        try book.extend(order.id, due: due, message: receipt.id, at: wallMilliseconds())
    }

    /// The consumer: cancels orders whose time is over.
    private func cancel(_ messages: [StoredMessage]) -> ConsumeResult {
        do {
            for timeout in messages.compactMap(OrderTimeout.init) { try settle(timeout) }
            return .success
        } catch {
            trouble.withLock { $0 = "\(error)" }
            return .retryLater
        }
    }

    private func complain(_ error: APIError) { trouble.withLock { $0 = error.message } }
}
