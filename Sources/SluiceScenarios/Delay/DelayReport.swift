extension DelayScenario {
    /// Judges a run by its books.
    ///
    /// - Parameters:
    ///   - canRevoke: the broker takes a waiting timeout back, so none of those may come.
    ///   - mayRefuse: the broker was away for a while, and orders could not be taken.
    static func report(
        _ totals: DelayTotals, outage: OutageTotals?, canRevoke: Bool, mayRefuse: Bool
    ) -> ScenarioReport {
        var checks: [ScenarioCheck] = [
            .atLeast("cancelled", Double(totals.cancelled), 1),
            .equal("lost", totals.lost, 0), .equal("early", totals.early, 0),
            .equal("cancelled_twice", totals.cancelledTwice, 0), .equal("delivered_twice", totals.deliveredTwice, 0),
            .equal("paid_but_cancelled", totals.paidCancelled, 0),
            .atMost("late_p99_ms", totals.lateness.quantile(0.99) ?? .nan, 500),
        ]
        if canRevoke { checks.append(.equal("came_after_withdrawal", totals.revokedArrived, 0)) }
        if !mayRefuse { checks.append(.equal("refused", totals.refused, 0)) }
        var sentences = [
            "\(totals.placed) orders: \(totals.paid) paid, \(totals.cancelled) cancelled when their time was over, "
                + "\(totals.withdrawn) withdrawn; \(totals.extended) got more time, \(totals.revoked) timeouts taken back."
        ]
        if let outage {
            let all = outage.totals
            checks += [
                .atLeast("outage_overdue", Double(outage.overdue), 1), .equal("outage_lost", all.lost, 0),
                .equal("outage_early", all.early, 0), .equal("outage_cancelled_twice", all.cancelledTwice, 0),
                .equal("outage_delivered_twice", all.deliveredTwice, 0),
                .atMost("outage_settle_s", outage.settleSeconds, 10),
            ]
            sentences.append(
                "\(outage.overdue) orders fell due while their broker was killed: \(all.cancelled) of \(all.placed) "
                    + "are cancelled after its restart.")
        }
        return ScenarioReport(
            figures: [
                Figure("placed", totals.placed), Figure("paid", totals.paid), Figure("cancelled", totals.cancelled),
                Figure("withdrawn", totals.withdrawn), Figure("extended", totals.extended),
                Figure("revoked", totals.revoked), Figure("lost", totals.lost),
                Figure("late_p50_ms", totals.lateness.quantile(0.5)),
                Figure("late_p99_ms", totals.lateness.quantile(0.99)),
            ], checks: checks, sentences: sentences)
    }
}
