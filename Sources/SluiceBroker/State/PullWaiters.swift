import SluiceMessage
import SluiceStorage

/// Pulls that wait for a message (long polling), by queue.
struct PullWaiters {
    struct Waiter {
        var request: PullRequest
        /// Epoch ms.
        var deadline: Int64
        var reply: Reply
    }
    private var byQueue: [QueueID: [Waiter]] = [:]
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

    /// Takes out the waiters whose time is over.
    mutating func expire(_ now: Int64) -> [Waiter] {
        guard let deadline = nextDeadline, deadline <= now else { return [] }
        var over: [Waiter] = []
        nextDeadline = nil
        for (id, waiters) in byQueue {
            let kept = waiters.filter { $0.deadline > now }
            over += waiters.filter { $0.deadline <= now }
            byQueue[id] = kept.isEmpty ? nil : kept
            if let next = kept.map(\.deadline).min() { nextDeadline = min(nextDeadline ?? .max, next) }
        }
        return over
    }

    /// Takes out the waiters of a topic, a group or a client that goes away.
    mutating func take(where matches: (PullRequest) -> Bool) -> [Waiter] {
        var taken: [Waiter] = []
        for (id, waiters) in byQueue where waiters.contains(where: { matches($0.request) }) {
            taken += waiters.filter { matches($0.request) }
            let kept = waiters.filter { !matches($0.request) }
            byQueue[id] = kept.isEmpty ? nil : kept
        }
        return taken
    }
}
