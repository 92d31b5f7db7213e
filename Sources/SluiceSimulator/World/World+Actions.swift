import SluiceAPI
import SluiceBroker
import SluiceMessage

/// Operators' actions beyond RocketMQ's requests. A broker that does not know one is not asked for it again.
extension World {
    func act() {
        switch int(0..<9) {
        case 0: cancelDelay()
        case 1: deliverNow()
        case 2: reschedule()
        case 3: gate()
        case 4: republish()
        case 5: replay()
        case 6: controlReplay()
        case 7: limitPublishing()
        default: resendDeadLetters()
        }
    }

    static let operatorContext = ActionContext(
        actor: Actor(name: "op", host: "sim", isProven: false), reason: "simulated")

    private func act(
        _ name: String, _ action: OperatorAction, _ done: @escaping (ActionOutcome) throws(Violation) -> Void
    ) {
        guard !unknownActions.contains(name) else { return }
        var asked = Asked(.act, .act(action, Self.operatorContext))
        asked.answered = { [self] (response) throws(Violation) in
            if case .failed(let error) = response {
                if error.message.contains("cannot do that") { self.unknownActions.insert(name) }
                self.tell("\(name) was refused: \(error.message)")
                return self.trace.note(error.message)
            }
            guard case .acted(let outcome) = response else { throw self.wrongAnswer(name) }
            self.trace.note(outcome.text)
            self.tell("\(name): \(outcome.text)")
            try done(outcome)
        }
        ask(asked)
    }

    /// A message of a producer that waits, and of which there is one only.
    private func anyWait() -> Wait? {
        let waits = model.pendingWaits().suffix(60).filter {
            $0.number >= 0 && model.sent[$0.number].copies == 1 && !$0.target.topic.hasPrefix("%")
        }
        return pickAny(waits)
    }

    private func cancelDelay() {
        guard let wait = anyWait() else { return }
        act("cancel", .cancelDelay(id: Sent.id(wait.number), topic: chance(0.5) ? wait.target.topic : nil)) {
            [self] (_) throws(Violation) in
            try self.follow()
            guard self.model.waits.values.contains(where: { $0.number == wait.number && $0.isWithdrawn }) else {
                throw Violation(.delays, "\(Sent.id(wait.number)) was cancelled, and nothing in the log says so")
            }
        }
    }

    private func deliverNow() {
        guard let wait = anyWait() else { return }
        model.early.insert(wait.number)
        act("deliver", .deliverNow(id: Sent.id(wait.number), topic: nil)) { [self] (outcome) throws(Violation) in
            try self.checkStored(outcome, as: .delivered)
        }
    }

    private func reschedule() {
        guard let wait = anyWait() else { return }
        let due = now + Int64(int(-1_000..<100_000))
        // One that falls due at once may be delivered from where it waited before.
        model.early.insert(wait.number)
        model.moves[wait.number, default: []].insert(due)
        act("reschedule", .reschedule(id: Sent.id(wait.number), topic: nil, due: due)) {
            [self] (outcome) throws(Violation) in
            try self.checkStored(outcome, as: .delivered)
            try self.follow()
            guard outcome.stored.isEmpty, self.model.limbo.isEmpty else { return }
            guard self.model.waits.values.contains(where: { $0.number == wait.number && $0.due == due }) else {
                throw Violation(.delays, "\(Sent.id(wait.number)) was put to \(due), and nothing in the log says so")
            }
        }
    }

    private func republish() {
        let places = model.queues.keys.sorted().filter {
            settings.topics.contains($0.topic) && model.isFollowed($0.topic)
        }
        guard let id = pickAny(places), let queue = model.queues[id], queue.depth > 0,
            let place = queue[Int64(int(Int(queue.min)..<Int(queue.next)))], model.limbo.isEmpty
        else { return }
        act("republish", .republish([place], to: chance(0.5) ? anyTopic() : nil)) {
            [self] (outcome) throws(Violation) in
            try self.checkStored(outcome)
        }
    }

    private func replay() {
        let plan = ReplayPlan(
            topic: anyTopic(), from: now - Int64(int(1..<60_000)), to: now, target: chance(0.5) ? anyTopic() : nil,
            speed: pick([0, 10, 1_000]))
        guard model.limbo.isEmpty else { return }
        act("replay", .replay(plan)) { (outcome) throws(Violation) in
            guard let status = outcome.replay, status.done + status.damaged <= status.total else {
                throw Violation(.answers, "a replay of \(plan.topic) does not say how it stands")
            }
        }
    }

    private func controlReplay() {
        act("control", .controlReplay(id: int(1..<6), pick([.pause, .resume, .cancel]))) { (_) throws(Violation) in }
    }

    private func resendDeadLetters() {
        guard model.limbo.isEmpty else { return }
        let selection = DeadLetterSelection(
            group: pick(settings.groups), offsets: nil, target: chance(0.7) ? anyTopic() : nil)
        act("resend", .resendDeadLetters(selection)) { [self] (outcome) throws(Violation) in
            try self.checkStored(outcome)
        }
    }

    /// What was stored anew is where the outcome says.
    private func checkStored(_ outcome: ActionOutcome, as role: Entry.Role = .copy) throws(Violation) {
        for stored in outcome.stored where model.isFollowed(stored.queue.topic) {
            try follow(stored.queue)
            guard let queue = model.queues[stored.queue], stored.queueOffset >= queue.min else { continue }
            guard let place = queue[stored.queueOffset], model.entries[place]?.role == role else {
                throw Violation(.durability, "\(stored.id) was stored again in \(stored.queue.text), and is not there")
            }
            tally.count(.durability)
        }
    }
}
