import SluiceAPI
import Synchronization

extension TransactionScenario {
    /// A second in numbers. Nil is what could not be read in it.
    private struct View {
        var half: Consistency?
        var plain: Consistency?
        var open: Int?
        var left: Int?
        var paidPerSecond: Int?
        var twoPhasePerSecond = 0
        var state = State()

        var twoPhaseLock: Double? { state.twoPhaseLocks.quantile(0.5) }
        var localLock: Double? { state.localLocks.quantile(0.5) }
    }

    public func moment() -> ScenarioMoment {
        let view = look()
        let halves = view.open.flatMap { open in view.left.map { open + $0 } }
        var text = "half messages: \(view.half?.text ?? "?"); plain: \(view.plain?.text ?? "?"); "
        text += "two-phase: \(view.state.twoPhaseOrders) paid, locked \(Words.milliseconds(view.twoPhaseLock)); "
        text += "\(Words.count(halves)) halves open"
        return ScenarioMoment(
            seconds: elapsed, figures: figures(view), lines: lines(view),
            series: [
                .init("paid", unit: "/s", view.paidPerSecond.map(Double.init)),
                .init("plain off by", unit: "", view.plain.map { Double(abs($0.drift)) }),
                .init("two-phase lock", unit: "ms", view.twoPhaseLock),
            ], lookAt: lookAt(view),
            keys: [
                .init("b", "crash before commit"), .init("a", "crash after commit"), .init("u", "unknown"),
                .init("n", "no answer"), .init("g", "instance gone"), .init("l", "logistics gone"),
                .init("t", "coordinator gone"), .init("h", "leave a half"),
            ], text: text)
    }

    private func look() -> View {
        var view = View()
        view.half = try? counted()
        view.plain = try? plainCounted()
        if let halves = try? unresolved() { (view.open, view.left) = halves }
        state.withLock { state in
            view.paidPerSecond = view.half.flatMap { half in state.lastPaid.map { half.paid - $0 } }
            view.twoPhasePerSecond = state.twoPhaseOrders - state.lastTwoPhase
            state.lastPaid = view.half?.paid
            state.lastTwoPhase = state.twoPhaseOrders
            view.state = state
        }
        return view
    }

    private func figures(_ view: View) -> [Figure] {
        [
            Figure("paid", view.half?.paid), Figure("shipped", view.half?.shipped),
            Figure("points", view.half?.points), Figure("carts", view.half?.carts), Figure("halves_open", view.open),
            Figure("halves_left", view.left),
            Figure("check_backs", view.state.checks), Figure("plain_paid", view.plain?.paid),
            Figure("plain_shipped", view.plain?.shipped), Figure("two_phase_paid", view.state.twoPhaseOrders),
            Figure("two_phase_lock_p50_ms", view.twoPhaseLock, places: 2),
            Figure("local_lock_p50_ms", view.localLock, places: 2),
        ]
    }

    /// The counters of half messages, plain messages and two-phase commit side by side, and what moves them.
    private func lines(_ view: View) -> [ScenarioMoment.Line] {
        let online = online
        let orders = view.state.twoPhaseOrders
        func row(
            _ label: String, _ path: KeyPath<Consistency, Int>, _ isJudged: Bool = true
        ) -> ScenarioMoment.Line {
            let (half, plain) = (view.half?[keyPath: path], view.plain?[keyPath: path])
            let numbers = [Words.count(half), Words.count(plain), Words.grouped(orders)]
            return .init(
                label, Self.columns(numbers), needsAttention: isJudged && plain != view.plain?.paid)
        }
        var lines: [ScenarioMoment.Line] = [
            .init("", Self.columns(["half", "plain", "2PC"])),
            row("paid", \.paid, false), row("shipped", \.shipped), row("points", \.points),
            row("carts cleared", \.carts),
            .init("2PC holds locks", Words.milliseconds(view.twoPhaseLock)),
            .init("half holds lock", Words.milliseconds(view.localLock)),
            .init("paid by 2PC", "\(view.twoPhasePerSecond)/s"),
            .init("instances", online.joined(separator: ", "), needsAttention: online != ["up", "up"]),
            .init("check-backs", Words.grouped(view.state.checks)),
            .init("halves open", Words.count(view.open)),
            .init("left for you", "\(Words.count(view.left)) halves", needsAttention: (view.left ?? 0) > 0),
        ]
        if let problem = view.state.problem { lines.append(.init("problem", problem, needsAttention: true)) }
        return lines
    }

    /// Three numbers below each other in every line.
    private static func columns(_ words: [String]) -> String {
        words.map { Words.padded($0, 6) }.joined()
    }

    private func lookAt(_ view: View) -> String {
        if let left = view.left, left > 0 {
            return "\(left) halves wait for you: resolve them on the transactions screen (5), and all four follow."
        }
        let event = view.state.lastEvent
        return
            "Compare the columns: half messages even out after each fault, plain ones drift apart (marked), two-phase "
            + "commit agrees but locks four files."
            + (event.isEmpty ? "" : " Last: \(event).")
    }

