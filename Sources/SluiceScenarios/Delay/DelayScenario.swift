import Foundation
import SluiceAPI
import SluiceClient
import Synchronization

/// Delayed messages as a clock that nobody has to look at: orders are cancelled unless they are paid in time.
public final class DelayScenario: Scenario {
    public static let about = ScenarioAbout(
        name: "delay", title: "Orders, cancelled unless paid in time",
        claim:
            "Each order's timeout is one delayed message: none comes early, none is lost, none cancels what was paid, "
            + "and a broker that was dead over the moment settles all when it is back.",
        faults: [
            ScenarioFault(
                "broker", "kills a broker over the moment at which orders are due, and starts it again",
                killsBroker: true)
        ]
    )

    private struct State {
        /// Nil where the book could not be read.
        var last: DelayTotals? = DelayTotals()
        var outage: OutageTotals?
        var outageStep: String?
        /// Epoch ms between which the stage's own broker was away.
        var away: ClosedRange<Int64>?
        var problem: String?
    }
    private let stage: ScenarioStage
    private let book: UnpaidOrderBook
    private let desk: OrderDesk
    private let customers: Customers
    private let state = Mutex(State())
    private let started = Mutex(monotonicSeconds())
    private let isClosed = Mutex(false)

    public convenience init(_ stage: ScenarioStage) throws { try self.init(stage, settle: nil) }

    /// - Parameter settle: in tests, a consumer that does not do what is right.
    init(_ stage: ScenarioStage, settle: (@Sendable (OrderTimeout, UnpaidOrderBook) throws -> Void)?) throws {
        self.stage = stage
        let book = try UnpaidOrderBook(path: stage.folder + "/unpaid-orders.sqlite")
        self.book = book
        let act: @Sendable (OrderTimeout) throws -> Void = { timeout in
            if let settle { try settle(timeout, book) } else { try book.settle(timeout, at: wallMilliseconds()) }
        }
        desk = OrderDesk(
            book: book, topic: stage.name("order-timeouts"), group: try stage.makeGroup("order-cancellation"),
            settle: act)
        var habits = Customers.Habits()
        if let seconds = stage.options.seconds {
            // A run that ends has to see orders fall due.
            let longest = Int64(max(1.5, min(6, seconds / 3)) * 1000)
            habits.window = 1_000...longest
            habits.levels = [1]
        }
        customers = Customers(desk, habits)
    }

    public func start() throws {
        _ = try stage.makeTopic("order-timeouts", queues: 4)
        try desk.connect(stage.broker)
        started.withLock { $0 = monotonicSeconds() }
        customers.start()
        if stage.options.seconds != nil, !stage.canKillBroker, stage.executable != nil { try cause("broker") }
    }

    // MARK: What a hand can do

