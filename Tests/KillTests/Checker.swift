import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Testing

/// Opens a folder after a kill, reads everything in it, and holds it against the ledger. Each broken promise is one line.
final class Checker {
    let ledger: Ledger
    private(set) var problems: [String] = []

    private struct Found {
        var message: StoredMessage
        var token: Token
    }

    init(_ ledger: Ledger) { self.ledger = ledger }

    func check(folder: String, durability: Durability) async throws {
        let broker = try EmbeddedBroker.open(
            EmbeddedOptions(
                dataFolder: folder, durability: durability, create: false, segmentBytes: Int(Killee.segmentBytes),
                checkpointBytes: 1 << 20))
        defer { broker.close() }
        try await checkStored(broker)
        try await checkDelayed(broker)
        try await checkTransactions(broker)
        let committed = try await PullConsumer(broker.connection, group: "followers").committed(QueueID("load", 0)) ?? 0
        expect(committed >= ledger.offset, "the group stands at \(committed), acknowledged was \(ledger.offset)")
        let status = try await broker.admin.broker()
        expect(status.damagedRecords == 0, "\(status.damagedRecords) damaged records")
        expect(!status.recovery.contains("damaged"), "recovery: \(status.recovery)")
    }

    private func expect(_ holds: Bool, _ problem: @autoclosure () -> String) {
        if !holds, problems.count < 20 { problems.append(problem()) }
    }

    // MARK: Plain messages

    /// Exactly once, in order, and without a gap: what is there of one publisher's life is a prefix of what it sent.
    private func checkStored(_ broker: EmbeddedBroker) async throws {
        var seen: [Token: String] = [:]
        for queue in 0..<3 {
            var last: Token?
            for found in try await read(QueueID("load", queue), broker) {
                let token = found.token
                expect(seen.updateValue(found.message.id, forKey: token) == nil, "\(token) is there twice")
                expect(token.publisher == queue, "\(token) is in queue \(queue)")
                if let last, last.round == token.round {
                    expect(token.sequence == last.sequence + 1, "\(token) comes behind \(last)")
                } else {
                    expect(token.sequence == 0, "\(token) is the first of its round")
                    expect(last.map { $0.round < token.round } ?? true, "\(token) comes behind a later round")
                }
                last = token
            }
        }
        for (token, id) in ledger.stored {
            expect(seen[token] == id, "\(token) was acknowledged as \(id); stored is \(seen[token] ?? "nothing")")
        }
    }

    // MARK: Delayed messages

    private func checkDelayed(_ broker: EmbeddedBroker) async throws {
        let pending = try await pendingOnceNearOnesAreDelivered(broker)
        var waiting: [String: Int] = [:]
        for delay in pending { waiting[delay.id, default: 0] += 1 }
        var delivered: [Token: Found] = [:]
        var deliveredIDs: Set<String> = []
        for found in try await read(QueueID("late", 0), broker) {
            expect(delivered.updateValue(found, forKey: found.token) == nil, "\(found.token) was delivered twice")
            deliveredIDs.insert(found.message.id)
            if let due = found.message.property(PropertyName.timerDue).flatMap({ Int64($0) }) {
                let early = due - found.message.storeTimestamp
                expect(early <= 0, "\(found.token) was delivered \(early) ms early")
            }
        }
        for (id, count) in waiting {
            expect(count == 1, "\(id) is pending \(count) times")
            expect(!deliveredIDs.contains(id), "\(id) was delivered and is pending")
        }
        for (token, id) in ledger.near {
            expect(delivered[token]?.message.id == id, "\(token) was acknowledged as \(id) and not delivered")
        }
        for (token, id) in ledger.far {
            expect(waiting[id] == 1, "\(token), acknowledged as \(id), is not pending")
            expect(delivered[token] == nil, "\(token) was delivered an hour early")
        }
    }

