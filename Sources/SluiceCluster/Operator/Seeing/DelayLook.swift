import SluiceAPI
import SluiceMessage
import SluiceRemoting

/// Delays of one broker that are pending: its schedule queues from what was delivered to their ends, and what waits in the
/// timer of RocketMQ 5. Looked at incrementally, and no further than a bound.
actor DelayLook {
    struct Found: Sendable {
        var items: [PendingDelay] = []
        /// All that are pending, those not looked at included.
        var total = 0
        /// What is not in `items`, in a sentence; nil where nothing is missing.
        var note: String?
    }

    private struct Level {
        var pending: [(offset: Int64, delay: PendingDelay)] = []
        var next: Int64 = 0
        var delivered: Int64 = 0
        var end: Int64 = 0
    }

    /// One of several looks on their way. The start stands beside the result, not in a tuple made around a call that throws:
    /// optimised builds (Swift 6.3) were seen to lose most of what was read there.
    private struct Part: Sendable {
        let start: Int64
        let look: Result<QueueLook, APIError>

        init(_ broker: StockBroker, _ topic: String, _ queue: Int, from start: Int64) async {
            self.start = start
            do throws(APIError) {
                look = .success(try await broker.look(topic, queue, from: start))
            } catch {
                look = .failure(error)
            }
        }
    }

    private let broker: StockBroker
    private var levels: [Int: Level] = [:]
    private var timer: [String: (offset: Int64, delay: PendingDelay)] = [:]
    private var nextTimer: Int64 = 0
    private var timerNote: String?
    private var lookedAt: Int64 = .min / 2
    private var flight: Task<APIError?, Never>?

    /// Messages of one level that are looked at, soonest first.
    static let mostOfLevel = 5_000
    /// Messages of the timer's topic that are looked at, newest first.
    static let mostOfTimer: Int64 = 2_000
    private static let inFlight = 16

    init(_ broker: StockBroker) { self.broker = broker }

    func pending(now: Int64, levels milliseconds: [Int64], fresh: Bool = false) async throws(APIError) -> Found {
        if let flight { _ = await flight.value }
        if fresh || now - lookedAt >= 900 {
            let task = Task { () -> APIError? in
                do throws(APIError) {
                    try await self.update(milliseconds, now)
                    return nil
                } catch { return error }
            }
            flight = task
            let failure = await task.value
            if flight == task { flight = nil }
            if let failure { throw failure }
            lookedAt = now
        }
        return found(now)
    }

    private func found(_ now: Int64) -> Found {
        var found = Found()
        var unseen: Int64 = 0
        for level in levels.values {
            found.items += level.pending.map(\.delay)
            found.total += Int(level.end - level.delivered)
            unseen += max(0, level.end - level.next)
        }
        let waiting = timer.values.map(\.delay).filter { $0.due > now }
        found.items += waiting
        found.total += waiting.count
        found.items.sort { ($0.due, $0.id) < ($1.due, $1.id) }
        var notes: [String] = []
        if unseen > 0 {
            notes.append("\(unseen) later ones on broker \(broker.node.name) were not looked at")
        }
        if let timerNote { notes.append(timerNote) }
        found.note = notes.isEmpty ? nil : notes.joined(separator: "; ")
        return found
    }

    private func update(_ milliseconds: [Int64], _ now: Int64) async throws(APIError) {
        let (queues, _) = try await broker.topicStats(TopicName.schedule)
        if let queues {
            let delivered = try await broker.delayOffsets()
            for (queue, status) in queues where status.maxOffset > 0 {
                let from = max(delivered[queue + 1] ?? 0, status.minOffset)
                try await update(queue, from: from, to: status.maxOffset, milliseconds)
            }
        } else {
            levels = [:]
        }
        if broker.node.kind == .rocketmq5 { try await updateTimer(now) }
    }

    private func update(
        _ queue: Int, from: Int64, to end: Int64, _ milliseconds: [Int64]
    ) async throws(APIError) {
        var level = levels[queue] ?? Level()
        if end < level.end { level = Level() }
        level.delivered = min(from, end)
        level.end = end
        level.next = max(level.next, from)
        level.pending.removeAll { $0.offset < from }
        levels[queue] = level
        let limit = min(end, from + Int64(Self.mostOfLevel))
        guard level.next < limit else { return }
        let delay = milliseconds.isEmpty ? 0 : milliseconds[min(queue, milliseconds.count - 1)]
        let (messages, next) = try await read(TopicName.schedule, queue, from: level.next, to: limit)
        level.pending += messages.filter { $0.queueOffset >= level.next }.map {
            ($0.queueOffset, pending($0, due: $0.storeTimestamp + delay, level: queue + 1))
        }
        level.next = next
        levels[queue] = level
    }

    /// Reads a stretch of a queue with several requests on their way; returns how far it came without a gap.
    private func read(
        _ topic: String, _ queue: Int, from: Int64, to end: Int64
    ) async throws(APIError) -> ([StoredMessage], Int64) {
        var messages: [StoredMessage] = []
        var at = from
        while at < end {
            let starts = stride(from: at, to: end, by: 32).prefix(Self.inFlight)
            let broker = broker
            let parts = await withTaskGroup(of: Part.self) { group in
                for start in starts { group.addTask { await Part(broker, topic, queue, from: start) } }
                var parts: [Part] = []
                for await part in group { parts.append(part) }
                return parts.sorted { $0.start < $1.start }
            }
            let before = at
            for part in parts {
                // A broker may answer with less than was asked for: the rest is asked for again.
                guard part.start <= at else { break }
                let look = try part.look.get()
                messages += look.messages.filter { $0.queueOffset >= at }
                at = max(at, look.next)
            }
            guard at > before else { break }
        }
        return (messages, at)
    }

    private func pending(_ message: StoredMessage, due: Int64, level: Int) -> PendingDelay {
        let topic = message.property(PropertyName.realTopic) ?? message.topic
        let queue = message.property(PropertyName.realQueue).flatMap { Int($0) } ?? message.queue
        let isRetry = topic.hasPrefix(TopicName.retryPrefix)
        return PendingDelay(
            id: message.id, topic: isRetry ? message.property(PropertyName.retryTopic) ?? topic : topic,
            queue: broker.number(max(0, min(queue, 0xffff))), due: due, level: level,
            storeTimestamp: message.storeTimestamp, tag: message.tag, keys: message.keys,
            bodySize: message.body.count, isRetry: isRetry, physicalOffset: message.physicalOffset)
    }

    /// What the timer's topic holds and is not yet due; what was withdrawn is named there too (semantics, 5).
    private func updateTimer(_ now: Int64) async throws(APIError) {
        let end = try await broker.maxOffset(TopicName.timer, 0)
        guard end > 0 else {
            (timer, nextTimer, timerNote) = ([:], 0, nil)
            return
        }
        if end < nextTimer { (timer, nextTimer) = ([:], 0) }
        let first = try await broker.minOffset(TopicName.timer, 0)
        if nextTimer < first { nextTimer = first }
        if end - nextTimer > Self.mostOfTimer {
            nextTimer = end - Self.mostOfTimer
            timerNote =
                "of the timer of broker \(broker.node.name) only the newest \(Self.mostOfTimer) messages were looked at"
        }
        let (messages, next) = try await read(TopicName.timer, 0, from: nextTimer, to: end)
        nextTimer = next
        for message in messages {
            if let withdrawn = message.property(PropertyName.timerRecalled) {
                // 5.3 writes topic, plus sign and key; earlier ones the key alone.
                timer[withdrawn.split(separator: "+").last.map(String.init) ?? withdrawn] = nil
            } else if let due = message.property(PropertyName.timerDue).flatMap({ Int64($0) }) {
                timer[message.id] = (message.queueOffset, pending(message, due: due, level: 0))
            }
        }
        timer = timer.filter { $0.value.delay.due > now }
    }
}
