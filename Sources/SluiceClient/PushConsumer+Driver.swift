import CSluice
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage
import Synchronization

/// The thread that keeps a push consumer supplied.
extension PushConsumer {
    private static let commitInterval: Int64 = 100_000_000

    func drive() {
        var nextCommit = sluice_monotonic_nanoseconds() + Self.commitInterval
        while true {
            let (answers, resets, isStopping) = state.withLock { state in
                defer {
                    state.answers = []
                    state.resets = []
                }
                return (state.answers, state.resets, state.isStopping)
            }
            if isStopping { return }
            for (queue, generation, response) in answers { take(queue, generation, response) }
            for reset in resets { restart(reset.topic, reset.offsets) }
            let now = sluice_monotonic_nanoseconds()
            shareIfNeeded(now)
            pullWhereThereIsRoom()
            if now >= nextCommit {
                commitAll()
                nextCommit = now + Self.commitInterval
                wakePaused()
            }
            if answers.isEmpty { driverGate.park(nanoseconds: max(1_000_000, nextCommit - now)) }
        }
    }

    // MARK: Pulling

    private func pullWhereThereIsRoom() {
        let wanted = state.withLock { state -> [(QueueID, Int64, String, Int)] in
            var wanted: [(QueueID, Int64, String, Int)] = []
            for (id, queue) in state.queues
            where !queue.isPulling && !queue.isLeaving && queue.held < options.prefetch {
                guard let next = queue.next else { continue }
                state.queues[id]?.isPulling = true
                wanted.append((id, next, state.subscriptions[id.topic] ?? "*", queue.generation))
            }
            return wanted
        }
        for (id, next, filter, generation) in wanted {
            let request = PullRequest(
                group: options.group, queue: id, offset: next, limit: options.prefetch, filter: TagFilter(filter),
                wait: 15_000, client: client)
            connection.submit(.pull(request)) { [weak self] response in
                guard let self else { return }
                state.withLock { $0.answers.append((id, generation, response)) }
                driverGate.unpark()
            }
        }
    }

    private func take(_ id: QueueID, _ generation: Int, _ response: Response) {
        var messages: [StoredMessage] = []
        var next: Int64?
        if case .pulled(let answer) = response {
            next = answer.next
            if let read = try? answer.read(maxBytes: 4 << 20) {
                messages = read.messages
                next = read.next
            }
        } else {
            // Refused or failed: not at once again. The next commit tick asks anew.
            driverGate.park(nanoseconds: 20_000_000)
        }
        let gates = state.withLock { state -> [Parker] in
            guard var queue = state.queues[id], queue.generation == generation else { return [] }
            queue.isPulling = false
            if let next { queue.add(messages, next: next) }
            state.queues[id] = queue
            guard !messages.isEmpty else { return [] }
            if !state.ready.contains(id) { state.ready.append(id) }
            defer { state.idle = [] }
            return state.idle
        }
        for gate in gates { gate.unpark() }
    }

    /// Handlers that found nothing look again for queues whose pause may be over.
    private func wakePaused() {
        let gates = state.withLock { state -> [Parker] in
            guard options.ordered || state.queues.values.contains(where: { $0.pausedUntil > 0 && $0.hasWaiting }) else {
                return []
            }
            defer { state.idle = [] }
            return state.idle
        }
        for gate in gates { gate.unpark() }
    }

    // MARK: Committing

    func commitAll() {
        guard options.model == .clustering else { return keepPositions() }
        let commits = state.withLock { state in state.queues.compactMap { id, queue in commit(id, queue) } }
        commit(commits)
    }

    /// Commits broker by broker: one that is away keeps nobody's offsets back but its own, which are tried again.
    func commit(_ commits: [OffsetCommit]) {
        for part in Dictionary(grouping: commits, by: { ClusterQueue.broker($0.queue.queue) }).values {
            guard case .done? = try? connection.callBlocking(.commit(part)) else { continue }
            state.withLock { state in
                for commit in part { state.queues[commit.queue]?.committed = commit.offset }
            }
        }
    }

    func commit(_ id: QueueID, _ queue: ProcessQueue) -> OffsetCommit? {
        guard options.model == .clustering, let offset = queue.commitable, offset != queue.committed else { return nil }
        return OffsetCommit(group: options.group, queue: id, offset: offset)
    }

    /// What a broadcast group's consumer remembers by itself.
    private func keepPositions() {
        guard let positions else { return }
        positions.keep(state.withLock { state in state.queues.compactMapValues(\.commitable) })
    }
}
