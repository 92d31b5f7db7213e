import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Time ranges of topics that are stored again, at the pace they came or faster.
///
/// The range is fixed when a replay starts, so that one into its own topic does not chase itself. A replay ends with the
/// broker: what it stored by then stays, and is stored once.
extension Broker {
    private static let speeds = 0.001...1_000_000

    /// Starts a replay, or in a trial counts what it would store.
    ///
    /// - Throws: `.invalid` for an empty range or a speed outside of 0.001...1,000,000 (0 is as fast as the disk takes it),
    ///   `.notFound` for an unknown topic, `.refused` for one whose records are not for consumers or that takes no copies,
    ///   `.unavailable` while 16 replays are going.
    func startReplay(_ plan: ReplayPlan, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        let (source, target) = try topics(of: plan)
        guard plan.from < plan.to else { throw APIError(.invalid, "the range of a replay ends after it begins") }
        guard plan.speed == 0 || Self.speeds.contains(plan.speed) else {
            throw APIError(
                .invalid, "a replay's speed is 0.001 to 1,000,000, or 0 for as fast as it goes, not \(plan.speed.plain)"
            )
        }
        let runs = runs(of: source, plan)
        let total = runs.reduce(0) { $0 + Int64($1.range.count) }
        var status = ReplayStatus(
            id: replaying.nextID, plan: plan, state: .running, done: 0, total: total, damaged: 0, startedAt: now)
        let what = "\(total) messages of \(plan.topic)" + (plan.target.map { " in \($0)" } ?? "")
        if context.dryRun {
            status.id = 0
            return reply(.acted(outcome(status, "a replay would store \(what) again\(Self.list(runs))")))
        }
        if let refusing { throw APIError(.unavailable, refusing) }
        guard replaying.going.count < Replays.mostGoing else {
            throw APIError(
                .unavailable, "\(Replays.mostGoing) replays are going already; cancel one, or wait for its end")
        }
        let replay = Replay(status, source: source, target: target, merge: QueueMerge(runs, store))
        replaying.add(replay)
        advance(replay)
        let text = "replay \(status.id) stores \(what) again\(Self.list(runs))"
        answerWhenConfirmed(.acted(outcome(replay.status, text)), reply)
    }

    private func topics(of plan: ReplayPlan) throws(APIError) -> (source: Topic, target: Topic) {
        let source = try existingTopic(plan.topic)
        guard source.kind != .system else {
            throw APIError(.refused, "\(plan.topic) is the broker's own topic; its records are not for consumers")
        }
        guard source.kind == .normal || plan.target != nil else {
            throw APIError(.refused, "what is in \(plan.topic) can only be replayed into another topic; name one")
        }
        return (source, try topicForCopies(plan.target ?? plan.topic))
    }

    /// What lies in the range, by queue.
    private func runs(of topic: Topic, _ plan: ReplayPlan) -> [(queue: ConsumeQueue, range: Range<Int64>)] {
        topic.allQueues(store).compactMap { queue in
            let from = store.offset(queue, storedFrom: plan.from)
            let to = min(store.offset(queue, storedFrom: plan.to), visibleMax(queue))
            return from < to ? (queue, from..<to) : nil
        }
    }

    private static func list(_ runs: [(queue: ConsumeQueue, range: Range<Int64>)]) -> String {
        guard !runs.isEmpty else { return "" }
        let counts = runs.prefix(16).map { "\($0.range.count) of queue \($0.queue.queue)" }.joined(separator: ", ")
        return ": " + counts + (runs.count > 16 ? " and those of \(runs.count - 16) more queues" : "")
    }

    private func outcome(_ status: ReplayStatus, _ text: String, before: String = "") -> ActionOutcome {
        var outcome = ActionOutcome(
            text, count: Int(clamping: status.total), before: before, after: status.state.rawValue)
        outcome.replay = status
        return outcome
    }

