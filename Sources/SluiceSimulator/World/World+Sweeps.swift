import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// Full looks at everything, while nothing is on its way.
extension World {
    /// - Parameter deep: reads every record again.
    func sweep(deep: Bool) throws(Violation) {
        try settle()
        try follow()
        try checkBoxes()
        guard model.limbo.isEmpty, broker.store.broken == nil else { return }
        try checkUnanswered()
        if broker.store.hasRoom(for: Limits.maxRecordBytes) { try checkDelays() }
        try checkHalves()
        try checkGroups()
        try checkTopics()
        try checkLimits()
        try checkAnswered()
        if deep { try readAgain(everything: true) }
    }

    /// Requests that are still on their way although the broker is at rest.
    private func checkUnanswered() throws(Violation) {
        guard broker.store.noRoom == nil else { return }
        if let open = asked.first(where: { !$0.mayWait }) ?? inbox.first {
            throw Violation(.answers, "a request to \(open.kind.rawValue) was never answered")
        }
    }

    // MARK: What waits

    /// What was due came, what waits is listed, and the counts agree.
    private func checkDelays() throws(Violation) {
        let pending = model.pendingWaits()
        let rotten = pending.count { model.entries[$0.physicalOffset]?.isRotten == true }
        if let late = pending.first(where: { $0.due <= now && model.isReadable($0.physicalOffset) }) {
            throw Violation(
                .delays,
                "\(Sent.id(late.number)) was due \(now - late.due) ms ago and has not come (waits at \(late.physicalOffset))"
            )
        }
        guard case .delays(let page) = try look(.delays(DelayQuery(limit: 10_000))),
            case .broker(let status) = try look(.broker)
        else { throw wrongAnswer("delays") }
        guard (pending.count - rotten...pending.count).contains(page.total), status.pendingDelays == page.total else {
            throw Violation(
                .delays,
                "\(page.total) delays are pending, and the broker says \(status.pendingDelays); it should be \(pending.count)"
            )
        }
        let listed = Dictionary(page.items.map { ($0.id + "/\($0.due)", $0) }, uniquingKeysWith: { first, _ in first })
        for wait in pending.prefix(10_000 - rotten) where model.isReadable(wait.physicalOffset) {
            guard listed[Sent.id(wait.number) + "/\(wait.due)"] != nil else {
                throw Violation(.delays, "\(Sent.id(wait.number)), due \(wait.due), is pending and not listed")
            }
            tally.count(.delays)
        }
        try checkOwed(pending.map(\.physicalOffset))
    }

    private func checkHalves() throws(Violation) {
        let open = model.unresolvedHalves()
        guard case .halves(let page) = try look(.halves(skip: 0, limit: 10_000)),
            case .broker(let status) = try look(.broker)
        else { throw wrongAnswer("halves") }
        guard page.total == open.count, status.unresolvedHalves == open.count else {
            throw Violation(.halves, "\(page.total) halves are unresolved by the broker; it should be \(open.count)")
        }
        let readable = open.filter { model.isReadable($0.physicalOffset) }.prefix(10_000)
        let listed = Set(page.items.map(\.physicalOffset))
        for half in readable {
            guard listed.contains(half.physicalOffset) else {
                throw Violation(.halves, "half \(Sent.id(half.number)) is unresolved and not listed")
            }
            tally.count(.halves)
        }
        guard page.items.count(where: \.isSetAside) <= page.setAside, page.setAside <= page.total else {
            throw Violation(
                .halves, "\(page.setAside) halves are set aside of \(page.total), and the list shows others")
        }
        let lost = model.halves.values.filter { $0.resolution == .commit && $0.committedAt == nil }
        if let half = lost.min(by: { $0.queueOffset < $1.queueOffset }) {
            throw Violation(.resolutions, "half \(Sent.id(half.number)) was committed and is nowhere")
        }
        try checkOwed(readable.map(\.physicalOffset))
    }

    /// Whatever is still to be delivered or resolved can be read.
    private func checkOwed(_ places: [Int64]) throws(Violation) {
        guard case .reader(let reader) = try look(.reader) else { throw wrongAnswer("reader") }
        for place in places.prefix(200) where model.entries[place]?.isRotten == false {
            guard let fetch = try? reader.record(at: place), fetch.count == 1 else {
                throw Violation(.owed, "what waits at \(place) cannot be read any more")
            }
            tally.count(.owed)
        }
    }

    /// A message that was acknowledged has its records, all of them.
    private func checkAnswered() throws(Violation) {
        for key in model.retriesAnswered.keys.sorted() {
            let seen = model.retriesSeen[key, default: 0]
            guard seen >= model.retriesAnswered[key, default: 0] else {
                throw Violation(.durability, "\(Sent.id(key.number)) was to go back to \(key.group) and did not")
            }
        }
    }

    // MARK: Groups and topics

