import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// The model learns what became visible.
extension World {
    /// Learns of every queue; those of the broker itself first, since what they hold is named by the others.
    func follow() throws(Violation) {
        let configs = try followConfigs()
        try noteRetention()
        let names = configs.topics.map(\.name).sorted()
        let ordered = Model.systemTopics.filter(names.contains) + names.filter { !Model.systemTopics.contains($0) }
        for name in ordered where model.isFollowed(name) {
            guard let config = configs.topics.first(where: { $0.name == name }) else { continue }
            // Queues that were taken from the topic are looked at, too.
            for queue in 0..<max(config.readQueues, config.writeQueues, Self.mostQueues) {
                try followQueue(QueueID(name, queue))
            }
        }
        if model.limbo.isEmpty { try checkOwedExpired() }
    }

    /// Learns of one queue, and before it of those that hold its sources.
    func follow(_ id: QueueID) throws(Violation) {
        guard model.isFollowed(id.topic) else { return }
        // The halves first even where they are what is asked for: op records speak of them.
        for name in Model.systemTopics {
            guard case .topicConfig(let config) = try look(.topicConfig(name)) else { throw wrongAnswer(name) }
            for queue in 0..<(config?.readQueues ?? 0) { try followQueue(QueueID(name, queue)) }
        }
        if !Model.systemTopics.contains(id.topic) { try followQueue(id) }
    }

    private func followQueue(_ id: QueueID) throws(Violation) {
        guard let (min, max) = try bounds(id) else { return }
        var queue = model.queues[id, default: LearnedQueue()]
        guard min >= queue.min, max >= queue.next, min <= max else {
            throw Violation(
                .durability, "\(id.text) has \(min)..<\(max) and had \(queue.min)..<\(queue.next) before")
        }
        // Some came and went between two looks, be it all that a new queue ever held.
        if min > queue.next { unseen.insert(id) }
        queue.begin(at: min)
        while queue.next < min { queue.append(-1) }
        try checkExpired(id, queue, to: min)
        queue.trim(min)
        model.queues[id] = queue
        tally.count(.lag)
        guard max > queue.next else { return }
        try learn(id, from: queue.next, to: max)
    }

    /// Where a queue begins and ends; nil where there is none.
    func bounds(_ id: QueueID) throws(Violation) -> (Int64, Int64)? {
        if case .offset(let min) = try look(.offset(id, .first)), case .offset(let max) = try look(.offset(id, .last)) {
            return (min, max)
        }
        guard let queue = broker.store.existingQueue(id) else { return nil }
        let known = model.queues[id]?.next ?? 0
        let source = broker.store.units(queue, from: known, limit: 100_000)
        let end = (try? source.load())?.last.map { $0.offset + 1 }
        return (queue.minOffset, end ?? Swift.max(known, queue.minOffset))
    }

    /// Queues that a topic of a world ever has.
    static let mostQueues = 6

