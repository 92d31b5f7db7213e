/// Differences between RocketMQ's answers and ours that tests do not report.
struct TapeDifferences: Sendable {
    struct Allowed: Sendable {
        /// Beginnings of the names of tapes.
        var tapes: [String]
        /// Codes of requests.
        var codes: [Int32]
        /// As ``TapeComparison`` words them.
        var differences: [String]
        var reason: String
    }

    func allows(_ difference: String, code: Int32, in tape: String) -> Bool {
        Self.table.contains { entry in
            entry.codes.contains(code) && entry.differences.contains(difference)
                && entry.tapes.contains { tape.hasPrefix($0) }
        }
    }

    static let table: [Allowed] = meant + newer
}
