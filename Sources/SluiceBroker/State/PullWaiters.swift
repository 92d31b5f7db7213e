import SluiceMessage
import SluiceStorage

/// Pulls that wait: for a message (long polling), by queue, or at a gate for their turn, by group.
struct PullWaiters {
    struct Waiter {
        var request: PullRequest
        /// Epoch ms.
        var deadline: Int64
        var reply: Reply
    }
    private var byQueue: [QueueID: [Waiter]] = [:]
    /// In the order they came.
    private var atGates: [String: [Waiter]] = [:]
    /// Queues somebody waits for, by identity: the test on the path of every message.
    private var watched: Set<ObjectIdentifier> = []
    private var touched: [ConsumeQueue] = []
    private(set) var nextDeadline: Int64?

    mutating func add(_ waiter: Waiter, on queue: ConsumeQueue) {
        byQueue[waiter.request.queue, default: []].append(waiter)
        watched.insert(ObjectIdentifier(queue))
        nextDeadline = min(nextDeadline ?? .max, waiter.deadline)
    }

    /// A message was appended: its waiters are looked at when it is confirmed.
    @inline(__always)
    mutating func touch(_ queue: ConsumeQueue) {
        guard !watched.isEmpty, watched.remove(ObjectIdentifier(queue)) != nil else { return }
        touched.append(queue)
    }

    /// Waiters of the queues that got messages.
    mutating func takeTouched() -> [Waiter] {
        guard !touched.isEmpty else { return [] }
        defer { touched.removeAll(keepingCapacity: true) }
        return touched.flatMap { byQueue.removeValue(forKey: QueueID($0.topic, Int($0.queue))) ?? [] }
    }

    // MARK: At gates

    mutating func add(_ waiter: Waiter, atGateOf group: String) {
        atGates[group, default: []].append(waiter)
        nextDeadline = min(nextDeadline ?? .max, waiter.deadline)
    }

    var gates: [String] { atGates.isEmpty ? [] : Array(atGates.keys) }
    func isAnyAtGate(of group: String) -> Bool { atGates[group] != nil }

    /// Takes out the one whose queue had its turn the longest ago; of several the one that came first.
    mutating func takeNext(atGateOf group: String, lastTurn: (QueueID) -> Int64) -> Waiter? {
        guard var waiting = atGates[group] else { return nil }
        let turns = waiting.map { lastTurn($0.request.queue) }
        guard let next = turns.indices.min(by: { turns[$0] < turns[$1] }) else { return nil }
        let waiter = waiting.remove(at: next)
        atGates[group] = waiting.isEmpty ? nil : waiting
        return waiter
    }

    mutating func takeAll(atGateOf group: String) -> [Waiter] { atGates.removeValue(forKey: group) ?? [] }

    // MARK: Ends

    /// Takes out the waiters whose time is over.
    mutating func expire(_ now: Int64) -> [Waiter] {
        guard let deadline = nextDeadline, deadline <= now else { return [] }
        let over = takeOut(&byQueue, { $0.deadline <= now }) + takeOut(&atGates, { $0.deadline <= now })
        let left = [byQueue.values.joined().map(\.deadline).min(), atGates.values.joined().map(\.deadline).min()]
        nextDeadline = left.compactMap(\.self).min()
        return over
    }

    private func takeOut<Key>(_ lists: inout [Key: [Waiter]], _ isOut: (Waiter) -> Bool) -> [Waiter] {
        var taken: [Waiter] = []
        for (key, waiters) in lists where waiters.contains(where: isOut) {
            taken += waiters.filter(isOut)
            let kept = waiters.filter { !isOut($0) }
            lists[key] = kept.isEmpty ? nil : kept
        }
        return taken
    }

    /// Takes out the waiters of a topic, a group or a client that goes away.
    mutating func take(where matches: (PullRequest) -> Bool) -> [Waiter] {
        takeOut(&byQueue, { matches($0.request) }) + takeOut(&atGates, { matches($0.request) })
    }
}
