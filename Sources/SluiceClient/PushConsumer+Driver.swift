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
    private static let sharingInterval: Int64 = 20_000_000_000

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
            for topic in resets { restart(topic) }
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

    // MARK: Sharing queues out

    private func shareIfNeeded(_ now: Int64) {
        let needed = state.withLock { state in
            guard state.needsSharing || now >= state.nextSharing else { return false }
            state.needsSharing = false
            state.nextSharing = now + Self.sharingInterval
            return true
        }
        guard needed else { return }
        let topics = state.withLock { $0.subscriptions.keys.sorted() }
        guard case .members(let members)? = try? connection.callBlocking(.members(group: options.group)) else { return }
        var mine: Set<QueueID> = []
        for name in topics {
            guard case .topic(let status)? = try? connection.callBlocking(.topic(name)) else { continue }
            let queues = (0..<status.summary.config.readQueues).map { QueueID(name, $0) }
            mine.formUnion(options.model == .broadcasting ? queues : share(queues, among: members))
        }
        let (gone, new) = state.withLock { state in
            let gone = state.queues.filter { !mine.contains($0.key) }
            let new = mine.filter { state.queues[$0] == nil }
            return (gone, new)
        }
        let commits = gone.compactMap { id, queue in commit(id, queue) }
        if !commits.isEmpty { _ = try? connection.callBlocking(.commit(commits)) }
        let starts = new.sorted().map { ($0, start(of: $0)) }
        state.withLock { state in
            for id in gone.keys { state.queues[id] = nil }
            for (id, offset) in starts {
                var queue = ProcessQueue()
                queue.restart(at: offset)
                state.queues[id] = queue
            }
        }
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

    private func start(of queue: QueueID) -> Int64? {
        if options.model == .clustering,
            case .committed(let offsets)? = try? connection.callBlocking(
                .committed(group: options.group, queues: [queue])), let offset = offsets.first ?? nil
        {
            return offset
        }
        let target: OffsetTarget = queue.topic.hasPrefix(TopicName.retryPrefix) ? .first : options.from.target
        guard case .offset(let offset)? = try? connection.callBlocking(.offset(queue, target)) else { return nil }
        return offset
    }

    private func restart(_ topic: String) {
        let ids = state.withLock { state in state.queues.keys.filter { $0.topic == topic } }
        for id in ids {
            let offset = start(of: id)
            state.withLock { $0.queues[id]?.restart(at: offset) }
        }
    }

    // MARK: Pulling

    private func pullWhereThereIsRoom() {
        let wanted = state.withLock { state -> [(QueueID, Int64, String, Int)] in
            var wanted: [(QueueID, Int64, String, Int)] = []
            for (id, queue) in state.queues where !queue.isPulling && queue.held < options.prefetch {
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

    private func wakePaused() {
        guard options.ordered else { return }
        let gates = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for gate in gates { gate.unpark() }
    }

    // MARK: Committing

    func commitAll() {
        guard options.model == .clustering else { return }
        let commits = state.withLock { state -> [OffsetCommit] in
            state.queues.compactMap { id, queue in
                let commit = commit(id, queue)
                if let commit { state.queues[id]?.committed = commit.offset }
                return commit
            }
        }
        guard !commits.isEmpty else { return }
        _ = try? connection.callBlocking(.commit(commits))
    }

    private func commit(_ id: QueueID, _ queue: ProcessQueue) -> OffsetCommit? {
        guard options.model == .clustering, let offset = queue.commitable, offset != queue.committed else { return nil }
        return OffsetCommit(group: options.group, queue: id, offset: offset)
    }
}
