import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// What has to be there after a start.
extension World {
    func recovered(after end: End) throws(Violation) {
        guard case .broker(let status) = try look(.broker) else { throw wrongAnswer("broker") }
        let isLossy = end == .powerCut && !settings.store.durable
        let required = isLossy ? model.durableTo : model.end
        guard status.maxPhysicalOffset >= required else {
            throw Violation(
                .durability, "the log ends at \(status.maxPhysicalOffset) after a start; up to \(required) it was kept")
        }
        trace.note(status.maxPhysicalOffset)
        if isLossy {
            model.cut(at: status.maxPhysicalOffset)
            openTransactions.removeAll { $0 >= status.maxPhysicalOffset }
        }
        if end == .kill { model.durableTo = max(model.durableTo, 0) }
        model.minPhysicalOffset = status.minPhysicalOffset
        if broker.recovery.rebuilt { try forgetUnmakeable() }
        try recoverTopics(isLossy)
        try recoverOffsets(isLossy)
        try recoverLimits(isLossy)
        try follow()
        voidCommits()
        try readAgain(everything: chance(0.1))
        tally.count(.durability)
    }

    /// A commit of which only the op record reached the disk did not happen, unless somebody was told that it did.
    private func voidCommits() {
        for offset in model.openHalves.sorted() {
            guard let half = model.halves[offset], half.resolution == .commit, half.committedAt == nil, !half.isAnswered
            else { continue }
            model.halves[offset]?.resolution = nil
            model.halves[offset]?.origin = nil
        }
    }

    /// Where the log is all there is to make queues from, one of which retention took every message begins anew, and one
    /// that ends with damaged records ends before them.
    private func forgetUnmakeable() throws(Violation) {
        for id in model.queues.keys.sorted() {
            guard var queue = model.queues[id] else { continue }
            let max = try bounds(id)?.1 ?? 0
            while queue.next > Swift.max(max, queue.min), !isMakeable(queue, queue.next - 1) {
                queue.cut(queue.next - 1)
            }
            let isEmpty = !(queue.min..<queue.next).contains { isMakeable(queue, $0) }
            model.queues[id] = isEmpty ? nil : queue
        }
    }

    private func isMakeable(_ queue: LearnedQueue, _ offset: Int64) -> Bool {
        queue[offset].map { model.isReadable($0) } ?? false
    }

    private func recoverTopics(_ isLossy: Bool) throws(Violation) {
        guard case .configs(let configs) = try look(.configs) else { throw wrongAnswer("configs") }
        let topics = Dictionary(uniqueKeysWithValues: configs.topics.map { ($0.name, $0) })
        let groups = Dictionary(uniqueKeysWithValues: configs.groups.map { ($0.name, $0) })
        for name in Set(model.topics.keys).union(topics.keys).sorted() {
            let found = topics[name]
            var kept = model.topics[name] ?? Kept(nil)
            guard isLossy || model.topics[name] == nil || kept.isPossible(found) || TopicName.isSystem(name) else {
                throw Violation(
                    .durability, "topic \(name) is \(found.text) after a start, and was \(kept.possibleText)")
            }
            let wasThere = kept.live != nil || model.limbo.contains(name)
            // What a delay or a half ended in may have made a topic again whose deletion nobody was told of yet.
            let isAnother = model.limbo.contains(name) && found != nil && kept.isPossible(nil)
            kept.found(found)
            model.topics[name] = kept
            if found == nil {
                if wasThere { forget(name) }
            } else if isAnother {
                if try !isContinued(name) { forget(name) }
            }
        }
        model.limbo = []
        for name in Set(model.groups.keys).union(groups.keys).sorted() {
            let found = groups[name]
            var kept = model.groups[name] ?? Kept(nil)
            guard isLossy || model.groups[name] == nil || kept.isPossible(found) else {
                throw Violation(
                    .durability, "group \(name) is \(found.text) after a start, and was \(kept.possibleText)")
            }
            kept.found(found)
            model.groups[name] = kept
        }
    }

