/// What an order book holds at the end, and what its diary says went wrong.
struct DelayTotals: Sendable, Equatable {
    var open = 0
    var paid = 0
    var cancelled = 0
    /// Withdrawn by the customers themselves.
    var withdrawn = 0
    /// Orders whose timeout the broker did not take.
    var refused = 0
    var extended = 0
    /// Timeouts that were taken back before they were due.
    var revoked = 0
    /// Open although their time is over.
    var lost = 0
    /// Arrivals before their moment.
    var early = 0
    var cancelledTwice = 0
    /// Timeouts that the broker delivered at two places. One place read twice, after a kill, is none.
    var deliveredTwice = 0
    var paidCancelled = 0
    /// Timeouts that came although the broker had taken them back.
    var revokedArrived = 0
    var lateness = LatencyHistogram()

    var placed: Int { open + paid + cancelled + withdrawn }

    /// An order's states, and what counts them.
    static var states: [(String, WritableKeyPath<DelayTotals, Int>)] {
        [
            ("open", \.open), ("paid", \.paid), ("cancelled", \.cancelled), ("withdrawn", \.withdrawn),
            ("refused", \.refused),
        ]
    }
}

/// Orders whose broker was killed before they were due and restarted after it.
struct OutageTotals: Sendable, Equatable {
    var totals: DelayTotals
    /// Orders whose time passed while the broker was away.
    var overdue: Int
    /// Seconds that nobody served the folder, and from the restart until all were settled; NaN when they never were.
    var downSeconds: Double
    var settleSeconds: Double
}
