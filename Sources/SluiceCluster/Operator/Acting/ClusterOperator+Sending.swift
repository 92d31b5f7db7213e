import Foundation
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// Messages stored again: read here, and sent again from here.
extension ClusterOperator {
    private static let mostRepublished = 1_000
    private static let mostDeadLetters: Int64 = 10_000
    private static let group = "sluice-admin"

    func republish(_ places: [Int64], to topic: String?, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        guard (1...Self.mostRepublished).contains(places.count) else {
            throw APIError(
                .invalid, "1 to \(Self.mostRepublished) messages can be stored again at once, not \(places.count)")
        }
        let topics = try await allTopics()
        var messages: [(StoredMessage, BrokerLook)] = []
        for place in places {
            let (message, look) = try await message(at: place)
            try await checkTarget(topic ?? message.topic, topics)
            messages.append((message, look))
        }
        if dryRun { return ActionOutcome("would store \(places.count) messages again", count: places.count) }
        var keys = UniqueKeyMaker(instance: UInt32.random(in: 1...UInt32.max))
        var outcome = ActionOutcome("", count: 0)
        do throws(APIError) {
            for (message, look) in messages {
                let id = keys.next(now: now())
                outcome.stored.append(
                    try await send(message, to: topic ?? message.topic, as: id, near: look, PropertyName.ownWay))
            }
        } catch {
            guard !outcome.stored.isEmpty else { throw error }
            throw error.after("\(outcome.stored.count) of \(places.count) messages were stored again")
        }
        outcome.count = outcome.stored.count
        outcome.text = "stored \(outcome.count) messages again"
        return outcome
    }

    /// What was shown at a place. Physical offsets are a broker's own, so only those of what was shown are taken.
    private func message(at place: Int64) async throws(APIError) -> (StoredMessage, BrokerLook) {
        let looks = try await cluster.brokers()
        var candidates = places.withLock { $0[place] ?? [] }
        if candidates.isEmpty, looks.count == 1 { candidates = [looks[0].node.index] }
        guard candidates.count == 1, let look = looks.first(where: { candidates.contains($0.node.index) }) else {
            throw APIError(
                .invalid,
                candidates.isEmpty
                    ? "no message at physical offset \(place) was looked at from here: look it up first, by id or key"
                    : "several brokers have a message at physical offset \(place): look up the one you mean in another console"
            )
        }
        guard let message = try await look.broker.record(at: place) else {
            throw APIError(.notFound, "broker \(look.node.name) has no message at physical offset \(place)")
        }
        return (message, look)
    }

    private func checkTarget(_ name: String, _ topics: [String: TopicConfig]) async throws(APIError) {
        guard let config = topics[name] else {
            throw APIError(.notFound, "no broker of this cluster has a topic \(name)")
        }
        guard StockNames.kind(name, try await cluster.brokers()) == .normal else {
            throw APIError(.refused, "copies go to ordinary topics only, and \(name) is none; name another one")
        }
        guard config.permission.contains(.write) else {
            throw APIError(.refused, "topic \(name) does not permit writing")
        }
    }

    // MARK: Dead letters

    func resendDeadLetters(_ selection: DeadLetterSelection, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let group = selection.group
        if let target = selection.target { try await checkTarget(target, try await allTopics()) }
        let letters = try await deadLetters(selection)
        let to = selection.target.map { "to \($0)" } ?? "to their group"
        if dryRun {
            return ActionOutcome("would send \(letters.count) dead letters of \(group) \(to)", count: letters.count)
        }
        var keys = UniqueKeyMaker(instance: UInt32.random(in: 1...UInt32.max))
        var outcome = ActionOutcome("", count: 0)
        do throws(APIError) {
            for (message, look) in letters {
                if let target = selection.target {
                    outcome.stored.append(
                        try await send(
                            message, to: target, as: keys.next(now: now()), near: look, PropertyName.ownWay))
                } else {
                    outcome.stored.append(
                        try await send(
                            message, to: TopicName.retry(group), as: message.id, near: look, PropertyName.ownTry))
                }
            }
        } catch {
            guard !outcome.stored.isEmpty else { throw error }
            throw error.after("\(outcome.stored.count) of \(letters.count) dead letters were sent")
        }
        outcome.count = outcome.stored.count
        outcome.text = "sent \(outcome.count) dead letters of \(group) \(to)"
        return outcome
    }

    private func deadLetters(_ selection: DeadLetterSelection) async throws(APIError) -> [(StoredMessage, BrokerLook)] {
        let topic = TopicName.deadLetter(selection.group)
        var holders: [(look: BrokerLook, queue: QueueStatus)] = []
        let looks: [BrokerLook] =
            if let queue = selection.queue { [try await cluster.broker(ofQueue: queue)] } else {
                try await cluster.brokers()
            }
        for look in looks {
            for queue in (try await look.queues(of: topic) ?? [:]).values where queue.depth > 0 {
                holders.append((look, queue))
            }
        }
        guard !holders.isEmpty else { throw APIError(.notFound, "group \(selection.group) has no dead letters") }
        if let queue = selection.queue {
            holders.removeAll { $0.look.broker.number($0.queue.queue) != queue }
            guard !holders.isEmpty else {
                throw APIError(
                    .notFound,
                    "queue \(ClusterQueue.queue(queue)) of broker number \(ClusterQueue.broker(queue)) holds no dead letter of"
                        + " \(selection.group)")
            }
        }
        if selection.offsets != nil, holders.count > 1 {
            throw APIError(
                .invalid,
                "\(holders.count) queues hold dead letters of \(selection.group), each with offsets of its own: say which"
                    + " queue, or send all")
        }
        let total = holders.reduce(0) { $0 + $1.queue.depth }
        guard selection.offsets != nil || total <= Self.mostDeadLetters else {
            throw APIError(
                .invalid,
                "group \(selection.group) has \(total) dead letters, and at most \(Self.mostDeadLetters) go at once")
        }
        var letters: [(StoredMessage, BrokerLook)] = []
        for (look, queue) in holders {
            var at = queue.minOffset
            while at < queue.maxOffset {
                let part = try await look.broker.look(topic, queue.queue, from: at)
                letters += part.messages.map { ($0, look) }
                guard part.next > at else {
                    throw APIError(.failed, "the dead letters of \(selection.group) cannot be read beyond offset \(at)")
                }
                at = part.next
            }
        }
        guard let offsets = selection.offsets else { return letters }
        let chosen = letters.filter { offsets.contains($0.0.queueOffset) }
        if let missing = offsets.first(where: { offset in !chosen.contains { $0.0.queueOffset == offset } }) {
            throw APIError(.notFound, "\(topic) has no message at offset \(missing)")
        }
        return chosen
    }

