import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceBroker

@Suite("Tokens of gates")
struct GateStateTests {
    private let queue = QueueID("t", 0)

    @Test("a bucket fills at its rate up to its burst, and knows when it holds so many")
    func bucket() {
        var bucket = TokenBucket(perSecond: 10, burst: 3, level: 0, now: 1_000)
        #expect(bucket.take(upTo: 5) == 0)
        #expect(bucket.moment(of: 1) == 1_100 && bucket.moment(of: 2) == 1_200)
        bucket.refill(1_099)
        #expect(bucket.take(upTo: 5) == 0)
        bucket.refill(1_100)
        #expect(bucket.take(upTo: 5) == 1)
        bucket.refill(9_000)
        #expect(bucket.take(upTo: 2) == 2 && bucket.take(upTo: 9) == 1)
        // While somebody waits, the owner's being late loses nothing, up to a second.
        bucket.refill(9_600, isWanted: true)
        #expect(bucket.take(upTo: 9) == 6)
        bucket.refill(20_000, isWanted: true)
        #expect(bucket.take(upTo: 99) == 13)
        bucket.giveBack(7)
        #expect(bucket.moment(of: 7) == 20_000 && bucket.take(upTo: 99) == 7)
    }

    @Test(
        "the moment a bucket names is the first at which it holds them, at any rate",
        arguments: [0.1, 0.3, 7, 333, 1e6])
    func moments(rate: Double) {
        var bucket = TokenBucket(perSecond: rate, burst: max(1, rate / 10), level: 0, now: 0)
        var now: Int64 = 0
        for _ in 0..<200 {
            let moment = bucket.moment(of: 1)
            #expect(moment > now)
            bucket.refill(moment - 1)
            #expect(moment - 1 == now || !bucket.holds(1))
            bucket.refill(moment)
            #expect(bucket.holds(1))
            now = moment
            _ = bucket.take(upTo: .max >> 1)
        }
    }

    @Test("a ticket gives back what did not pass, once, and all of it when nobody read")
    func tickets() throws {
        var gate = try #require(GateState(.limited(perSecond: 100), now: 0))
        gate.refill(100, isWanted: false)
        let taken = gate.take(upTo: 32, for: queue)
        let ticket = try #require(taken)
        #expect(ticket.count == 10)
        #expect(gate.take(upTo: 1, for: queue) == nil)
        ticket.passed(4)
        ticket.passed(0)
        gate.refill(100, isWanted: false)
        #expect(gate.take(upTo: 32, for: queue)?.count == 6)
        // That one was dropped at once.
        gate.refill(100, isWanted: false)
        #expect(gate.take(upTo: 4, for: queue).map { $0.passed(9) } != nil)
        gate.refill(100, isWanted: false)
        #expect(gate.take(upTo: 32, for: queue)?.count == 2)
    }

    @Test("portions are 20 ms of the rate and at least one message; a paused gate has none")
    func portions() throws {
        var gate = try #require(GateState(.limited(perSecond: 1_000), now: 0))
        #expect(gate.nextPortion == 20 && !gate.hasPortion)
        gate.refill(20, isWanted: true)
        #expect(gate.hasPortion)
        #expect(try #require(GateState(.limited(perSecond: 0.1), now: 0)).nextPortion == 10_000)
        var paused = try #require(GateState(.paused, now: 0))
        paused.refill(1 << 40, isWanted: true)
        #expect(!paused.hasPortion && paused.nextPortion == nil && paused.take(upTo: 1, for: queue) == nil)
        #expect(GateState(.open, now: 0) == nil)
    }

    @Test("a rate is told from the last ten seconds")
    func recentRate() {
        var rate = RecentRate()
        #expect(rate.perSecond(0, total: 5) == 0)
        for second in 0..<30 { rate.add(Int64(second) * 1_000, total: Int64(second) * 50) }
        #expect(rate.perSecond(29_500, total: 29 * 50 + 25) == 50)
        for second in 30..<40 { rate.add(Int64(second) * 1_000, total: 30 * 50) }
        #expect(rate.perSecond(40_000, total: 30 * 50) == 0)
    }
}
