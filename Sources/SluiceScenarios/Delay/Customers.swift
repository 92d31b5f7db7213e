import Foundation
import Synchronization

/// People who order, and then pay, ask for more time, withdraw, or forget about it.
final class Customers: Sendable {
    struct Habits: Sendable {
        /// Orders a second.
        var perSecond = 20.0
        /// Milliseconds that an order may be unpaid.
        var window: ClosedRange<Int64> = 3_000...15_000
        /// Levels used beside exact times.
        var levels = [2, 3]
        /// Shares of the orders that are paid, extended and then paid or not, and withdrawn.
        var paying = 0.5
        var extending = 0.15
        var withdrawing = 0.1
    }
    private struct Plan {
        var at: Double
        var order: Int64
        var act: @Sendable (OrderDesk, Int64) throws -> Void
    }
    private struct State {
        var random: SplitMix
        var plans: [Plan] = []
        var owed = 0.0
        var isOrdering = true
        var problem: String?
    }
    private let desk: OrderDesk
    private let habits: Habits
    private let state: Mutex<State>
    private let repeater = Repeater()
    private static let step = 0.02

    init(_ desk: OrderDesk, _ habits: Habits, seed: UInt64 = 7) {
        self.desk = desk
        self.habits = habits
        state = Mutex(State(random: SplitMix(state: seed)))
    }

    func start() { repeater.start(every: Self.step) { [weak self] in self?.live() } }
    /// No new orders; what was planned for the old ones still happens.
    func stopOrdering() { state.withLock { $0.isOrdering = false } }
    func stop() { repeater.stop() }
    var problem: String? { state.withLock { $0.problem } }

    private func live() {
        let now = monotonicSeconds()
        let (due, count) = state.withLock { state -> ([Plan], Int) in
            let due = state.plans.filter { $0.at <= now }
            state.plans.removeAll { $0.at <= now }
            guard state.isOrdering, desk.isConnected else { return (due, 0) }
            state.owed = min(state.owed + Self.step * habits.perSecond, habits.perSecond)
            let count = Int(state.owed)
            state.owed -= Double(count)
            return (due, count)
        }
        do {
            for plan in due { try plan.act(desk, plan.order) }
            for _ in 0..<count { try order() }
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    private func order() throws {
        let (luck, window, level) = state.withLock { state in
            let span = UInt64(habits.window.upperBound - habits.window.lowerBound + 1)
            let window = habits.window.lowerBound + Int64(state.random.next() % span)
            let usesLevel = !habits.levels.isEmpty && state.random.next() % 2 == 0
            let level = usesLevel ? habits.levels[Int(state.random.next() % UInt64(habits.levels.count))] : nil
            return (Double(state.random.next() % 1000) / 1000, window, level)
        }
        // Where the broker has no exact times, every order takes a level.
        let wanted = level ?? (desk.hasExactTimes ? nil : habits.levels.first ?? 1)
        guard let id = try desk.place(wanted.map { .level($0) } ?? .exact(window)) else { return }
        plan(id, luck, Double(habits.window.lowerBound) / 1000)
    }

    /// Decides what the customer will do before the time is over, if anything.
    private func plan(_ id: Int64, _ luck: Double, _ seconds: Double) {
        let at = monotonicSeconds() + seconds * (0.1 + 0.5 * luck)
        let more = Int64(seconds * 1000)
        state.withLock { state in
            if luck < habits.paying {
                state.plans.append(Plan(at: at, order: id) { try $0.pay($1) })
            } else if luck < habits.paying + habits.extending {
                state.plans.append(Plan(at: at, order: id) { try $0.extend($1, by: more) })
            } else if luck < habits.paying + habits.extending + habits.withdrawing {
                state.plans.append(Plan(at: at, order: id) { try $0.withdraw($1) })
            }
        }
    }
}