    private func learn(_ id: QueueID, from: Int64, to end: Int64) throws(Violation) {
        let (units, fetch) = try read(id, from: from, limit: Int(end - from))
        guard units.count == Int(end - from), units.first?.offset == from else {
            throw Violation(.order, "\(id.text) has no units for all of \(from)..<\(end)")
        }
        let gone = Set(fetch.damaged)
        var offsets = units.map(\.offset).filter { !gone.contains($0) }[...]
        var problem: Violation?
        fetch.eachRecord { view in
            guard problem == nil, let offset = offsets.popFirst() else { return }
            do throws(Violation) {
                while let next = model.queues[id]?.next, next < offset { try learnGap(id, next) }
                try model.learn(view, in: id, at: offset, now: now)
                noteLearned(view.physicalOffset)
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        while let next = model.queues[id]?.next, next < end { try learnGap(id, next) }
    }

    private func noteLearned(_ place: Int64) {
        trace.note(place)
        tally.count(.order)
        if let entry = model.entries[place] {
            tell("learned \(Sent.id(entry.number)) at \(place) in \(entry.queue.text) \(entry.offset), \(entry.role)")
        }
        switch model.entries[place]?.role {
        case .delivered?:
            tally.count(.sources)
            tally.count(.delays)
        case .committed?:
            tally.count(.sources)
            tally.count(.halves)
        default: break
        }
    }

    /// An offset whose record cannot be read: only one that nobody was told of may be missing.
    private func learnGap(_ id: QueueID, _ offset: Int64) throws(Violation) {
        model.queues[id, default: LearnedQueue()].append(-1)
        trace.note(-offset)
    }

    /// Units of a queue and the records they name, read as a consumer does.
    func read(
        _ id: QueueID, from: Int64, limit: Int
    ) throws(Violation) -> (units: [(offset: Int64, unit: QueueUnit)], fetch: Fetch) {
        let source: UnitSource
        let reader = broker.store.reader
        if case .units(let found, _) = try look(.browse(id, from: from, limit: limit)) {
            source = found
        } else if let queue = broker.store.existingQueue(id) {
            source = broker.store.units(queue, from: from, limit: limit)
        } else {
            throw Violation(.durability, "\(id.text) is gone")
        }
        do throws(DiskError) {
            let units = try source.load()
            return (units, try reader.fetch(units[...], maxBytes: 64 << 20))
        } catch {
            throw Violation(.durability, "\(id.text) cannot be read from \(from): \(error)")
        }
    }

    // MARK: Retention

    private func noteRetention() throws(Violation) {
        guard case .broker(let status) = try look(.broker) else { throw wrongAnswer("broker") }
        model.minPhysicalOffset = status.minPhysicalOffset
    }

    /// Records that are gone were old, or too many.
    private func checkExpired(_ id: QueueID, _ queue: LearnedQueue, to min: Int64) throws(Violation) {
        guard min > queue.min else { return }
        try noteRetention()
        let options = settings.store
        for offset in queue.min..<min {
            guard let place = queue[offset], let entry = model.entries[place], !entry.isRotten else { continue }
            let isOld = now - entry.stored >= options.retainMilliseconds
            let isTooMuch = options.retainBytes.map { broker.store.confirmed - place >= $0 } ?? false
            guard isOld || isTooMuch, place < model.minPhysicalOffset else {
                throw Violation(.durability, "offset \(offset) of \(id.text) is gone before its time")
            }
            expired.append(place)
        }
    }

    /// What is gone was not owed any more; asked when everything is learned.
    private func checkOwedExpired() throws(Violation) {
        defer { (expired, unseen) = ([], []) }
        for place in expired {
            guard let entry = model.entries[place] else { continue }
            if let wait = model.waits[place], wait.isOpen, mayHaveComeUnseen(wait) {
                // It was delivered where messages came and went unseen; nobody can tell any more.
                model.waits[place]?.isWithdrawn = true
                continue
            }
            if !entry.isRotten, model.waits[place]?.isOpen == true || isOpenHalf(entry) {
                throw Violation(.owed, "\(Sent.id(entry.number)) is still owed, and its record at \(place) is gone")
            }
            tally.count(.owed)
        }
    }

    /// It may be in a queue of which something came and went unseen: its own, or the first where its own is no more.
    private func mayHaveComeUnseen(_ wait: Wait) -> Bool {
        unseen.contains(wait.target) || unseen.contains(QueueID(wait.target.topic, 0))
    }

    private func isOpenHalf(_ entry: Entry) -> Bool {
        entry.role == .half && model.halves[entry.offset]?.isOpen == true
    }

    // MARK: Topics and groups

    func followConfigs() throws(Violation) -> Configs {
        guard case .configs(let configs) = try look(.configs) else { throw wrongAnswer("configs") }
        try compareConfigs(configs)
        return configs
    }

    /// What is configured is what was asked for; topics and groups may come by being used, and none goes by itself.
    private func compareConfigs(_ configs: Configs) throws(Violation) {
        for config in configs.topics.sorted(by: { $0.name < $1.name }) {
            let name = config.name
            if let known = model.topics[name]?.live {
                guard known == config || TopicName.isSystem(name) else {
                    throw Violation(.restart, "topic \(name) is \(config), and was made \(known)")
                }
            } else {
                model.topics[name, default: Kept(nil)].set(config)
                model.hasChanges = true
            }
        }
        for config in configs.groups.sorted(by: { $0.name < $1.name }) {
            if let known = model.groups[config.name]?.live {
                guard known == config else {
                    throw Violation(.restart, "group \(config.name) is \(config), and was made \(known)")
                }
            } else {
                model.groups[config.name, default: Kept(nil)].set(config)
                model.hasChanges = true
            }
        }
        let topics = Set(configs.topics.map(\.name))
        for name in model.topics.keys.sorted() where model.topics[name]?.live != nil && !topics.contains(name) {
            throw Violation(.restart, "topic \(name) is gone, and nobody deleted it")
        }
        let groups = Set(configs.groups.map(\.name))
        for name in model.groups.keys.sorted() where model.groups[name]?.live != nil && !groups.contains(name) {
            throw Violation(.restart, "group \(name) is gone, and nobody deleted it")
        }
    }

    func wrongAnswer(_ to: String) -> Violation { Violation(.answers, "the question for \(to) got another's answer") }
}
