import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import Synchronization

/// Which queues are this consumer's, and where it begins in them. On the thread that drives it.
extension PushConsumer {
    private static let sharingInterval: Int64 = 20_000_000_000
    /// When something could not be learned, or a queue is still another member's.
    private static let sharingRetry: Int64 = 500_000_000

    func shareIfNeeded(_ now: Int64) {
        let needed = state.withLock { state in
            guard state.needsSharing || now >= state.nextSharing else { return false }
            state.needsSharing = false
            return true
        }
        guard needed else { return }
        let pause = share() ? Self.sharingInterval : Self.sharingRetry
        state.withLock { $0.nextSharing = now + pause }
    }

    /// False when it has to be looked at again soon.
    private func share() -> Bool {
        guard var (mine, isComplete) = wanted() else { return false }
        if options.ordered, options.model == .clustering {
            let locked = lock(mine)
            if locked.count < mine.count { isComplete = false }
            mine = locked
        }
        if !giveUp(mine) { isComplete = false }
        let new = state.withLock { state in mine.filter { state.queues[$0] == nil } }
        for id in new.sorted() {
            guard let offset = start(of: id) else {
                isComplete = false
                continue
            }
            var queue = ProcessQueue()
            queue.restart(at: offset)
            state.withLock { $0.queues[id] = queue }
        }
        return isComplete
    }

    /// This consumer's share of its topics, and whether all of them could be looked at: a topic that could not keeps the
    /// queues it has. Nil when the members cannot be learned, or when this client is not (yet) one of them.
    private func wanted() -> (queues: Set<QueueID>, isComplete: Bool)? {
        var members: [String] = []
        if options.model == .clustering {
            guard case .members(let all)? = try? connection.callBlocking(.members(group: options.group)),
                all.contains(client)
            else { return nil }
            members = all
        }
        var mine: Set<QueueID> = []
        var isComplete = true
        for topic in state.withLock({ $0.subscriptions.keys.sorted() }) {
            do throws(APIError) {
                let queues = try connection.readQueuesBlocking(of: topic)
                mine.formUnion(options.model == .broadcasting ? queues : share(queues, among: members))
            } catch {
                isComplete = false
                if error.code == .notFound { continue }
                mine.formUnion(state.withLock { state in state.queues.keys.filter { $0.topic == topic } })
            }
        }
        return (mine, isComplete)
    }

    /// RocketMQ's "averagely": contiguous blocks, the first clients take one more where it does not come out even.
    private func share(_ queues: [QueueID], among members: [String]) -> [QueueID] {
        guard let place = members.firstIndex(of: client) else { return [] }
        let each = queues.count / members.count
        let rest = queues.count % members.count
        let count = each + (place < rest ? 1 : 0)
        let start = place * each + min(place, rest)
        return Array(queues[start..<(start + count)])
    }

    /// An ordered consumer's queues are its own by the broker's lock, which is renewed with every sharing.
    private func lock(_ queues: Set<QueueID>) -> Set<QueueID> {
        let request = Request.lock(group: options.group, client: client, queues: queues.sorted())
        guard case .queues(let locked)? = try? connection.callBlocking(request) else { return [] }
        return queues.intersection(locked)
    }

    /// Lets go of the queues that are not this consumer's any more. False when an ordered one is still being handled: it
    /// stays until then, and nobody else gets it.
    private func giveUp(_ mine: Set<QueueID>) -> Bool {
        let isOrdered = options.ordered && options.model == .clustering
        let (gone, areAllGone) = state.withLock { state in
            var gone: [QueueID: ProcessQueue] = [:]
            var areAllGone = true
            for (id, queue) in state.queues {
                let isGone = !mine.contains(id)
                let isLeaving = isGone && isOrdered && queue.isHandling
                state.queues[id]?.isLeaving = isLeaving
                if isLeaving { areAllGone = false } else if isGone { gone[id] = queue }
            }
            return (gone, areAllGone)
        }
        guard !gone.isEmpty else { return areAllGone }
        commit(gone.compactMap { id, queue in commit(id, queue) })
        state.withLock { state in
            for id in gone.keys { state.queues[id] = nil }
        }
        if isOrdered {
            let request = Request.unlock(group: options.group, client: client, queues: gone.keys.sorted())
            _ = try? connection.callBlocking(request)
        }
        return areAllGone
    }

    /// Nil when it cannot be learned now. A broker that does not answer must not look like one that knows no offset.
    private func start(of queue: QueueID) -> Int64? {
        if let positions {
            if let known = positions.position(queue) { return known }
            // Under which name it would be kept is not known now: that is no "no position".
            if connection.brokerName(ofQueue: queue.queue) == nil { return nil }
        }
        if options.model == .clustering {
            let request = Request.committed(group: options.group, queues: [queue])
            guard case .committed(let offsets)? = try? connection.callBlocking(request) else { return nil }
            if let offset = offsets.first ?? nil { return offset }
        }
        let target: OffsetTarget = queue.topic.hasPrefix(TopicName.retryPrefix) ? .first : options.from.target
        guard case .offset(let offset)? = try? connection.callBlocking(.offset(queue, target)) else { return nil }
        return offset
    }

    /// Begins a topic's queues anew where an operator put them; those that were not moved go on.
    func restart(_ topic: String, _ offsets: [QueueID: Int64]) {
        let ids = state.withLock { state in state.queues.keys.filter { $0.topic == topic } }
        for id in ids {
            guard let offset = offsets.isEmpty ? start(of: id) : offsets[id] else { continue }
            state.withLock { $0.queues[id]?.restart(at: offset) }
        }
    }
}
