import GRDB
import SluiceAPI
import Synchronization

/// Another user of the database file who holds its write lock: a report, a backup, a migration at the wrong time.
final class DatabaseStall: Sendable {
    private let other: DatabaseQueue
    private let held = Mutex(false)

    init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        // The transaction stays open from one call to another: that is the stall.
        configuration.allowsUnsafeTransactions = true
        other = try DatabaseQueue(path: path, configuration: configuration)
    }

    var isHeld: Bool { held.withLock { $0 } }

    /// Takes the lock, for a time or until ``release()``.
    func hold(seconds: Double? = nil) throws {
        guard !isHeld else { return }
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        held.withLock { $0 = true }
        guard let seconds else { return }
        sleep(untilMonotonic: monotonicSeconds() + seconds)
        release()
    }

    func release() {
        let wasHeld = held.withLock { held in
            defer { held = false }
            return held
        }
        if wasHeld { try? other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") } }
    }
}
