import SluiceAPI
import SluiceBroker
import SluiceMessage

/// What waits: delays and halves over all brokers.
extension ClusterOperator {
    struct PendingDelays: Sendable {
        var items: [PendingDelay]
        var total: Int
        var levels: [Int64]
        var note: String?
        var coverage: Coverage?
    }

    func pendingDelays(fresh: Bool = false) async throws(APIError) -> PendingDelays {
        let time = now()
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            let levels = try await look.levels()
            return (levels, try await look.delays.pending(now: time, levels: levels, fresh: fresh))
        }
        let notes = gathered.answers.compactMap(\.value.1.note) + [gathered.missing].compactMap(\.self)
        return PendingDelays(
            items: gathered.answers.flatMap(\.value.1.items).sorted { ($0.due, $0.id) < ($1.due, $1.id) },
            total: gathered.answers.reduce(0) { $0 + $1.value.1.total },
            levels: gathered.answers.first?.value.0 ?? DelayLevels.standard.milliseconds,
            note: notes.isEmpty ? nil : notes.joined(separator: "; "), coverage: gathered.answered)
    }

    func delayPage(_ query: DelayQuery) async throws(APIError) -> DelayPage {
        let pending = try await pendingDelays()
        let matching = pending.items.filter { delay in
            (query.topic ?? delay.topic) == delay.topic
                && query.key.map { $0 == delay.id || delay.keys.contains($0) } ?? true
        }
        let items = matching.dropFirst(max(0, query.skip)).prefix(min(max(query.limit, 1), 10_000))
        var page = DelayPage(total: pending.total, items: Array(items), levels: pending.levels)
        page.note = pending.note
        page.coverage = pending.coverage
        return page
    }

    func delayHistogram(start: Int64, width: Int64, buckets: Int) async throws(APIError) -> DelayHistogram {
        guard width > 0, (1...10_000).contains(buckets) else {
            throw APIError(.invalid, "a histogram has 1 to 10,000 buckets of at least 1 ms")
        }
        let pending = try await pendingDelays()
        var counts = [Int](repeating: 0, count: buckets)
        for delay in pending.items {
            let (distance, over) = delay.due.subtractingReportingOverflow(start)
            let bucket = over ? (delay.due < start ? 0 : Int64(buckets) - 1) : distance / width
            counts[Int(min(max(bucket, 0), Int64(buckets) - 1))] += 1
        }
        var histogram = DelayHistogram(start: start, width: width, counts: counts)
        histogram.note = pending.note
        histogram.coverage = pending.coverage
        return histogram
    }

    // MARK: Halves

    struct UnresolvedHalves: Sendable {
        var halves: [(look: BrokerLook, half: StockHalf)]
        var note: String?
        var coverage: Coverage?
    }

    /// Oldest first.
    func unresolvedHalves(fresh: Bool = false) async throws(APIError) -> UnresolvedHalves {
        let time = now()
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            try await look.halves.unresolved(now: time, fresh: fresh)
        }
        let notes = gathered.answers.compactMap(\.value.note) + [gathered.missing].compactMap(\.self)
        let all = gathered.answers.flatMap { look, found in found.halves.map { (look: look, half: $0) } }
        return UnresolvedHalves(
            halves: all.sorted {
                ($0.half.message.bornTimestamp, $0.half.id) < ($1.half.message.bornTimestamp, $1.half.id)
            }, note: notes.isEmpty ? nil : notes.joined(separator: "; "), coverage: gathered.answered)
    }

    func halfPage(skip: Int, limit: Int) async throws(APIError) -> HalfPage {
        let unresolved = try await unresolvedHalves()
        let shown = unresolved.halves.dropFirst(max(0, skip)).prefix(min(max(limit, 1), 10_000))
        let producers = try await producersOnline(of: Set(shown.map(\.half.producerGroup)))
        var items: [HalfMessage] = []
        for (look, half) in shown { items.append(await message(half, look, producers)) }
        var page = HalfPage(
            total: unresolved.halves.count, setAside: unresolved.halves.count { $0.half.isSetAside },
            oldest: unresolved.halves.first?.half.message.bornTimestamp, items: items)
        page.note = unresolved.note
        page.coverage = unresolved.coverage
        return page
    }

    func half(id: String) async throws(APIError) -> HalfMessage {
        let (look, half) = try await findHalf(id)
        return await message(half, look, try await producersOnline(of: [half.producerGroup]))
    }

    /// The half by its id, newly looked up.
    func findHalf(_ id: String) async throws(APIError) -> (BrokerLook, StockHalf) {
        let unresolved = try await unresolvedHalves(fresh: true)
        guard let found = unresolved.halves.first(where: { $0.half.id == id }) else {
            let note = unresolved.note.map { " (\($0))" } ?? ""
            throw APIError(.notFound, "no half message \(id) is unresolved: somebody may have resolved it\(note)")
        }
        return found
    }

    private func message(_ half: StockHalf, _ look: BrokerLook, _ producers: [String: Int]) async -> HalfMessage {
        let options = (try? await look.options()) ?? [:]
        let interval = options["transactionCheckInterval"].flatMap { Int64($0) } ?? 60_000
        let target = half.target
        let stored = half.message.storeTimestamp
        return HalfMessage(
            id: half.id, topic: target.topic, queue: look.broker.number(max(0, min(target.queue, 0xffff))),
            producerGroup: half.producerGroup, storeTimestamp: half.message.bornTimestamp, checks: half.checks,
            maxChecks: options["transactionCheckMax"].flatMap { Int($0) } ?? 15,
            // The broker stores the half anew at each check, so the next one is a round after this copy.
            nextCheck: half.isSetAside ? nil : stored + interval, producersOnline: producers[half.producerGroup] ?? -1,
            tag: half.message.tag, keys: half.message.keys, bodySize: half.message.body.count,
            bodyPeek: Array(half.message.body.prefix(256)), physicalOffset: half.message.physicalOffset)
    }

    /// Clients over all brokers that could answer a check; a group is left out where nobody could be asked.
    func producersOnline(of groups: Set<String>) async throws(APIError) -> [String: Int] {
        let looks = try await cluster.brokers()
        var online: [String: Int] = [:]
        for group in groups where !group.isEmpty {
            let gathered = try? await Gathered.from(looks) { look throws(APIError) in
                try await look.broker.producers(group)
            }
            if let gathered { online[group] = Set(gathered.answers.flatMap(\.value).map(\.id)).count }
        }
        return online
    }
}
