import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// An application node with its prices in memory. It hears each change; where it was down, it goes on from the moment
/// up to which its copy on disk is good.
final class CacheNode: Sendable {
    private struct State {
        var prices: [Int: PriceChange] = [:]
        /// Store time of the newest message taken, epoch ms: what is older is in the copy.
        var heard: Int64 = 0
        var changes = 0
        var isUp = false
    }
    let name: String
    private let path: String
    private let state = Mutex(State())
    private let consumer = Mutex<PushConsumer?>(nil)
    /// For tests: changes that this node drops.
    private let drops: @Sendable (PriceChange) -> Bool
    private let onChange: @Sendable (PriceChange) -> Void

    /// - Parameter onChange: told each change when it is in this node's cache.
    init(
        _ name: String, folder: String, drops: @escaping @Sendable (PriceChange) -> Bool = { _ in false },
        onChange: @escaping @Sendable (PriceChange) -> Void
    ) {
        self.name = name
        path = "\(folder)/\(name).cache"
        self.drops = drops
        self.onChange = onChange
    }

    var isUp: Bool { state.withLock { $0.isUp } }
    var prices: [Int: PriceChange] { state.withLock { $0.prices } }
    /// Changes heard since the node was made.
    var changes: Int { state.withLock { $0.changes } }

    /// Comes up: reads its copy, and hears what came since.
    func start(_ connection: any Connection, topic: String, group: String) throws {
        let from = try load()
        let options = ConsumerOptions(
            group: group, model: .broadcasting, from: from > 0 ? .time(from) : .first, threads: 1, ordered: true)
        let new = PushConsumer(connection, options) { [weak self] messages in
            self?.take(messages)
            return .success
        }
        try new.subscribe(topic)
        try new.start()
        consumer.withLock { $0 = new }
        state.withLock { $0.isUp = true }
    }

    private func take(_ messages: [StoredMessage]) {
        for message in messages {
            guard let change = PriceChange(body: message.body), !drops(change) else { continue }
            // Messages of the same millisecond as the copy come twice: the version tells.
            let isNew = state.withLock { state in
                state.heard = max(state.heard, message.storeTimestamp)
                guard change.version > state.prices[change.city]?.version ?? 0 else { return false }
                state.prices[change.city] = change
                state.changes += 1
                return true
            }
            if isNew { onChange(change) }
        }
    }

    /// Goes down. What it had in memory is gone; the copy on disk is as old as the last ``save()``.
    func crash() {
        state.withLock { $0.isUp = false }
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
        state.withLock { state in
            state.prices = [:]
            state.heard = 0
        }
    }

    /// Writes the copy, whole or not at all. A node that is down has nothing to write.
    func save() throws {
        let (prices, heard, isUp) = state.withLock { ($0.prices, $0.heard, $0.isUp) }
        guard isUp else { return }
        let lines = ["\(heard)"] + prices.values.map { "\($0.city) \($0.version) \($0.cents)" }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    }

    /// The moment from which on changes may be missing; 0 without a copy.
    private func load() throws -> Int64 {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return 0 }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        guard let heard = lines.first.flatMap({ Int64($0) }) else { return 0 }
        let changes = lines.dropFirst().compactMap { PriceChange(body: Array($0.utf8)) }
        state.withLock { state in
            state.prices = Dictionary(changes.map { ($0.city, $0) }) { $1 }
            state.heard = heard
        }
        return heard
    }
}