    /// True where a topic's queues go on from what was learned of them: it is not another one of that name.
    private func isContinued(_ name: String) throws(Violation) -> Bool {
        for (id, queue) in model.queues where id.topic == name {
            guard let (min, max) = try bounds(id), min >= queue.min, max >= queue.next else { return false }
            guard let place = queue[queue.next - 1], model.isReadable(place), min < queue.next else { continue }
            let (units, _) = try read(id, from: queue.next - 1, limit: 1)
            guard units.first?.unit.physicalOffset == place else { return false }
        }
        return true
    }

    private func recoverOffsets(_ isLossy: Bool) throws(Violation) {
        guard case .allCommitted(let all) = try look(.allCommitted) else { throw wrongAnswer("allCommitted") }
        var found: [String: [QueueID: Int64]] = [:]
        // The broker's own group follows the oldest unresolved half.
        for commit in all where commit.group != "CID_RMQ_SYS_TRANS" {
            found[commit.group, default: [:]][commit.queue] = commit.offset
        }
        for group in Set(model.offsets.keys).union(found.keys).sorted() {
            let ids = Set((model.offsets[group] ?? [:]).keys).union((found[group] ?? [:]).keys)
            for id in ids.sorted() {
                let offset = found[group]?[id]
                var kept = model.offsets[group]?[id] ?? Kept(nil)
                guard isLossy || kept.isPossible(offset) else {
                    throw Violation(
                        .offsets,
                        "\(group) stands at \(offset.text) on \(id.text) after a start, and was put to "
                            + kept.possibleText)
                }
                kept.found(offset)
                model.offsets[group, default: [:]][id] = kept
                if offset != nil { tally.count(.offsets) }
            }
        }
    }
}

extension TopicConfig? {
    fileprivate var text: String { map { "\($0.readQueues)/\($0.writeQueues)" } ?? "not there" }
}

extension GroupConfig? {
    fileprivate var text: String { map { "with \($0.retryMaxTimes) retries" } ?? "not there" }
}

/// Everything of a broker that a clean restart keeps.
struct Snapshot {
    private var lines: [String] = []

    init(_ world: World) throws(Violation) {
        guard case .broker(let status) = try world.look(.broker), case .configs(let configs) = try world.look(.configs),
            case .allCommitted(let offsets) = try world.look(.allCommitted),
            case .halves(let halves) = try world.look(.halves(skip: 0, limit: 10_000)),
            case .delays(let delays) = try world.look(.delays(DelayQuery(limit: 10_000)))
        else { throw world.wrongAnswer("snapshot") }
        lines = [
            "the log is \(status.minPhysicalOffset)..<\(status.maxPhysicalOffset)",
            "\(status.pendingDelays) delays and \(status.unresolvedHalves) halves are open, \(halves.setAside) set aside",
        ]
        for config in configs.topics.sorted(by: { $0.name < $1.name }) {
            lines.append("topic \(config)")
            for number in 0..<max(config.readQueues, config.writeQueues) {
                let id = QueueID(config.name, number)
                guard case .offset(let min) = try world.look(.offset(id, .first)),
                    case .offset(let max) = try world.look(.offset(id, .last))
                else { continue }
                lines.append("\(id.text) has \(min)..<\(max)")
            }
        }
        for config in configs.groups.sorted(by: { $0.name < $1.name }) { lines.append("group \(config)") }
        lines += try world.limitLines()
        let sorted = offsets.sorted { ($0.group, $0.queue) < ($1.group, $1.queue) }
        for commit in sorted where commit.group != "CID_RMQ_SYS_TRANS" {
            lines.append("\(commit.group) is at \(commit.offset) of \(commit.queue.text)")
        }
        for half in halves.items {
            lines.append(
                "half \(half.id) at \(half.physicalOffset), checked \(half.checks), next \(half.nextCheck.text)")
        }
        for delay in delays.items { lines.append("\(delay.id) waits at \(delay.physicalOffset) until \(delay.due)") }
    }

    var count: Int { lines.count }

    /// The first line that is not the same.
    func difference(_ other: Snapshot) -> String? {
        for (mine, its) in zip(lines, other.lines) where mine != its { return "\(its), it was: \(mine)" }
        return lines.count == other.lines.count ? nil : "there is more, or less, than before"
    }
}
