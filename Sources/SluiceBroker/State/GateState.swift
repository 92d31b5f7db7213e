import SluiceAPI
import SluiceMessage
import Synchronization

/// A gate that is not open: what a consumer group may still be handed. A value that takes `now`; what did not pass a
/// reader's filter comes back through an atomic.
struct GateState {
    let setting: GateSetting
    /// Nil while paused.
    private var bucket: TokenBucket?
    private let returned = DeliveryCounter()
    private var returnedSeen: Int64 = 0
    /// When each queue had its last turn, counted in turns.
    private var turns: [QueueID: Int64] = [:]
    private var turn: Int64 = 0

    /// Messages a second that a gate can be limited to.
    static let rates = 0.1...1_000_000

    /// Nil for an open gate.
    init?(_ setting: GateSetting, now: Int64) {
        self.setting = setting
        switch setting {
        case .open: return nil
        case .paused: bucket = nil
        case .limited(let rate):
            bucket = TokenBucket(perSecond: rate, burst: max(1, rate / 10), level: 0, now: now)
        }
    }

    /// What those who wait get at once: tokens of 20 ms, so that a turn of the owner is not spent for each message.
    private func portion(_ bucket: TokenBucket) -> Double { max(1, bucket.perSecond / 50) }

    /// Brings the tokens up to date. `isWanted` says that pulls wait for them.
    mutating func refill(_ now: Int64, isWanted: Bool) {
        guard bucket != nil else { return }
        let total = returned.total
        if total != returnedSeen { bucket?.giveBack(total - returnedSeen) }
        returnedSeen = total
        bucket?.refill(now, isWanted: isWanted)
    }

    /// True when one that waits may have its turn.
    var hasPortion: Bool { bucket.map { $0.holds(portion($0)) } ?? false }

    /// When the next one that waits has its turn; epoch ms, nil while paused.
    var nextPortion: Int64? { bucket.map { $0.moment(of: portion($0)) } }

    /// Tokens for a pull, as many as there are; nil when there are none.
    mutating func take(upTo wanted: Int, for queue: QueueID) -> GateTicket? {
        guard let count = bucket?.take(upTo: wanted), count > 0 else { return nil }
        turn += 1
        turns[queue] = turn
        return GateTicket(count, returned)
    }

    /// The lower, the longer ago a queue had its turn.
    func lastTurn(of queue: QueueID) -> Int64 { turns[queue] ?? 0 }
}

/// Tokens that a pull was handed. What its reader does not count as delivered goes back: when it counts, or when the
/// answer is dropped unread.
final class GateTicket: Sendable {
    /// Messages that may pass.
    let count: Int
    private let left: Atomic<Int>
    private let returned: DeliveryCounter

    init(_ count: Int, _ returned: DeliveryCounter) {
        self.count = count
        left = Atomic(count)
        self.returned = returned
    }

    /// So many passed. Counts once.
    func passed(_ passed: Int) {
        let unused = left.exchange(0, ordering: .relaxed) - passed
        if unused > 0 { returned.add(unused) }
    }

    deinit { passed(0) }
}

/// How far a queue's messages are in the hands of a group's client: set by the owner to where it pulls from, raised by the
/// reader to what it read.
final class HandOut: Sendable {
    private let value: Atomic<Int64>
    /// What readers with a filter of their own (SQL) looked at, and what of it passed.
    private let looked = Atomic<Int64>(0)
    private let passed = Atomic<Int64>(0)
    init(_ offset: Int64) { value = Atomic(offset) }
    var offset: Int64 { value.load(ordering: .relaxed) }
    func set(_ offset: Int64) { value.store(offset, ordering: .relaxed) }
    func raise(to offset: Int64) { value.max(offset, ordering: .relaxed) }

    func count(passed some: Int, of all: Int) {
        looked.wrappingAdd(Int64(all), ordering: .relaxed)
        passed.wrappingAdd(Int64(some), ordering: .relaxed)
    }

    /// The share of messages that readers' own filters let pass, 0...1; 1 where nothing was looked at.
    var share: Double {
        let all = looked.load(ordering: .relaxed)
        return all > 0 ? min(1, Double(passed.load(ordering: .relaxed)) / Double(all)) : 1
    }
}

/// Totals of the last ten seconds, one a second: what a rate is told from.
struct RecentRate {
    private var samples: [(time: Int64, total: Int64)] = []
    private static let span: Int64 = 10_000

    mutating func add(_ now: Int64, total: Int64) {
        samples.append((now, total))
        while samples.count > 2, samples[1].time <= now - Self.span { samples.removeFirst() }
    }

    /// Per second, from the oldest sample to `total` now.
    func perSecond(_ now: Int64, total: Int64) -> Double {
        guard let from = samples.first(where: { $0.time >= now - Self.span }), now > from.time else { return 0 }
        return Double(total - from.total) * 1_000 / Double(now - from.time)
    }
}
