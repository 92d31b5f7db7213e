import SluiceAPI
import SluiceBroker
import SluiceMessage

/// What a topic took from producers since its limit was set, or since the broker started: then it has its burst again.
struct TakenUnderLimit {
    var perSecond: Double
    /// Epoch ms.
    var since: Int64
    var count = 0

    /// The most that a naive count allows at a moment: a second's burst, and what came since.
    func most(at time: Int64) -> Double { max(1, perSecond) + perSecond * Double(time - since) / 1_000 + 1 }
}

/// Gates of groups and publish limits of topics: what operators set stays as they set it.
extension World {
    func gate() {
        let name = pick(settings.groups)
        let setting: GateSetting = pick([.open, .limited(perSecond: 20), .paused])
        set(.gate(group: name, setting), "gate", name) { [self] in
            model.gates[name, default: Kept(nil)].set(setting == .open ? nil : setting)
        } acknowledge: { [self] in
            model.gates[name]?.acknowledged($0)
        }
    }

    func limitPublishing() {
        let name = anyTopic()
        guard model.isFollowed(name) else { return }
        let rate: Double? = pick([nil, 2, 50, 1_000])
        set(.limitPublishing(topic: name, perSecond: rate), "limit", name) { [self] in
            if rate != nil { model.limitedOnce.insert(name) }
            model.taken[name] = rate.map { TakenUnderLimit(perSecond: $0, since: broker.now) }
            return model.limits[name, default: Kept(nil)].set(rate)
        } acknowledge: { [self] in
            model.limits[name]?.acknowledged($0)
        }
    }

    private func set(
        _ action: OperatorAction, _ word: String, _ name: String, _ note: @escaping () -> Int,
        acknowledge: @escaping (Int) -> Void
    ) {
        var asked = Asked(.act, .act(action, Self.operatorContext))
        let state = Versions()
        asked.handled = { [self] (response) throws(Violation) in
            if case .failed? = response { return }
            // A refusal is noted in the audit, too, so that it is told later.
            guard try isInForce(action) else { return }
            model.hasChanges = true
            tell("\(word) of \(name) is set")
            state.versions = [note()]
        }
        asked.answered = { [self] (response) throws(Violation) in
            trace.note(name)
            guard case .acted(let outcome) = response else { return }
            tell("\(word): \(outcome.text)")
            state.versions.forEach(acknowledge)
        }
        ask(asked)
    }

    private func isInForce(_ action: OperatorAction) throws(Violation) -> Bool {
        let (gates, limits) = try told()
        switch action {
        case .gate(let group, let setting):
            return gates[group] == (setting == .open ? nil : setting)
        case .limitPublishing(let topic, let rate): return limits[topic] == rate
        default: return false
        }
    }

    // MARK: Checks

    /// A producer's message was taken: not more of them than the limit allows.
    func checkTaken(_ topic: String, stored: Int64) throws(Violation) {
        guard var taken = model.taken[topic], stored > taken.since else { return }
        taken.count += 1
        model.taken[topic] = taken
        guard Double(taken.count) <= taken.most(at: stored) else {
            throw Violation(
                .limits,
                "\(topic) took \(taken.count) messages in \(stored - taken.since) ms at \(taken.perSecond) a second")
        }
        tally.count(.limits)
    }

    /// A producer's message was refused: for too many only where there was a limit.
    func checkRefused(_ topic: String, _ error: APIError) throws(Violation) {
        guard error.code == .throttled else { return }
        guard model.limitedOnce.contains(topic) else {
            throw Violation(.limits, "\(topic) refused a message for too many, and was never limited")
        }
        tally.count(.limits)
    }

    /// What is in force: gates that are not open, and limits.
    private func told() throws(Violation) -> (gates: [String: GateSetting], limits: [String: Double]) {
        guard case .told(.gates(let gates)) = try look(.question(.gates(group: nil))),
            case .told(.publishLimits(let limits)) = try look(.question(.publishLimits))
        else { throw wrongAnswer("gates") }
        return (Dictionary(uniqueKeysWithValues: gates.map { ($0.group, $0.setting) }), limits)
    }

    func checkLimits() throws(Violation) {
        let (gates, limits) = try told()
        for name in Set(model.gates.keys).union(gates.keys).sorted() {
            let expected = model.gates[name]?.live ?? nil
            guard gates[name] == expected else {
                throw Violation(.limits, "the gate of \(name) is \(gates[name].text), and was set to \(expected.text)")
            }
        }
        for name in Set(model.limits.keys).union(limits.keys).sorted() {
            let expected = model.limits[name]?.live ?? nil
            guard limits[name] == expected else {
                throw Violation(.limits, "\(name) is limited to \(limits[name].text), and was to \(expected.text)")
            }
        }
        if !gates.isEmpty || !limits.isEmpty { tally.count(.limits) }
    }

    func recoverLimits(_ isLossy: Bool) throws(Violation) {
        let (gates, limits) = try told()
        for name in Set(model.gates.keys).union(gates.keys).sorted() {
            var kept = model.gates[name] ?? Kept(nil)
            guard isLossy || kept.isPossible(gates[name]) else {
                throw Violation(
                    .limits, "the gate of \(name) is \(gates[name].text) after a start, not \(kept.possibleText)")
            }
            kept.found(gates[name])
            model.gates[name] = kept
        }
        model.taken = limits.mapValues { TakenUnderLimit(perSecond: $0, since: broker.now) }
        for name in Set(model.limits.keys).union(limits.keys).sorted() {
            var kept = model.limits[name] ?? Kept(nil)
            guard isLossy || kept.isPossible(limits[name]) else {
                throw Violation(
                    .limits, "\(name) is limited to \(limits[name].text) after a start, not \(kept.possibleText)")
            }
            kept.found(limits[name])
            model.limits[name] = kept
        }
    }

    /// Gates and limits as lines of a snapshot.
    func limitLines() throws(Violation) -> [String] {
        let (gates, limits) = try told()
        return gates.sorted { $0.key < $1.key }.map { "the gate of \($0.key) is \(Optional($0.value).text)" }
            + limits.sorted { $0.key < $1.key }.map { "\($0.key) takes \($0.value) messages a second" }
    }
}

extension GateSetting? {
    fileprivate var text: String { map { "\($0)" } ?? "open" }
}

extension Double? {
    fileprivate var text: String { map { "\($0) a second" } ?? "nothing" }
}
