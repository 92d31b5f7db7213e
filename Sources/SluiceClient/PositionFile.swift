import CSluice
import Foundation
import Glibc
import SluiceMessage
import Synchronization

/// How far a broadcast group's consumer is in each queue, in a file of its own: JSON, replaced as a whole.
final class PositionFile: Sendable {
    private struct State {
        var positions: [QueueID: Int64] = [:]
        var isChanged = false
        var written: Int64 = 0
    }
    private struct Line: Codable {
        var topic: String
        var queue: Int
        var offset: Int64
    }

    private let path: String
    private let state: Mutex<State>
    /// Nanoseconds between two writes.
    private static let period: Int64 = 5_000_000_000

    /// A file that is not there, or cannot be read, holds nothing.
    init(_ path: String) {
        self.path = path
        var state = State()
        if let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
            let lines = try? JSONDecoder().decode([Line].self, from: data)
        {
            for line in lines where line.offset >= 0 { state.positions[QueueID(line.topic, line.queue)] = line.offset }
        }
        self.state = Mutex(state)
    }

    func position(_ queue: QueueID) -> Int64? { state.withLock { $0.positions[queue] } }

    /// Remembers, and writes now and then. Blocks for the disk.
    func keep(_ positions: [QueueID: Int64]) {
        let isDue = state.withLock { state in
            for (queue, offset) in positions where state.positions[queue] != offset {
                state.positions[queue] = offset
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
            return state.positions.sorted { $0.key < $1.key }.map {
                Line(topic: $0.key.topic, queue: $0.key.queue, offset: $0.value)
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
