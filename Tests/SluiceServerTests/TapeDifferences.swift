import Synchronization

/// Differences between RocketMQ's answers and ours that tests do not report.
final class TapeDifferences: Sendable {
    struct Allowed: Sendable {
        /// Beginnings of the names of tapes.
        var tapes: [String]
        /// Codes of requests.
        var codes: [Int32]
        /// As ``TapeComparison`` words them.
        var differences: [String]
        var reason: String
        /// It should not differ: the entry has to go when it no longer does.
        var isOpen = false
    }

    private let used = Mutex<Set<Int>>([])

    func allows(_ difference: String, code: Int32, in tape: String) -> Bool {
        let index = Self.table.firstIndex { entry in
            entry.codes.contains(code) && entry.differences.contains(difference)
                && entry.tapes.contains { tape.hasPrefix($0) }
        }
        guard let index else { return false }
        used.withLock { _ = $0.insert(index) }
        return true
    }

    /// Open differences that should have shown on a tape and did not.
    func unused(of tape: String) -> [String] {
        let used = used.withLock { $0 }
        return Self.table.indices.filter { index in
            Self.table[index].isOpen && Self.table[index].tapes.contains(tape) && !used.contains(index)
        }.map {
            "\(Self.table[$0].codes) no longer has \(Self.table[$0].differences) on \(tape): take it off the table"
        }
    }

    static let table: [Allowed] = meant + newer + open
}
