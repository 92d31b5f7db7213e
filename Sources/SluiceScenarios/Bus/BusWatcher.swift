import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Hears everything that is said on the bus, as one more group that nobody else knows of: for the screen and the books.
final class BusWatcher: Sendable {
    /// When each kind of event of an order was stored first, epoch ms, and how many of its tickets.
    struct Life: Sendable {
        var bets: Int
        var moments: [LotteryEvent.Kind: Int64] = [:]
        var tickets: Set<Int> = []
        /// From placed to settled; nil while it is open.
        var milliseconds: Int64? {
            guard let start = moments[.placed], let end = moments[.settled] else { return nil }
            return end - start
        }
    }
    private struct State {
        var open: [Int: Life] = [:]
        var settled: Set<Int> = []
        /// The order that was settled last.
        var newest: (order: Int, life: Life)?
        var heard: [LotteryEvent.Kind: Int] = [:]
        var lives = LatencyHistogram()
        var recent = LatencyHistogram()
    }
    private let state = Mutex(State())
    private let consumer = Mutex<PushConsumer?>(nil)

    func start(_ connection: any Connection, topic: String, group: String) throws(APIError) {
        let new = PushConsumer(connection, ConsumerOptions(group: group, threads: 1, batch: 256)) {
            [weak self] messages in
            self?.hear(messages)
            return .success
        }
        try new.subscribe(topic)
        try new.start()
        consumer.withLock { $0 = new }
    }

    private func hear(_ messages: [StoredMessage]) {
        state.withLock { state in
            for message in messages {
                guard let event = LotteryEvent(message) else { continue }
                state.heard[event.kind, default: 0] += 1
                guard !state.settled.contains(event.order) else { continue }
                var life = state.open[event.order] ?? Life(bets: event.bets)
                if life.moments[event.kind] == nil { life.moments[event.kind] = message.storeTimestamp }
                if event.kind == .issued { life.tickets.insert(event.bet) }
                state.open[event.order] = life
                guard let milliseconds = life.milliseconds else { continue }
                state.open[event.order] = nil
                state.settled.insert(event.order)
                state.newest = (event.order, life)
                state.lives.add(microseconds: milliseconds * 1_000)
                state.recent.add(microseconds: milliseconds * 1_000)
            }
        }
    }

    func hasSettled(_ orders: Set<Int>) -> Bool { state.withLock { $0.settled.isSuperset(of: orders) } }
    var settledCount: Int { state.withLock { $0.settled.count } }
    /// Order lives of the whole run, in ms.
    var lives: LatencyHistogram { state.withLock { $0.lives } }
    func heard(_ kind: LotteryEvent.Kind) -> Int { state.withLock { $0.heard[kind] ?? 0 } }

    /// Lives of the orders settled since the last call.
    func takeRecent() -> LatencyHistogram {
        state.withLock { state in
            defer { state.recent = LatencyHistogram() }
            return state.recent
        }
    }

    /// The order to look at: the oldest that is open for more than a second, else the one settled last.
    var lookedAt: (order: Int, life: Life)? {
        let now = wallMilliseconds()
        return state.withLock { state in
            let oldest = state.open.min { $0.key < $1.key }
            if let oldest, let placed = oldest.value.moments[.placed], now - placed > 1_000 {
                return (oldest.key, oldest.value)
            }
            return state.newest
        }
    }

    func stop() {
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
    }
}
