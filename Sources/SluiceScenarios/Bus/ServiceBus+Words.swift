import Synchronization

// MARK: The second in words
extension ServiceBus {
    public func moment() -> ScenarioMoment {
        let (now, settled, recent) = (monotonicSeconds(), watcher.settledCount, watcher.takeRecent())
        let (placed, refused, problem, perSecond) = books.withLock { books in
            defer {
                books.lastSettled = settled
                books.lastMoment = now
            }
            let perSecond = Double(settled - books.lastSettled) / max(now - books.lastMoment, 1e-3)
            return (books.placed.count, books.refused, books.problem, perSecond)
        }
        let down = services.values.filter { !$0.isRunning && $0.role != .mailer }.map(\.role.rawValue).sorted()
        let p99 = recent.quantile(0.99)
        var lines = LotteryRole.allCases.map(line)
        lines += [
            .init("placed", Words.grouped(placed)), .init("settled", Words.grouped(settled)),
            .init("open", Words.grouped(placed - settled), needsAttention: !down.isEmpty),
        ]
        if let (order, life) = watcher.lookedAt { lines += lifeLines(order, life) }
        if refused > 0 { lines.append(.init("refused", Words.grouped(refused), needsAttention: true)) }
        if let problem { lines.append(.init("problem", problem, needsAttention: true)) }
        return ScenarioMoment(
            seconds: seconds,
            figures: [
                Figure("placed", placed), Figure("settled", settled), Figure("open", placed - settled),
                Figure("settled_per_s", perSecond), Figure("life_p99_ms", p99, places: 0),
                Figure("down", .text(down.isEmpty ? nil : down.joined(separator: " "))),
                Figure("mailer", .flag(services[.mailer]?.isRunning == true)),
            ], lines: lines,
            series: [
                .init("life of an order, p99", unit: "ms", p99), .init("settled", unit: "/s", perSecond),
                .init("open orders", unit: "", Double(placed - settled)),
            ], lookAt: lookAt(down), keys: keys,
            text: Words.padded(Words.decimal(seconds), 6) + " s  placed \(Words.grouped(placed))"
                + "  settled \(Words.grouped(settled))  open \(placed - settled)  life p99 \(Words.milliseconds(p99))"
                + (down.isEmpty ? "" : "  down: \(down.joined(separator: ", "))"))
    }

    private func line(_ role: LotteryRole) -> ScenarioMoment.Line {
        let answers: [LotteryRole: LotteryEvent.Kind] = [
            .dispatch: .settled, .splitter: .wanted, .ticketing: .issued, .prizes: .drawn,
        ]
        guard let service = services[role], service.isRunning else {
            return .init(
                role.rawValue, role == .mailer ? "not there yet" : "down", needsAttention: role != .mailer)
        }
        let said = answers[role].map { "\(Words.grouped(watcher.heard($0))) \($0.rawValue)" } ?? "running"
        return .init(role.rawValue, said + (service.pid.map { " · \($0)" } ?? ""))
    }

    /// The stations of one order with the time since it was placed.
    private func lifeLines(_ order: Int, _ life: BusWatcher.Life) -> [ScenarioMoment.Line] {
        guard let start = life.moments[.placed] else { return [] }
        let stations: [(LotteryEvent.Kind, String)] = [
            (.accepted, "dispatch"), (.wanted, "splitter"), (.issued, "ticketing"), (.ticketed, "dispatch"),
            (.drawn, "prizes"), (.settled, "dispatch"),
        ]
        var lines = [ScenarioMoment.Line("order \(order)", "\(life.bets) bets, \(life.tickets.count) tickets")]
        for (kind, role) in stations {
            let moment = life.moments[kind].map { "+\($0 - start) ms, \(role)" }
            lines.append(.init("  \(kind.rawValue)", moment ?? "waits for \(role)", needsAttention: moment == nil))
            if moment == nil { break }
        }
        return lines
    }

    private func lookAt(_ down: [String]) -> String {
        if !down.isEmpty {
            return "\(down.joined(separator: " and ")) is down: the others go on with all that does not need it; its "
                + "messages wait."
                + (stage.isStock ? " RocketMQ keeps the locks of its queues for up to a minute." : "")
        }
        if services[.mailer]?.isRunning == true {
            return "The mailer was added while all others ran: it heard every settled order from the first."
        }
        return "Follow one order across the services. Kill one of them and watch the others; n adds a new one."
    }

    private var keys: [ScenarioMoment.Key] {
        Self.keys.map { key, role in
            let isRunning = services[role]?.isRunning == true
            let verb = isRunning ? "kill" : role == .mailer ? "add" : "start"
            return .init(key, "\(verb) \(role.rawValue)")
        }
    }
}
