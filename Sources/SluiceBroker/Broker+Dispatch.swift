import SluiceAPI
import SluiceMessage
import SluiceStorage

extension Broker {
    /// The one way into the broker. `reply` is called once, now or when the disk has what it promises.
    public func handle(_ request: Request, _ reply: @escaping Reply) {
        do throws(APIError) {
            try dispatch(request, reply)
        } catch {
            reply(.failed(error))
        }
    }

    private func dispatch(_ request: Request, _ reply: @escaping Reply) throws(APIError) {
        if request.isKept, let broken { throw broken }
        if options.isReadOnly, request.changesState { throw APIError(.refused, Self.readOnly) }
        switch request {
        case .publish(let source): if let batch = source.take() { publish(batch, from: source) }
        case .pull(let pull): self.pull(pull, until: now + pull.wait, reply)
        case .commit(let commits): commit(commits, reply)
        case .sendBack(let back): try sendBack(back, reply)
        case .endTransaction(let end): endTransaction(end, reply)
        case .resolve(let id, let resolution, let reason): resolve(id: id, resolution, reason: reason, reply)
        case .reset(let reset): try self.reset(reset, reply)
        case .updateTopic(let config, let mustBeNew): try updateTopic(config, mustBeNew: mustBeNew, reply)
        case .deleteTopic(let name): try deleteTopic(name, reply)
        case .updateGroup(let config): try updateGroup(config, reply)
        case .deleteGroup(let name): try deleteGroup(name, reply)
        case .register(let registration):
            try register(registration)
            reply(.done)
        case .unregister(let client, let consumerGroup, let producerGroup):
            unregister(client, consumerGroup: consumerGroup, producerGroup: producerGroup)
            reply(.done)
        case .ensureTopic(let config):
            if topics[config.name] == nil { _ = makeTopic(config) }
            answerWhenConfirmed(.done, reply)
        case .setOption(let name, let value):
            try setOption(name, value)
            reply(.done)
        case .recheck(let id): try recheck(id: id, reply)
        case .act(let action, let context): try act(action, context, reply)
        case .noteBegin(let subject, let context): try noteBegin(subject, context, reply)
        case .noteEnd(let subject, let context, let begun, let outcome):
            noteEnd(subject, context, begun: begun, outcome: outcome, reply)
        case .recall(let topic, let key): try recall(topic: topic, uniqueKey: key, reply)
        case .lock(let name, let client, let queues): reply(.queues(lock(try usableGroup(name), client, queues)))
        case .unlock(let name, let client, let queues):
            unlock(try usableGroup(name), client, queues)
            reply(.done)
        default: reply(try look(request))
        }
    }

    /// Requests that change nothing.
    private func look(_ request: Request) throws(APIError) -> Response {
        switch request {
        case .members(let name): return .members(groups[name]?.members.keys.sorted() ?? [])
        case .committed(let group, let queues): return .committed(committed(group, queues))
        case .start(let group, let queue): return .start(start(group, queue))
        case .allCommitted: return .allCommitted(allCommitted())
        case .topicConfig(let name): return .topicConfig(topics[name]?.config)
        case .configs:
            return .configs(
                Configs(
                    topics: topics.values.map(\.config), groups: groups.values.map(\.config),
                    topicsGeneration: topicsGeneration, groupsGeneration: groupsGeneration))
        case .storeTimes(let places): return .storeTimes(places.map(storeTime))
        case .consumers(let name): return .registrations(consumers(name))
        case .producers(let name): return .registrations(producers(name))
        case .delayOffsets: return .delayOffsets(delayOffsets())
        case .reader: return .reader(store.reader)
        case .offset(let queue, let target): return .offset(try offset(queue, target))
        case .broker: return .broker(status())
        case .flow(let since): return .flow(flow.since(since))
        case .topics: return .topics(topicSummaries())
        case .topic(let name): return .topic(status(try existingTopic(name)))
        case .groups: return .groups(groups.values.map(summary).sorted { $0.config.name < $1.config.name })
        case .group(let name):
            guard let group = groups[name] else { throw noGroup(name) }
            return .group(status(group))
        case .delays(let query): return .delays(delays(query))
        case .delayHistogram(let start, let width, let buckets):
            guard width > 0, (1...10_000).contains(buckets) else {
                throw APIError(.invalid, "a histogram needs a width above 0 and 1 to 10,000 buckets")
            }
            return .histogram(
                DelayHistogram(
                    start: start, width: width, counts: timer.histogram(start: start, width: width, buckets: buckets)))
        case .halves(let skip, let limit): return .halves(halfPage(skip: skip, limit: limit))
        case .half(let id):
            guard let entry = findHalf(id), let half = halfMessage(entry) else { throw notUnresolved(id) }
            return .half(half)
        case .browse(let id, let from, let limit):
            let topic = try existingTopic(id.topic)
            guard id.queue >= 0, id.queue < max(topic.config.readQueues, topic.config.writeQueues) else {
                throw APIError(.invalid, "topic \(id.topic) has no queue \(id.queue)")
            }
            let units = store.units(topic.queue(id.queue, store), from: from, limit: min(max(0, limit), 10_000))
            return .units(units, store.reader)
        case .question(let question): return try answer(question)
        case .lookUp(let topic, let key): return .lookUp(store.lookUp(topic: topic, key: key), store.reader)
        default: throw APIError(.failed, "the broker does not know this request")
        }
    }
}

extension Request {
    /// Publishing is refused in its own way.
    fileprivate var changesState: Bool {
        switch self {
        case .sendBack, .endTransaction, .resolve, .recall, .setOption, .noteBegin, .noteEnd: true
        case .act(_, let context): !context.dryRun
        case .reset(let reset): !reset.dryRun
        default: isKept
        }
    }

    /// Changes what journals keep, so that it cannot be done once the log is broken. Publishing is refused in its own way.
    fileprivate var isKept: Bool {
        switch self {
        case .commit, .reset, .updateTopic, .deleteTopic, .updateGroup, .deleteGroup, .ensureTopic, .recheck: true
        default: false
        }
    }
}
