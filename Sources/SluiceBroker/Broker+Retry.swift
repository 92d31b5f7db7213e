import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Messages that a consumer could not handle: they come back through the group's retry topic, later each time, and end in
/// its dead letter topic (RocketMQ's CONSUMER_SEND_MSG_BACK).
extension Broker {
    func sendBack(_ request: SendBack, _ reply: @escaping Reply) throws(APIError) {
        if let refusing { throw APIError(.unavailable, refusing) }
        let group = try usableGroup(request.group)
        guard store.hasRoom(for: 5 << 20) else {
            // Waiting for it would keep everybody waiting, those too who only read.
            if let noRoom = store.noRoom { throw APIError(.unavailable, noRoom) }
            return suspend { self.handle(.sendBack(request), reply) }
        }
        guard let found = try? store.reader.record(at: request.physicalOffset) else {
            throw APIError(.notFound, "there is no readable message at physical offset \(request.physicalOffset)")
        }
        found.eachRecord { view in store(back: view, group, request) }
        answerWhenConfirmed(.done, reply)
    }

    private func store(back view: RecordView, _ group: Group, _ request: SendBack) {
        var properties = PropertyCoding.decode(view.properties)
        let origin = view.message()
        if origin.property(PropertyName.retryTopic) == nil {
            properties.append(Property(PropertyName.retryTopic, origin.topic))
        }
        if origin.property(PropertyName.originMessageID) == nil {
            properties.append(Property(PropertyName.originMessageID, origin.offsetID))
        }
        properties.removeAll { $0.name == PropertyName.delayLevel || $0.name == PropertyName.wait }
        properties.append(Property(PropertyName.wait, "false"))
        let times = Int(view.reconsumeTimes)
        var header = view.header
        header.storeTimestamp = now
        header.preparedOffset = 0
        header.systemFlag &= ~SystemFlag.transactionMask
        header.reconsumeTimes = Int32(times + 1)
        let limit = request.maxReconsumeTimes ?? group.config.retryMaxTimes
        if times >= limit || request.delayLevel < 0 {
            header.queue = 0
            let dead = systemTopic(TopicName.deadLetter(group.name))
            properties.removeAll { $0.name == PropertyName.realTopic || $0.name == PropertyName.realQueue }
            properties.append(Property(PropertyName.delayLevel, "0"))
            store(dead, &header, properties: PropertyCoding.encode(properties), body: view.body)
            return
        }
        let retry = systemTopic(TopicName.retry(group.name), queues: group.config.retryQueues)
        header.queue = 0
        let level = request.delayLevel > 0 ? request.delayLevel : 3 + times
        properties.append(Property(PropertyName.delayLevel, String(level)))
        wait(retry, &header, properties, view.body, level: level)
    }

    // MARK: Clients

    func register(_ registration: Registration) throws(APIError) {
        if let name = registration.producerGroup {
            if let problem = Topic.problem(withGroup: name) { throw APIError(.invalid, problem) }
            producers[name, default: [:]][registration.client] = registration
        }
        guard let name = registration.consumerGroup else { return }
        let group = try usableGroup(name)
        let before = group.members[registration.client]?.registration
        group.members[registration.client] = .init(registration: registration, lastSeen: now)
        group.model = registration.model
        _ = systemTopic(TopicName.retry(name), queues: group.config.retryQueues)
        if before == nil || before?.subscriptions != registration.subscriptions { membersChanged(group) }
    }

    /// A client leaves one group of each kind, or all where none is named.
    func unregister(_ client: String, consumerGroup: String?, producerGroup: String?) {
        let isLeavingAll = consumerGroup == nil && producerGroup == nil
        for name in isLeavingAll ? Array(producers.keys) : [producerGroup].compactMap(\.self) {
            producers[name]?[client] = nil
            if producers[name]?.isEmpty == true { producers[name] = nil }
        }
        let left = isLeavingAll ? Array(groups.values) : [consumerGroup.flatMap { groups[$0] }].compactMap(\.self)
        for group in left where group.members.removeValue(forKey: client) != nil {
            group.locks = group.locks.filter { $0.value.client != client }
            for (queue, puller) in group.pullers where puller.client == client { group.handOuts[queue] = nil }
            group.pullers = group.pullers.filter { $0.value.client != client }
            membersChanged(group)
        }
        let names = Set(left.map(\.name))
        for waiter in waiters.take(where: { $0.client == client && names.contains($0.group) }) { answerEmpty(waiter) }
    }

    func consumers(_ name: String) -> [Registration] {
        (groups[name]?.members.values.map(\.registration) ?? []).sorted { $0.client < $1.client }
    }

    func producers(_ name: String?) -> [Registration] {
        if let name { return (producers[name] ?? [:]).values.sorted { $0.client < $1.client } }
        return producers.values.flatMap(\.values)
    }

    private func membersChanged(_ group: Group) {
        guard group.config.notifiesMembers else { return }
        for member in group.members.values { member.registration.push(.membersChanged(group: group.name)) }
    }

    /// Queue locks of ordered consumers: for 60 s, renewed by asking again (RocketMQ's LOCK_BATCH_MQ).
    func lock(_ group: Group, _ client: String, _ queues: [QueueID]) -> [QueueID] {
        queues.filter { queue in
            #if Plants
                if Plant.isOn(.locksTwice) { group.locks[queue] = nil }
            #endif
            if let held = group.locks[queue], held.client != client, held.until > now { return false }
            group.locks[queue] = (client, now + 60_000)
            return true
        }
    }

    func unlock(_ group: Group, _ client: String, _ queues: [QueueID]) {
        for queue in queues where group.locks[queue]?.client == client { group.locks[queue] = nil }
    }
}