    /// All that is due within the minute comes first; then nothing moves while we look.
    private func pendingOnceNearOnesAreDelivered(_ broker: EmbeddedBroker) async throws -> [PendingDelay] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let soonest = try await broker.admin.delays(DelayQuery(limit: 1)).items.first
            let horizon = Int64(Date().timeIntervalSince1970 * 1_000) + 60_000
            if soonest.map({ $0.due > horizon }) ?? true { break }
            try #require(ContinuousClock.now < deadline, "delayed messages stay pending beyond their moment")
            try await Task.sleep(for: .milliseconds(5))
        }
        // What was delivered last may be on its way to the disk, and is not visible before; this one comes behind it.
        _ = try await broker.admin.publish(Message(topic: "barrier", body: []))
        var all: [PendingDelay] = []
        while true {
            let page = try await broker.admin.delays(DelayQuery(skip: all.count, limit: 10_000))
            all += page.items
            if page.items.isEmpty || all.count >= page.total { return all }
        }
    }

    // MARK: Transactions

    private func checkTransactions(_ broker: EmbeddedBroker) async throws {
        var visible: [Token: String] = [:]
        for queue in 0..<4 {
            for found in try await read(QueueID("pay", queue), broker) {
                let before = visible.updateValue(found.message.id, forKey: found.token)
                expect(before == nil, "transaction \(found.token) is visible twice")
            }
        }
        var open: Set<String> = []
        while true {
            let page = try await broker.admin.halves(skip: open.count, limit: 10_000)
            for half in page.items { expect(open.insert(half.id).inserted, "half \(half.id) is listed twice") }
            if page.items.isEmpty || open.count >= page.total { break }
        }
        for id in visible.values { expect(!open.contains(id), "half \(id) is visible and listed as unresolved") }
        for (token, half) in ledger.halves {
            let isVisible = visible[token] == half.id
            let isOpen = open.contains(half.id)
            switch (half.end, half.isEnded) {
            case (.commit, true): expect(isVisible && !isOpen, "commit of \(token) was acknowledged and is not visible")
            case (.commit, false): expect(isVisible != isOpen, "half \(token) is neither visible nor unresolved")
            case (.rollback, true):
                expect(!isVisible && !isOpen, "rollback of \(token) was acknowledged and did not last")
            case (.rollback, false): expect(!isVisible, "\(token) was never committed and is visible")
            case (.unknown, _): expect(!isVisible && isOpen, "half \(token) was left open and is not listed")
            }
        }
    }

    // MARK: Reading

    /// All messages of a queue, with whole bodies, at offsets without a hole.
    private func read(_ queue: QueueID, _ broker: EmbeddedBroker) async throws -> [Found] {
        let consumer = PullConsumer(broker.connection, group: "checker")
        let end = try await consumer.offset(queue, at: .last)
        var found: [Found] = []
        var offset = try await consumer.offset(queue, at: .first)
        while offset < end {
            let pulled = try await consumer.pull(queue, from: offset, limit: 4_096)
            for message in pulled.messages {
                expect(message.queueOffset == offset, "\(queue) has \(message.queueOffset) where \(offset) should be")
                offset = message.queueOffset + 1
                guard let token = Self.token(of: message.body) else {
                    expect(false, "the message at \(queue) \(message.queueOffset) has not the body that was sent")
                    continue
                }
                found.append(Found(message: message, token: token))
            }
            guard !pulled.messages.isEmpty else {
                expect(false, "\(queue) yields nothing at \(offset) and should reach to \(end)")
                break
            }
        }
        return found
    }

    /// The token of a body that is whole: `<token> <size> ` and so many equal bytes.
    static func token(of body: [UInt8]) -> Token? {
        let parts = body.prefix(64).split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let token = Token(String(decoding: parts[0], as: UTF8.self)),
            let size = Int(String(decoding: parts[1], as: UTF8.self)),
            body.count == parts[0].count + parts[1].count + 2 + size
        else { return nil }
        let filling = body.suffix(size)
        let byte = UInt8(truncatingIfNeeded: size)
        let isWhole = filling.withUnsafeBytes { raw in
            guard let base = raw.baseAddress, size > 0 else { return size == 0 }
            // Equal to itself one byte further on, so all bytes are the first one.
            return raw[0] == byte && memcmp(base, base + 1, size - 1) == 0
        }
        return isWhole ? token : nil
    }
}
