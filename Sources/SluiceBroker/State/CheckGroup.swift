/// Unresolved halves of one producer group, and its share of check-backs.
struct CheckGroup {
    var name: String
    var unresolved = 0
    var setAside = 0
    /// Halves whose check is due, first come first served; resolved ones among them are passed over.
    private var queue: ContiguousArray<Int64> = []
    private var head = 0
    /// Those of them that still wait.
    private(set) var waiting = 0
    /// Before this time it has used its share; µs since the epoch.
    private var openFrom: Int64 = 0
    /// It stands among the groups that wait for their turn.
    var hasTurn = false
    /// It is listed as having no halves.
    var isIdle = false

    init(_ name: String) { self.name = name }

    mutating func wait(_ key: Int64) {
        queue.append(key)
        waiting += 1
    }

    mutating func waitAgain(_ key: Int64) {
        waiting += 1
        if head > 0 {
            head -= 1
            queue[head] = key
        } else {
            queue.insert(key, at: 0)
        }
    }

    /// The first in the queue, be it still waiting or not.
    var first: Int64? { head < queue.count ? queue[head] : nil }

    mutating func removeFirst() {
        head += 1
        guard head > 1_024, head * 2 > queue.count else { return }
        queue.removeFirst(head)
        head = 0
    }

    /// One that waited was taken, or resolved. True when the queue holds mostly such.
    mutating func leave() -> Bool {
        waiting -= 1
        return queue.count - head > 1_024 && waiting * 2 < queue.count - head
    }

    mutating func keep(_ isWaiting: (Int64) -> Bool) {
        queue = ContiguousArray(queue[head...].filter(isWaiting))
        head = 0
    }

    // MARK: The share

    /// A turn of the owner that comes late catches up on so many µs.
    private static let slack: Int64 = 20_000

    /// The group was asked once: the next one has to wait so long that no second holds more than `perSecond`.
    mutating func charge(now: Int64, perSecond: Int) {
        let interval = (1_000_000 + Self.slack) / Int64(max(1, perSecond))
        openFrom = max(openFrom, now * 1_000 - Self.slack) + interval
    }

    /// Lets the group rest until `time`, epoch ms.
    mutating func hold(until time: Int64) { openFrom = max(openFrom, time * 1_000) }

    /// Epoch ms from which it may be asked again.
    var openAt: Int64 { (openFrom + 999) / 1_000 }
}
