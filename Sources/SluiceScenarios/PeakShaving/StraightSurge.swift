import Foundation
import Synchronization

/// The contrast: callers write their orders straight into the database, each in a transaction of its own, and wait for it.
///
/// Orders come by the clock whether the database keeps up or not, as customers do. An order waits from the moment it
/// comes; who has waited ``patience`` seconds has given up.
enum StraightSurge {
    /// Seconds that a caller waits.
    static let patience = 2.0
    /// Requests that the service works on at once.
    private static let threads = 8

    struct Result: Sendable, Equatable {
        /// From when an order came until it was committed, or given up.
        var latency = LatencyHistogram()
        var orders = 0
        var inTime = 0
        var percentInTime: Int { orders > 0 ? inTime * 100 / orders : 0 }
    }

    private struct State {
        var next = 0
        var result = Result()
    }

    /// - Parameters:
    ///   - path: a database file; it is made anew.
    ///   - pace: messages a second that the database is made to land, as with the queue.
    static func run(path: String, perSecond: Double, seconds: Double, pace: Double) throws -> Result {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let database = try OrderDatabase(path: path)
        let pacer = CommitPacer(target: pace, seconds: try database.measureCommit(rounds: 50))
        let orders = Int(perSecond * seconds)
        let state = Mutex(State())
        let start = monotonicSeconds()
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let number = state.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard number < orders else { return }
                let came = start + Double(number) / perSecond
                if came > monotonicSeconds() { sleep(untilMonotonic: came) }
                let isInTime = monotonicSeconds() < came + patience && write(number, database, pacer)
                let waited = min(monotonicSeconds() - came, patience)
                state.withLock { state in
                    state.result.latency.add(microseconds: Int64(waited * 1e6))
                    if isInTime && waited < patience { state.result.inTime += 1 }
                }
            }
        }
        try database.close()
        return state.withLock { state in
            state.result.orders = orders
            return state.result
        }
    }

    /// One order in a transaction of its own, and the steps that make the database as slow as it is with the queue.
    private static func write(_ number: Int, _ database: OrderDatabase, _ pacer: CommitPacer) -> Bool {
        do {
            _ = try database.land([OrderEvent(number: number, order: Int64(number), version: 1, cents: 100)])
            for step in 0..<(pacer.nextSteps() - 1) { try database.note(step: "step \(step)", message: number) }
            return true
        } catch {
            return false
        }
    }
}
