import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Consumer groups: what they are configured as, and where they stand.
extension Broker {
    /// Throws what a group's update would be refused with.
    func checkUpdate(_ config: GroupConfig) throws(APIError) {
        if let problem = Topic.problem(withGroup: config.name) { throw APIError(.invalid, problem) }
        guard (0...1_000).contains(config.retryMaxTimes), (1...64).contains(config.retryQueues) else {
            throw APIError(.invalid, "a group has 0 to 1,000 retries and 1 to 64 retry queues")
        }
    }

    func updateGroup(_ config: GroupConfig, _ reply: @escaping Reply) throws(APIError) {
        try checkUpdate(config)
        let group = groups[config.name] ?? Group(config)
        group.config = config
        groups[config.name] = group
        journalGroup(group)
        answerWhenConfirmed(.done, reply)
    }

    /// Throws what a group's deletion would be refused with.
    func checkDeletion(ofGroup name: String) throws(APIError) {
        guard let group = groups[name] else { throw noGroup(name) }
        guard group.members.isEmpty else {
            throw APIError(.refused, "group \(name) has \(group.members.count) clients connected; stop them first")
        }
    }

    func deleteGroup(_ name: String, _ reply: @escaping Reply) throws(APIError) {
        try checkDeletion(ofGroup: name)
        groups[name] = nil
        for waiter in waiters.take(where: { $0.group == name }) {
            waiter.reply(.failed(APIError(.notFound, "group \(name) was deleted")))
        }
        let entry = Self.clearing("g", name)
        store.journal(JournalChange(offsetsJournal, append: [entry], durable: true))
        journalMeta(entry)
        answerWhenConfirmed(.done, reply)
    }

    /// The group's place on every queue of its topics and its retry topic.
    func positions(_ group: Group) -> [GroupQueueStatus] {
        positions(group, on: group.topics.sorted() + [TopicName.retry(group.name)])
    }

    private func positions(_ group: Group, on names: [String]) -> [GroupQueueStatus] {
        var result: [GroupQueueStatus] = []
        for name in names {
            guard let topic = topics[name], topic.kind != .system else { continue }
            for number in 0..<topic.config.readQueues {
                let id = QueueID(name, number)
                let queue = topic.queue(number, store)
                let position = group.offsets[id]
                let puller = group.pullers[id].flatMap { now - $0.at < 60_000 ? $0.client : nil }
                result.append(
                    GroupQueueStatus(
                        id: id, minOffset: queue.minOffset, maxOffset: queue.maxOffset,
                        offset: position?.offset ?? group.starts[id],
                        client: puller, behind: nil, lastMoved: position?.moved ?? 0))
            }
        }
        #if Plants
            if Plant.isOn(.lagForgetsQueue), result.count > 1 { result.removeFirst() }
        #endif
        return result
    }

    /// Age of the oldest message a group still has to consume on a queue; nil where its record cannot be read.
    private func behind(_ position: GroupQueueStatus, _ group: Group) -> Int64? {
        guard position.lag > 0 else { return 0 }
        let offset = max(position.offset ?? position.minOffset, position.minOffset)
        if let known = group.heads[position.id], known.offset == offset, known.isGood(now) {
            return known.stored.map { max(0, now - $0) }
        }
        let stored = store.existingQueue(position.id).flatMap { store.storeTime($0, offset) }
        group.heads[position.id] = Group.Head(offset: offset, stored: stored, read: now)
        return stored.map { max(0, now - $0) }
    }

    func summary(_ group: Group) -> GroupSummary { summary(group, withAges(positions(group), group)) }

    /// With the age of what a group still has to consume there, for which a record is read where the group moved on.
    private func withAges(_ positions: [GroupQueueStatus], _ group: Group) -> [GroupQueueStatus] {
        positions.map { position in
            var position = position
            position.behind = behind(position, group)
            return position
        }
    }

    private func summary(_ group: Group, _ positions: [GroupQueueStatus]) -> GroupSummary {
        let isBroadcasting = group.model == .broadcasting
        let dead = topics[TopicName.deadLetter(group.name)].map { topic in
            topic.allQueues(store).reduce(0) { $0 + $1.maxOffset - $1.minOffset }
        }
        return GroupSummary(
            config: group.config, model: group.model, clients: group.members.count,
            lag: isBroadcasting ? nil : positions.reduce(0) { $0 + $1.lag },
            behind: isBroadcasting ? nil : GroupQueueStatus.behind(positions), delivered: group.delivered.total,
            committed: positions.reduce(0) { $0 &+ ($1.offset ?? 0) }, deadLetters: dead ?? 0,
            topics: group.topics.sorted())
    }

    func status(_ group: Group) -> GroupStatus {
        let queues = withAges(positions(group), group)
        let clients = group.members.values.map { member in
            ClientStatus(
                id: member.registration.client, address: member.registration.address,
                language: member.registration.language, version: member.registration.version, lastSeen: member.lastSeen)
        }
        return GroupStatus(summary: summary(group, queues), queues: queues, clients: clients.sorted { $0.id < $1.id })
    }

    /// Groups that read a topic, with their lag there.
    func groupsOn(_ topic: String) -> [TopicStatus.GroupOnTopic] {
        groups.values.filter { $0.reads(topic) }.sorted { $0.name < $1.name }.map { group in
            let lag = group.model == .clustering ? positions(group, on: [topic]).reduce(0) { $0 + $1.lag } : 0
            return .init(group: group.name, lag: lag, clients: group.members.count)
        }
    }

    /// Messages that clustering groups still have to consume. Asked for each second, so that nothing is made for it.
    var backlog: Int64 {
        groups.values.reduce(0) { sum, group in
            guard group.model == .clustering, group.name != Self.transactionGroup else { return sum }
            return group.topics.reduce(sum + lag(group, on: TopicName.retry(group.name))) { $0 + lag(group, on: $1) }
        }
    }

    private func lag(_ group: Group, on name: String) -> Int64 {
        guard let topic = topics[name], topic.kind != .system else { return 0 }
        var lag: Int64 = 0
        for number in 0..<topic.config.readQueues {
            let queue = topic.queue(number, store)
            guard queue.maxOffset > queue.minOffset else { continue }
            let id = QueueID(name, number)
            let offset = group.offsets[id]?.offset ?? group.starts[id] ?? queue.minOffset
            lag += max(0, queue.maxOffset - max(offset, queue.minOffset))
        }
        return lag
    }
}