    public func press(_ key: Character) {
        do {
            let next = try book.open(limit: 1).first?.id
            switch (key, next) {
            case ("y", let id?): try desk.pay(id)
            case ("e", let id?): try desk.extend(id, by: 10_000)
            case ("c", let id?): try desk.withdraw(id)
            case ("x", _): try cause("broker")
            default: break
            }
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    public func cause(_ fault: String) throws {
        guard fault == "broker" else { throw unknownFault(fault, of: Self.self) }
        let isBusy = state.withLock { state in
            defer { state.outageStep = state.outageStep ?? "begins" }
            return state.outageStep != nil
        }
        guard !isBusy else { return }
        if !stage.canKillBroker, stage.executable == nil {
            state.withLock { $0.outageStep = nil }
            throw APIError(.unavailable, "There is no program to run a broker with that could be killed.")
        }
        Thread { [self] in
            do {
                if stage.canKillBroker { try killStageBroker() } else { try killOwnBroker() }
            } catch {
                state.withLock { $0.problem = "The broker's outage failed: \(error)" }
            }
            state.withLock { $0.outageStep = nil }
        }.start()
    }

    /// Kills the broker that the orders wait in.
    private func killStageBroker() throws {
        let from = wallMilliseconds()
        desk.pause(true)
        defer { desk.pause(false) }
        // Nobody is left without an answer to what he asked.
        sleep(untilMonotonic: monotonicSeconds() + 0.3)
        say("the broker is dead; what falls due now waits for it")
        try stage.killBroker()
        sleep(untilMonotonic: monotonicSeconds() + 3)
        say("the broker starts again")
        try stage.restartBroker()
        // What was due just before the kill may not have been handled, and the consumer has to find the broker again.
        state.withLock { $0.away = (from - 1_000)...(wallMilliseconds() + 3_000) }
    }

    /// Kills a broker of its own, with orders of its own, where the one that is used here must not die.
    private func killOwnBroker() throws {
        let folder = stage.folder + "/outage-\(wallMilliseconds())"
        let executable = stage.executable ?? ""
        let totals = try BrokerOutage().run(executable: executable, folder: folder, onStep: say)
        state.withLock { $0.outage = totals }
    }

    private func say(_ step: String) { state.withLock { $0.outageStep = step } }

    // MARK: What is seen

    public func moment() -> ScenarioMoment {
        let now = wallMilliseconds()
        let away = state.withLock { $0.away }
        // Nil where the book could not be read.
        let totals = try? book.totals(at: now - 1_000, without: away)
        let (before, step) = state.withLock { state in
            defer { state.last = totals }
            return (state.last, state.outageStep)
        }
        let cancelled = totals.flatMap { totals in before.map { Double(totals.cancelled - $0.cancelled) } }
        let p99 = totals?.lateness.quantile(0.99)
        let seconds = monotonicSeconds() - started.withLock { $0 }
        return ScenarioMoment(
            seconds: seconds,
            figures: [
                Figure("open", totals?.open), Figure("paid", totals?.paid), Figure("cancelled", totals?.cancelled),
                Figure("withdrawn", totals?.withdrawn), Figure("extended", totals?.extended),
                Figure("late_p99_ms", p99), Figure("overdue", totals?.lost),
            ],
            lines: lines(totals, now, p99, step),
            series: [
                .init("orders waiting", unit: "", totals.map { Double($0.open) }),
                .init("cancelled", unit: "/s", cancelled),
                .init("late p99", unit: "ms", p99),
            ], lookAt: lookAt(step), keys: keys,
            text:
                "\(Words.count(totals?.open)) wait, \(Words.count(totals?.paid)) paid, "
                + "\(Words.count(totals?.cancelled)) cancelled, \(Words.count(totals?.withdrawn)) withdrawn, "
                + "late p99 \(p99.map { "\(Int($0))" } ?? "-") ms" + (step.map { "; " + $0 } ?? ""))
    }

    private func lookAt(_ step: String?) -> String {
        if let step { return "The outage: \(step)." }
        return desk.hasExactTimes
            ? "The countdowns reach zero and the order is cancelled in that moment, by no timer of ours."
            : "This broker has levels only: each order waits for one of its fixed times."
    }

    private var keys: [ScenarioMoment.Key] {
        var keys: [ScenarioMoment.Key] = [
            .init("y", "pay the next"), .init("e", "10 s more"), .init("c", "cancel the next"),
        ]
        if stage.canKillBroker || stage.executable != nil { keys.append(.init("x", "kill broker over due time")) }
        return keys
    }

    private func lines(
        _ totals: DelayTotals?, _ now: Int64, _ p99: Double?, _ step: String?
    ) -> [ScenarioMoment.Line] {
        var lines = ((try? book.open(limit: 4)) ?? []).map { order in
            ScenarioMoment.Line(
                "order \(order.id)", Self.countdown(order.due - now) + (order.isExact ? "  exact" : "  level"))
        }
        if desk.isConnected {
            lines.append(.init("due times", desk.hasExactTimes ? "exact, and levels" : "levels only"))
        }
        lines += [
            .init("waiting", Words.count(totals?.open)), .init("paid", Words.count(totals?.paid)),
            .init("cancelled", Words.count(totals?.cancelled)),
            .init("withdrawn", Words.count(totals?.withdrawn)), .init("extended", Words.count(totals?.extended)),
            .init("late p99", p99.map { "\(Int($0.rounded())) ms" } ?? "–"),
        ]
        if let outage = state.withLock({ $0.outage }) {
            let all = outage.totals
            lines.append(
                .init(
                    "after the kill", "\(all.cancelled) of \(all.placed) settled",
                    needsAttention: all.lost > 0))
        }
        if step != nil { lines.append(.init("outage", "under way", needsAttention: true)) }
        if let problem { lines.append(.init("problem", problem, needsAttention: true)) }
        return lines
    }

    /// As `in 12.3 s`, or `now`.
    static func countdown(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "now" }
        return "in \(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    private var problem: String? { state.withLock { $0.problem } ?? customers.problem ?? desk.problem }

    // MARK: The end

    public func endLoad() { customers.stopOrdering() }

    public var isSettled: Bool {
        guard state.withLock({ $0.outageStep == nil }) else { return false }
        return (try? book.open(limit: 1).isEmpty) ?? false
    }

    public func report() throws -> ScenarioReport {
        customers.stop()
        let state = state.withLock { $0 }
        let totals = try book.totals(at: wallMilliseconds(), without: state.away)
        return Self.report(
            totals, outage: state.outage, canRevoke: desk.works(.delayCancel), mayRefuse: state.away != nil)
    }

    public func close() {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        guard !wasClosed else { return }
        customers.stop()
        _ = waits(seconds: 30) { state.withLock { $0.outageStep == nil } }
        if stage.isKept { desk.withdrawAll() }
        desk.disconnect()
        try? book.close()
    }
}