    /// Pauses a replay, lets it go on, or ends it.
    ///
    /// - Throws: `.notFound` for an unknown one, `.conflict` when it has ended or stands so already.
    func controlReplay(
        id: Int, _ control: ReplayControl, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        guard let replay = replaying.going.first(where: { $0.status.id == id }) else {
            guard let ended = replaying.ended.first(where: { $0.id == id }) else {
                throw APIError(.notFound, "there is no replay \(id); `sluice replay list` shows those there are")
            }
            throw APIError(.conflict, "replay \(id) has ended already: \(ended.state.rawValue)")
        }
        let before = replay.status.state
        let after: ReplayStatus.State =
            switch control {
            case .pause: .paused
            case .resume: .running
            case .cancel: .cancelled
            }
        guard before != after else { throw APIError(.conflict, "replay \(id) is \(after.rawValue) already") }
        if !context.dryRun {
            switch control {
            case .pause: replay.pause(now)
            case .resume: replay.resume(now)
            case .cancel: replaying.end(replay, .cancelled)
            }
        }
        var status = replay.status
        status.state = after
        let text =
            "replay \(id) \(context.dryRun ? "would be" : "is") \(after.rawValue), "
            + "\(status.done) of \(status.total) messages stored"
        let outcome = Response.acted(outcome(status, text, before: before.rawValue))
        if context.dryRun { reply(outcome) } else { answerWhenConfirmed(outcome, reply) }
    }

    /// All that are going, and the last that ended, by number.
    func replays() -> [ReplayStatus] { replaying.all }

    // MARK: The owner's turn

    /// Stores what has its moment, a slice at most.
    func advance(_ replay: Replay) {
        var slice = CopySlice()
        while replay.isRunning, canCopy {
            if let problem = problem(replay) { return replaying.end(replay, .failed, problem: problem) }
            guard let next = replay.next ?? takeNext(replay, &slice) else { return }
            replay.next = next
            guard next.moment <= now, slice.goesOn else { return }
            copy(next, replay, &slice)
            replay.next = nil
        }
        if let broken = store.broken {
            replaying.end(
                replay, .failed, problem: "the log cannot be written: \(broken); restart sluice after mending it")
        }
    }

    private func problem(_ replay: Replay) -> String? {
        for topic in [replay.source, replay.target] where topics[topic.config.name] !== topic {
            return "topic \(topic.config.name) was deleted meanwhile"
        }
        return nil
    }

    /// Reads the next record; nil when the slice is used up, or when there is none and the replay has ended.
    private func takeNext(_ replay: Replay, _ slice: inout CopySlice) -> Replay.Next? {
        while slice.goesOn {
            let item = replay.merge.next(store)
            replay.status.damaged = replay.unreadable + replay.merge.lost
            guard let item else {
                replaying.end(replay, .done)
                return nil
            }
            guard let record = try? store.reader.record(at: item.physicalOffset),
                let time = Self.storeTime(record, of: item, replay.source)
            else {
                replay.unreadable += 1
                slice.spend(0)
                continue
            }
            return .init(record: record, queue: item.queue, moment: replay.moment(of: time))
        }
        return nil
    }

    /// Nil when the record is not the one its unit speaks of.
    private static func storeTime(_ record: Fetch, of item: QueueMerge.Item, _ topic: Topic) -> Int64? {
        var time: Int64?
        record.eachRecord { view in
            if view.topicName == topic.config.name, view.queueOffset == item.queueOffset, view.queue == item.queue {
                time = view.storeTimestamp
            }
        }
        return time
    }

    private func copy(_ next: Replay.Next, _ replay: Replay, _ slice: inout CopySlice) {
        next.record.eachRecord { view in
            slice.spend(view.size)
            let queue = next.queue % replay.target.config.writeQueues
            if copy(view, to: replay.target, queue: queue) == nil {
                replay.unreadable += 1
            } else {
                replay.status.done += 1
            }
        }
    }
}