    // MARK: Sending

    /// Sends a copy, to the broker that has the source where that takes the topic.
    private func send(
        _ message: StoredMessage, to topic: String, as id: String, near look: BrokerLook, _ dropped: Set<String>
    ) async throws(APIError) -> StoredPlace {
        let looks = [look] + (try await cluster.brokers()).filter { $0 !== look }
        for place in looks {
            let config = try await place.topics()[topic]
            // Retry topics are made by their broker on the first message.
            let queues = config?.writeQueues ?? (topic.hasPrefix(TopicName.retryPrefix) && place === look ? 1 : 0)
            guard queues > 0, config?.permission.contains(.write) ?? true else { continue }
            let queue = message.queue % queues
            return try await send(message, place, QueueID(topic, queue), id, dropped)
        }
        throw APIError(.notFound, "no broker of this cluster takes messages for topic \(topic)")
    }

    private func send(
        _ message: StoredMessage, _ look: BrokerLook, _ queue: QueueID, _ id: String, _ dropped: Set<String>
    ) async throws(APIError) -> StoredPlace {
        let own: Set<String> = dropped.union([PropertyName.uniqueKey, PropertyName.cluster])
        var properties = message.properties.filter { !own.contains($0.name) }
        properties.append(Property(PropertyName.uniqueKey, id))
        properties.append(
            Property(
                PropertyName.replayOf, PropertyName.source(id: message.id, physicalOffset: message.physicalOffset)))
        let encoded = PropertyCoding.encode(properties)
        guard encoded.count <= Limits.maxPropertiesBytes else {
            throw APIError(.tooLarge, "the properties of a copy of \(message.id) would be too long")
        }
        let code = RequestCode.sendMessageV2
        let answer = try await look.broker.ask(
            code,
            [
                "a": Self.group, "b": queue.topic, "c": TopicName.template, "d": "4", "e": String(queue.queue),
                "f": String(message.systemFlag & SystemFlag.bodyMask), "g": String(message.bornTimestamp),
                "h": String(message.flag), "i": String(decoding: encoded, as: UTF8.self), "j": "0", "k": "false",
                "m": "false",
            ], body: message.body,
            // Stored, but the disk or the slave was late.
            expecting: [ResponseCode.success, 10, 11, 12], milliseconds: 10_000)
        let stored = Int(clamping: try look.broker.integer(answer, "queueId", of: code))
        return StoredPlace(
            id: id, queue: look.broker.id(queue.topic, min(max(stored, 0), 0xffff)),
            queueOffset: try look.broker.integer(answer, "queueOffset", of: code))
    }

    // MARK: Withdrawing

    /// RocketMQ 5.3.2's recall of a message that waits for an exact time (semantics, 5).
    func cancelDelay(id: String, topic: String?, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let found = try await pendingDelays(fresh: true).items.first {
            ($0.id == id || $0.keys.contains(id)) && (topic ?? $0.topic) == $0.topic
        }
        guard let delay = found else {
            throw APIError(.notFound, "no pending delayed message \(id) was found: it may have been delivered")
        }
        let look = try await cluster.broker(ofQueue: delay.queue)
        guard delay.level == 0 else {
            throw APIError(
                .unavailable,
                "\(id) waits in level \(delay.level), and RocketMQ cannot withdraw messages of a level: it will be delivered"
            )
        }
        if dryRun { return ActionOutcome("would withdraw \(id) for \(delay.topic)") }
        // One more than the time it fires at, which the broker rounds down.
        let plain = "v1 \(delay.topic) \(look.node.name) \(delay.due + 1) \(delay.id)"
        let handle = Data(plain.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_")
        let answer = try await look.broker.ask(
            RequestCode.recallMessage,
            [
                "producerGroup": Self.group, "topic": delay.topic, "recallHandle": handle, "bname": look.node.name,
            ], expecting: [ResponseCode.success, ResponseCode.requestCodeNotSupported, ResponseCode.noPermission])
        guard answer.code == ResponseCode.success else {
            throw APIError(
                .unavailable,
                "broker \(look.node.name) cannot withdraw messages: that takes RocketMQ 5.3.2 with recallMessageEnable=true"
                    + " (\(answer.remark ?? "code \(answer.code)"))")
        }
        var outcome = ActionOutcome("withdrew \(id) for \(delay.topic): it will not be delivered")
        outcome.due = delay.due
        return outcome
    }
}
