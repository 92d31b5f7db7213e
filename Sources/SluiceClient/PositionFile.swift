import CSluice
import Foundation
import Glibc
import SluiceAPI
import SluiceMessage
import Synchronization

/// How far a broadcast group's consumer is in each queue, in a file of its own: JSON, replaced as a whole. Queues are kept
/// by the names of their brokers, since a broker's number is that of one connection.
final class PositionFile: Sendable {
    private struct State {
        var positions: [Place: Int64] = [:]
        var isChanged = false
        var written: Int64 = 0
    }
    private struct Place: Hashable {
        var topic: String
        /// Empty where there is one broker only, which has no number.
        var broker: String
        var queue: Int
    }
    private struct Line: Codable {
        var topic: String
        var broker: String?
        var queue: Int
        var offset: Int64
    }

    private let path: String
    /// The name of a queue's broker; nil where it is not known now.
    private let brokerName: @Sendable (_ queue: Int) -> String?
    private let state: Mutex<State>
    /// Nanoseconds between two writes.
    private static let period: Int64 = 5_000_000_000

    /// A file that is not there, or cannot be read, holds nothing.
    init(_ path: String, brokerName: @escaping @Sendable (_ queue: Int) -> String?) {
        self.path = path
        self.brokerName = brokerName
        var state = State()
        if let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
            let lines = try? JSONDecoder().decode([Line].self, from: data)
        {
            for line in lines where line.offset >= 0 {
                state.positions[Place(topic: line.topic, broker: line.broker ?? "", queue: line.queue)] = line.offset
            }
        }
        self.state = Mutex(state)
    }

    func position(_ queue: QueueID) -> Int64? {
        guard let place = place(of: queue) else { return nil }
        return state.withLock { $0.positions[place] }
    }

    private func place(of queue: QueueID) -> Place? {
        brokerName(queue.queue).map {
            Place(topic: queue.topic, broker: $0, queue: ClusterQueue.queue(queue.queue))
        }
    }

    /// Remembers, and writes now and then. Blocks for the disk.
    func keep(_ positions: [QueueID: Int64]) {
        let places = positions.compactMap { queue, offset in place(of: queue).map { ($0, offset) } }
        let isDue = state.withLock { state in
            for (place, offset) in places where state.positions[place] != offset {
                state.positions[place] = offset
                state.isChanged = true
            }
            return state.isChanged && sluice_monotonic_nanoseconds() - state.written >= Self.period
        }
        if isDue { write() }
    }

    func write() {
        let lines: [Line]? = state.withLock { state in
            guard state.isChanged else { return nil }
            state.isChanged = false
            state.written = sluice_monotonic_nanoseconds()
            return state.positions.sorted {
                ($0.key.topic, $0.key.broker, $0.key.queue) < ($1.key.topic, $1.key.broker, $1.key.queue)
            }.map {
                Line(
                    topic: $0.key.topic, broker: $0.key.broker.isEmpty ? nil : $0.key.broker, queue: $0.key.queue,
                    offset: $0.value)
            }
        }
        guard let lines, let data = try? JSONEncoder().encode(lines) else { return }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            // Not written is written next time; what is lost by a kill until then comes again.
            state.withLock { $0.isChanged = true }
        }
    }
}