    /// The counter by numbers alone, which is cheap enough for every second.
    private func counted() throws -> Consistency {
        Consistency(
            paid: try ledger.count(.paid), shipped: try services[0].count(), points: try services[1].count(),
            carts: try services[2].count())
    }

    private func plainCounted() throws -> Consistency {
        Consistency(
            paid: try plain.ledger.count(.paid), shipped: try plain.services[0].count(),
            points: try plain.services[1].count(), carts: try plain.services[2].count())
    }

    // MARK: Judging

    public func report() throws -> ScenarioReport {
        halt()
        // What the plain messages still owe comes within a moment, so that only what is wrong for good counts.
        _ = try waits(seconds: 3) { try plainCounted().shipped >= plain.expectedShipments() }
        let state = state.withLock { $0 }
        let halves = try unresolved()
        var facts = TransactionFacts()
        facts.half = try Consistency.measure(ledger, services)
        facts.plain = try Consistency.measure(plain.ledger, plain.services)
        facts.twoPhase = try twoPhase.consistency()
        facts.open = halves.open
        facts.left = halves.left
        facts.disputed = try ledger.count(.disputed)
        facts.unpaid = try ledger.count(.new, .waiting)
        facts.failed = try ledger.count(.failed)
        facts.checks = state.checks
        facts.crashes = state.crashes
        facts.repeats = services.reduce(0) { $0 + $1.repeats }
        facts.plainFailures = plain.failures.values.reduce(0, +)
        facts.localLock = state.localLocks.quantile(0.5)
        facts.twoPhaseLock = state.twoPhaseLocks.quantile(0.5)
        return facts.report()
    }
}

extension Consistency {
    /// Paid orders more than shipped ones; below 0 the other way round.
    var drift: Int { paid - shipped }
}

extension PlainPayments {
    /// Orders that logistics will have worked for in the end: all that a message was sent for.
    func expectedShipments() throws -> Int {
        let failures = failures
        return try ledger.count(.paid) - failures[.doneButNotSent, default: 0]
            + failures[.sentButFailed, default: 0] + failures[.timedOut, default: 0]
    }
}

/// What a run is judged by.
struct TransactionFacts: Sendable, Equatable {
    var half = Consistency()
    var plain = Consistency()
    var twoPhase = Consistency()
    /// Halves without an end that nobody left on purpose, those that somebody did, and the orders of these.
    var open = 0
    var left = 0
    var disputed = 0
    /// Orders without an end, and those given up.
    var unpaid = 0
    var failed = 0
    var checks = 0
    var crashes = 0
    var repeats = 0
    /// Failures that were caused on the way with plain messages.
    var plainFailures = 0
    /// Milliseconds.
    var localLock: Double?
    var twoPhaseLock: Double?

    func report() -> ScenarioReport {
        var checks: [ScenarioCheck] = [
            .atLeast("paid", Double(half.paid), 1),
            .equal("shipped", half.shipped, half.paid), .equal("points", half.points, half.paid),
            .equal("carts", half.carts, half.paid), .equal("paid_but_missing", half.missing, 0),
            .equal("worked_for_unpaid", half.unpaid, 0), .equal("worked_twice", half.doubled, 0),
            .equal("halves_open", open, 0), .equal("halves_left", left, disputed),
            .equal("orders_without_end", unpaid, 0),
            .atLeast("check_backs_after_crashes", Double(self.checks), crashes > 0 ? 1 : 0),
            .equal("two_phase_wrong", twoPhase.wrong, 0),
            .atLeast("two_phase_lock_by_local_lock", (twoPhaseLock ?? .nan) / (localLock ?? .nan), 2),
        ]
        if plainFailures > 0 { checks.append(.atLeast("plain_wrong", Double(plain.wrong), 1)) }
        return ScenarioReport(
            figures: [
                Figure("paid", half.paid), Figure("failed", failed), Figure("crashes", crashes),
                Figure("check_backs", self.checks), Figure("repeats_ignored", repeats), Figure("halves_left", left),
                Figure("plain_failures", plainFailures), Figure("plain_wrong", plain.wrong),
                Figure("two_phase_paid", twoPhase.paid), Figure("two_phase_lock_p50_ms", twoPhaseLock, places: 2),
                Figure("local_lock_p50_ms", localLock, places: 2),
                Figure("two_phase_ceiling_per_s", twoPhaseLock.map { 1000 / $0 }),
                Figure("local_ceiling_per_s", localLock.map { 1000 / $0 }),
            ], checks: checks,
            sentences: [
                "Half messages: \(half.text) after \(crashes) crashes and \(self.checks) check-backs.",
                "Plain messages: \(plain.text) after \(plainFailures) failures: \(plain.missing) works missing, "
                    + "\(plain.unpaid) for orders that were never paid.",
                "Two-phase commit: \(twoPhase.text); four files locked for \(Words.milliseconds(twoPhaseLock)) an order "
                    + "(median), one alone for \(Words.milliseconds(localLock)).",
            ])
    }
}
