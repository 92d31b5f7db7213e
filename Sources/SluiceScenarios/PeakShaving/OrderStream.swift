/// The endless stream of order events of a shop: many orders at once, each going from version to version, and now and
/// then what networks and retrying callers do to it: an event twice, or a version behind its successor.
public struct OrderStream: Sendable {
    private struct Order {
        var id: Int64
        var version: Int
        var cents: Int
    }
    private var open: [Order] = []
    private var nextOrder: Int64 = 1
    private var nextNumber = 0
    private var random: SplitMix
    /// Events made out of turn that still have to go out.
    private var pending: [(event: OrderEvent, isLate: Bool)] = []
    /// Events sent a second time, and events sent after a later version of their order: what a landing has to drop.
    /// Counted as they go out: one still pending when the stream ends is none.
    public private(set) var duplicates = 0
    public private(set) var late = 0

    /// - Parameter openOrders: orders on their way at any moment.
    public init(seed: UInt64, openOrders: Int = 400) {
        random = SplitMix(state: seed)
        for _ in 0..<openOrders { open.append(newOrder()) }
    }

    /// The next event to publish.
    public mutating func next() -> OrderEvent {
        if let (event, isLate) = pending.popLast() {
            if isLate { late += 1 } else { duplicates += 1 }
            return numbered(event)
        }
        let slot = Int(random.next() % UInt64(open.count))
        let event = step(slot)
        let luck = random.next() % 1000
        if luck < 3 {
            pending.append((event, false))
        } else if luck < 5 && open[slot].version < OrderEvent.versions {
            pending.append((event, true))
            return numbered(step(slot))
        }
        return numbered(event)
    }

    private mutating func step(_ slot: Int) -> OrderEvent {
        if open[slot].version == OrderEvent.versions { open[slot] = newOrder() }
        open[slot].version += 1
        let order = open[slot]
        return OrderEvent(number: 0, order: order.id, version: order.version, cents: order.cents)
    }

    private mutating func newOrder() -> Order {
        defer { nextOrder += 1 }
        return Order(id: nextOrder, version: 0, cents: 100 + Int(random.next() % 50_000))
    }

    private mutating func numbered(_ event: OrderEvent) -> OrderEvent {
        defer { nextNumber += 1 }
        var event = event
        event.number = nextNumber
        return event
    }
}

/// A small random generator with a seed (SplitMix64), so that a run can be repeated.
struct SplitMix: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
