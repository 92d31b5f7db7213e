import SluiceAPI
import SluiceConsole
import SluiceMessage

extension World {
    /// What an operator's action does to the world, and says.
    mutating func operate(_ action: OperatorAction, _ dryRun: Bool) -> Result<ActionOutcome, APIError> {
        switch action {
        case .resolve(let id, let resolution): return resolve(id, resolution, dryRun)
        case .reset(let request):
            let steps = steps(request)
            var outcome = ActionOutcome(dryRun ? "would move \(request.group)" : "moved \(request.group)")
            outcome.steps = steps
            if !dryRun { move(request.group, steps) }
            return .success(outcome)
        case .cancelDelay(let id, _), .deliverNow(let id, _):
            if settledDelays.contains(id) { return .failure(Self.gone(id)) }
            if !dryRun {
                delays.removeAll { $0.id == id }
                settledDelays.insert(id)
            }
            return .success(ActionOutcome(dryRun ? "would do it" : "did it"))
        case .reschedule(let id, _, let due):
            guard let index = delays.firstIndex(where: { $0.id == id }) else { return .failure(Self.gone(id)) }
            if !dryRun { delays[index].due = due }
            var outcome = ActionOutcome("\(dryRun ? "would reschedule" : "rescheduled") \(id)")
            outcome.due = due
            return .success(outcome)
        case .republish(let offsets, let topic):
            var outcome = ActionOutcome(
                "\(offsets.count) messages \(dryRun ? "would be" : "were") stored again in \(topic ?? "their own topics")",
                count: offsets.count)
            if !dryRun {
                outcome.stored = offsets.indices.map {
                    StoredPlace(
                        id: Self.id(900 + $0), queue: QueueID(topic ?? "orders", $0), queueOffset: 500 + Int64($0))
                }
            }
            return .success(outcome)
        case .replay(let plan): return .success(start(plan, dryRun))
        case .controlReplay(let id, let control): return steer(id, control, dryRun)
        default: return .success(ActionOutcome(dryRun ? "would do it" : "did it"))
        }
    }

    private static func gone(_ id: String) -> APIError { APIError(.conflict, "\(id) was delivered already.") }

    private mutating func resolve(_ id: String, _ resolution: Resolution, _ dryRun: Bool) -> Result<
        ActionOutcome, APIError
    > {
        if let conflict { return .failure(conflict) }
        guard let half = halves.first(where: { $0.id == id }) else {
            return .failure(APIError(.notFound, "There is no unresolved half \(id)."))
        }
        if !dryRun { halves.removeAll { $0.id == id } }
        var readers: [TopicStatus.GroupOnTopic] = []
        if case .success(.topic(let status)) = reply(to: .topic(half.topic)) { readers = status.groups }
        let isCommit = resolution == .commit
        var outcome = ActionOutcome("\(dryRun ? "would " : "")\(resolution.rawValue) \(id)")
        outcome.resolution = ResolutionOutcome(
            id: id, resolution: resolution, visibleAt: isCommit ? QueueID(half.topic, half.queue) : nil,
            queueOffset: isCommit ? 4411 : nil, receivers: readers)
        return .success(outcome)
    }

    private mutating func move(_ group: String, _ steps: [ResetStep]) {
        for step in steps {
            guard let index = queuesOfGroup[group]?.firstIndex(where: { $0.id == step.id }) else { continue }
            queuesOfGroup[group]?[index].offset = step.to
        }
    }

    // MARK: Replays
    var replays: [ReplayStatus] {
        get { if case .replays(let list)? = told[.replays] { list } else { [] } }
        set { told[.replays] = .replays(newValue) }
    }

    private mutating func start(_ plan: ReplayPlan, _ dryRun: Bool) -> ActionOutcome {
        let status = ReplayStatus(
            id: replays.count + 1, plan: plan, state: .running, done: 0, total: 1200, damaged: 0, startedAt: now)
        if !dryRun { replays.append(status) }
        var outcome = ActionOutcome(
            "\(dryRun ? "would store" : "stores") 1200 messages of \(plan.topic) again", count: 1200)
        outcome.replay = status
        return outcome
    }

    private mutating func steer(_ id: Int, _ control: ReplayControl, _ dryRun: Bool) -> Result<ActionOutcome, APIError>
    {
        guard let index = replays.firstIndex(where: { $0.id == id }) else {
            return .failure(APIError(.notFound, "There is no replay \(id)."))
        }
        let state: ReplayStatus.State =
            switch control {
            case .pause: .paused
            case .resume: .running
            case .cancel: .cancelled
            }
        if !dryRun { replays[index].state = state }
        return .success(ActionOutcome("replay \(id) \(dryRun ? "would be" : "is") \(state.rawValue)"))
    }
}
