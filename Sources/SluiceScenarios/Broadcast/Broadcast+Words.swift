import Synchronization

// MARK: The second, and the report
extension Broadcast {
    public func moment() -> ScenarioMoment {
        let books = books.withLock { $0 }
        let (agreed, pushed) = (agreement.takeRecent(), phones.takeLatency())
        let received = phones.received.count
        let down = nodes.filter { !$0.isUp }.map(\.name)
        let behind = max(0, agreement.open)
        var lines: [ScenarioMoment.Line] = [
            .init("ride offers", Words.grouped(books.offered.count)),
            .init("on the phones", Words.grouped(received)),
        ]
        for (number, server) in servers.enumerated() {
            lines.append(
                .init(
                    "push server \(number + 1)",
                    "saw \(Words.grouped(server.seen.count)), gave \(Words.grouped(server.delivered))"
                ))
        }
        lines.append(.init("price changes", Words.grouped(books.changes)))
        for node in nodes {
            lines.append(
                .init(
                    node.name, node.isUp ? "heard \(Words.grouped(node.changes))" : "down",
                    needsAttention: !node.isUp))
        }
        if let last = books.catchUps.last { lines.append(.init("caught up in", Words.milliseconds(last * 1_000))) }
        if let problem = books.problem { lines.append(.init("problem", problem, needsAttention: true)) }
        let (agreedP99, pushedP99) = (agreed.quantile(0.99), pushed.quantile(0.99))
        return ScenarioMoment(
            seconds: seconds,
            figures: [
                Figure("offered", books.offered.count), Figure("on_phones", received),
                Figure("push_p99_ms", pushedP99, places: 1), Figure("changes", books.changes),
                Figure("agree_p50_ms", agreed.quantile(0.5), places: 2), Figure("agree_p99_ms", agreedP99, places: 2),
                Figure("changes_under_way", behind), Figure("nodes_down", down.count),
            ], lines: lines,
            series: [
                .init("until all caches agree, p99", unit: "ms", agreedP99),
                .init("offer to phone, p99", unit: "ms", pushedP99),
                .init("changes under way", unit: "", Double(behind)),
            ], lookAt: lookAt(down),
            keys: [
                .init("c", down.first.map { "bring \($0) back" } ?? "crash a cache node"),
                .init("m", "move a driver to another server"),
            ],
            text: Words.padded(Words.decimal(seconds), 6) + " s  offers \(books.offered.count) on phones \(received)"
                + " p99 \(Words.milliseconds(pushedP99))  changes \(books.changes) agreed p99 "
                + Words.milliseconds(agreedP99) + (down.isEmpty ? "" : "  down: \(down.joined(separator: ", "))"))
    }

    private func lookAt(_ down: [String]) -> String {
        if let name = down.first {
            return "\(name) is down and its memory gone; the others go on. Bring it back and see it catch up."
        }
        return "Each push server sees every offer and only the holder of the driver's connection passes it on. Every "
            + "cache hears every change."
    }

    func broadcastReport() throws -> ScenarioReport {
        let books = books.withLock { $0 }
        let (received, faults) = (phones.received, phones.faults)
        let unseen = servers.reduce(0) { $0 + books.offered.subtracting($1.seen).count }
        let agreed = agreement.times
        let slowest = books.catchUps.max()
        var checks: [ScenarioCheck] = [
            .equal("offers_not_on_a_phone", books.offered.subtracting(received).count, 0),
            .equal("offers_on_a_phone_twice", faults.twice, 0), .equal("offers_on_a_wrong_phone", faults.misled, 0),
            .equal("offers_unseen_by_a_server", unseen, 0),
            .equal("caches_unlike_the_database", try disagreeing(), 0), .equal("refused", books.refused, 0),
            .atLeast("offers", Double(books.offered.count), 1), .atLeast("changes", Double(books.changes), 1),
            .atMost("agree_p50_ms", agreed.quantile(0.5) ?? .nan, 500),
            .equal("nodes_that_never_caught_up", books.crashes - books.catchUps.count, 0),
        ]
        if let slowest { checks.append(.atMost("slowest_catch_up_s", slowest, 10)) }
        return ScenarioReport(
            figures: [
                Figure("offered", books.offered.count), Figure("on_phones", received.count),
                Figure("changes", books.changes), Figure("agree_p50_ms", agreed.quantile(0.5), places: 2),
                Figure("agree_p99_ms", agreed.quantile(0.99), places: 2), Figure("crashes", books.crashes),
                Figure("slowest_catch_up_s", slowest, places: 3),
            ], checks: checks,
            sentences: [
                "\(Words.grouped(books.offered.count)) ride offers seen by all \(servers.count) push servers, "
                    + "\(Words.grouped(received.count)) of them on the right phone once",
                "\(Words.grouped(books.changes)) price changes; all \(nodes.count) caches agree after "
                    + "\(Words.milliseconds(agreed.quantile(0.5))) (p50), \(Words.milliseconds(agreed.quantile(0.99))) (p99)"
                    + (slowest.map { "; a node that was down caught up in \(Words.milliseconds($0 * 1_000))" } ?? ""),
            ])
    }
}
