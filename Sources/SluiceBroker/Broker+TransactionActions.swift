import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What an operator does with unresolved halves by hand.
extension Broker {
    /// Commits or rolls back a half. Its id is what listings show; of several with one id it is the newest.
    ///
    /// Fails with `conflict` when it was resolved meanwhile, saying by whom, how and when; with `notFound` when it was never
    /// there.
    func resolveByHand(
        id: String, _ resolution: Resolution, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        guard let entry = findHalf(id) else { throw notUnresolved(id) }
        let before = stateText(entry)
        if context.dryRun {
            return reply(.acted(try resolveTried(id, entry, resolution, before)))
        }
        if refusing == nil, !store.hasRoom(for: Self.roomToResolve) {
            if let noRoom = store.noRoom { throw APIError(.unavailable, noRoom) }
            return suspend {
                do throws(APIError) {
                    try self.resolveByHand(id: id, resolution, context, reply)
                } catch {
                    reply(.failed(error))
                }
            }
        }
        let resolver = Resolver(.operator, actor: context.actor, reason: context.reason)
        let resolved = try resolve(entry, resolution, resolver)
        let text: String
        if let queue = resolved.visibleAt {
            let place = "\(queue.topic), queue \(queue.queue), offset \(resolved.queueOffset ?? 0)"
            text = "committed \(id): visible in \(place), \(Self.readersText(resolved.receivers))"
        } else {
            text = "rolled back \(id): no consumer will see it"
        }
        var outcome = ActionOutcome(text, before: before, after: resolution == .commit ? "committed" : "rolled back")
        outcome.resolution = resolved
        answerWhenConfirmed(.acted(outcome), reply)
    }

    private func resolveTried(
        _ id: String, _ entry: HalfIndex.Entry, _ resolution: Resolution, _ before: String
    ) throws(APIError) -> ActionOutcome {
        var result = ResolutionOutcome(id: id, resolution: resolution, visibleAt: nil, queueOffset: nil, receivers: [])
        var text = "would roll back \(id): no consumer would see it"
        if resolution == .commit {
            guard let half = try readHalf(entry).messages().first else {
                throw APIError(.failed, "the half message's record at \(entry.physicalOffset) is damaged")
            }
            let name = half.realTopic
            var queue = 0
            var offset: Int64 = 0
            if let topic = topics[name] {
                PropertyCoding.encode(half.properties).withUnsafeBytes { raw in
                    queue = Int(commitQueue(topic, PropertyScan(raw)))
                }
                offset = topic.queue(queue, store).maxOffset
            }
            result.visibleAt = QueueID(name, queue)
            result.queueOffset = offset
            result.receivers = groupsOn(name)
            let made = topics[name] == nil ? ", which would be made again" : ""
            text = "would commit \(id): visible in \(name), queue \(queue), offset \(offset)\(made), "
            text += Self.readersText(result.receivers)
        }
        var outcome = ActionOutcome(text, before: before, after: before)
        outcome.resolution = result
        return outcome
    }

    /// Asks a half's producer again at once and counts its checks anew, also of one that was set aside.
    func recheckByHand(id: String, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        guard let entry = findHalf(id) else { throw notUnresolved(id) }
        if let refusing { throw APIError(.unavailable, refusing) }
        let before = stateText(entry)
        let group = halves.groupName(entry)
        let online = producers[group]?.count ?? 0
        let who =
            switch online {
            case 0: "no producer of group \(group) is online, so nobody answers before one is"
            case 1: "the one producer of group \(group) that is online"
            default: "one of the \(online) producers of group \(group) that are online"
            }
        func text(_ asks: String, _ counts: String) -> String {
            online == 0
                ? "\(counts) checks of \(id) anew; \(who)"
                : "\(asks) \(who) about \(id) now, and \(counts) its checks anew"
        }
        guard !context.dryRun else {
            let outcome = ActionOutcome(text("would ask", "would count"), before: before, after: before)
            return reply(.acted(outcome))
        }
        note(entry.key, checks: 0, next: now)
        flushNotes()
        let after = halves.entry(key: entry.key).map(stateText) ?? before
        let outcome = ActionOutcome(text("asks", "counts"), before: before, after: after)
        answerWhenConfirmed(.acted(outcome), reply)
    }

    private func stateText(_ entry: HalfIndex.Entry) -> String {
        let checks = "checked \(entry.checks) of \(options.maxChecks) times"
        let next = entry.isSetAside ? "set aside" : "next check \(UTCTime.text(entry.nextCheck))"
        return "unresolved since \(UTCTime.text(entry.storeTimestamp)), \(checks), \(next)"
    }

    private static func readersText(_ groups: [TopicStatus.GroupOnTopic]) -> String {
        guard !groups.isEmpty else { return "which no group reads yet" }
        let named = groups.prefix(5).map { group in
            "\(group.group) (\(group.clients == 0 ? "no client" : group.clients == 1 ? "1 client" : "\(group.clients) clients"))"
        }
        let more = groups.count > 5 ? " and \(groups.count - 5) more" : ""
        return "read by \(named.joined(separator: ", "))\(more)"
    }
}