    private func checkGroups() throws(Violation) {
        for name in consumers.keys.sorted() where model.groups[name]?.live != nil {
            try compareOffsets(name)
            guard case .group(let status) = try look(.group(name)) else { throw wrongAnswer("group") }
            var lag: Int64 = 0
            for position in status.queues {
                let queue = model.queues[position.id, default: LearnedQueue()]
                guard position.minOffset == queue.min, position.maxOffset == queue.next else {
                    throw Violation(
                        .lag,
                        "\(position.id.text) has \(position.minOffset)..<\(position.maxOffset) for \(name), "
                            + "not \(queue.min)..<\(queue.next)")
                }
                let at = model.offsets[name]?[position.id]?.live ?? consumers[name]?.starts[position.id]
                guard position.offset == at else {
                    throw Violation(
                        .lag, "\(name) stands at \(position.offset.text) on \(position.id.text), not at \(at.text)")
                }
                lag += max(0, queue.next - max(at ?? queue.min, queue.min))
                tally.count(.lag)
            }
            guard expectedQueues(of: name).isSubset(of: Set(status.queues.map(\.id))) else {
                throw Violation(.lag, "\(name) lacks a queue of its topics")
            }
            guard status.summary.lag.map({ $0 == lag }) ?? true else {
                throw Violation(.lag, "\(name) lags \(status.summary.lag.text), it should be \(lag)")
            }
        }
    }

    /// Queues of the topics a group has offsets of.
    private func expectedQueues(of group: String) -> Set<QueueID> {
        Set(
            (model.offsets[group] ?? [:]).filter { id, kept in
                guard kept.live != nil, let config = model.topics[id.topic]?.live else { return false }
                return id.queue < config.readQueues
            }.keys)
    }

    func compareOffsets(_ group: String) throws(Violation) {
        let ids = (model.offsets[group] ?? [:]).keys.sorted()
        guard !ids.isEmpty else { return }
        guard case .committed(let found) = try look(.committed(group: group, queues: ids)) else {
            throw wrongAnswer("committed")
        }
        for (id, offset) in zip(ids, found) {
            let expected = model.offsets[group]?[id]?.live
            guard offset == expected else {
                throw Violation(
                    .offsets, "\(group) stands at \(offset.text) on \(id.text); it was last put to \(expected.text)")
            }
            if offset != nil { tally.count(.offsets) }
        }
    }

    private func checkTopics() throws(Violation) {
        guard case .topics(let topics) = try look(.topics) else { throw wrongAnswer("topics") }
        for topic in topics {
            let queues = 0..<max(topic.config.readQueues, topic.config.writeQueues)
            let depth = queues.reduce(0) { $0 + (model.queues[QueueID(topic.config.name, $1)]?.depth ?? 0) }
            guard topic.depth == depth else {
                throw Violation(.lag, "topic \(topic.config.name) holds \(topic.depth) messages, it should be \(depth)")
            }
            if depth > 0 { tally.count(.lag) }
        }
    }

    // MARK: Reading again

    /// Everything that was learned still stands where it stood, unchanged.
    /// - Parameter everything: false looks at the newest of each queue only.
    func readAgain(everything: Bool) throws(Violation) {
        for id in model.queues.keys.sorted() where model.isFollowed(id.topic) {
            guard let queue = model.queues[id] else { continue }
            var at = everything ? queue.min : max(queue.min, queue.next - 16)
            while at < queue.next {
                let end = min(queue.next, at + 1_000)
                try compare(id, queue, from: at, to: end)
                at = end
            }
        }
    }

    private func compare(_ id: QueueID, _ queue: LearnedQueue, from: Int64, to end: Int64) throws(Violation) {
        let (units, fetch) = try read(id, from: from, limit: Int(end - from))
        guard units.map(\.offset).elementsEqual(from..<end) else {
            throw Violation(.durability, "\(id.text) has units for \(units.count) of the offsets \(from)..<\(end)")
        }
        var problem: Violation?
        var at = from
        let damaged = Set(fetch.damaged)
        func skipUnreadable() {
            while at < end, damaged.contains(at) {
                if let place = queue[at], model.entries[place]?.isRotten != true, problem == nil {
                    problem = Violation(
                        .durability, "offset \(at) of \(id.text), at \(place), cannot be read any more")
                }
                at += 1
            }
        }
        fetch.eachRecord { view in
            skipUnreadable()
            if let wrong = mismatch(id, queue, at, view), problem == nil { problem = wrong }
            at += 1
        }
        skipUnreadable()
        if let problem { throw problem }
        tally.count(.durability, fetch.count)
    }

    private func mismatch(_ id: QueueID, _ queue: LearnedQueue, _ offset: Int64, _ view: RecordView) -> Violation? {
        guard let place = queue[offset], let entry = model.entries[place] else { return nil }
        guard view.physicalOffset == place, view.size == entry.size, Record.sum(view.bytes) == entry.sum else {
            return Violation(
                .durability,
                "offset \(offset) of \(id.text) is the record at \(view.physicalOffset), and was another at \(place)")
        }
        return nil
    }
}

extension Int64? {
    var text: String { map(String.init) ?? "nothing" }
}
