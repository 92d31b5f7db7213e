import SluiceAPI
import SluiceMessage
import SluiceStorage

/// The gate of a consumer group: how fast its messages are handed out. A pull that may not have any yet waits like a long
/// poll, since an error would be logged by every client of RocketMQ's.
extension Broker {
    /// Groups that the broker and its tools read by themselves: they have no gate.
    private static func isUngated(_ name: String) -> Bool {
        name.hasPrefix("CID_RMQ_SYS_") || name == "TOOLS_CONSUMER" || name == "FILTERSRV_CONSUMER"
    }

    /// Opens, limits or closes a group's gate, for good: it stays so after a restart.
    ///
    /// - Throws: `.invalid` for a rate outside of 0.1...1,000,000, `.notFound` for an unknown group, `.refused` for one of
    ///   the broker's own.
    func setGate(
        group name: String, _ setting: GateSetting, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        if case .limited(let rate) = setting, !GateState.rates.contains(rate) {
            throw APIError(.invalid, "a gate lets 0.1 to 1,000,000 messages a second through, not \(rate.plain)")
        }
        guard let group = groups[name] else { throw noGroup(name) }
        guard !Self.isUngated(name) else {
            throw APIError(.refused, "\(name) is a group of the broker's own or of its tools and has no gate")
        }
        let before = (group.gate?.setting ?? .open).words
        var outcome = ActionOutcome(
            context.dryRun
                ? "the gate of group \(name) is \(before) and would be \(setting.words)"
                : "the gate of group \(name) is \(setting.words) now; it was \(before)",
            before: before, after: setting.words)
        guard !context.dryRun else {
            outcome.gate = gateStatus(group)
            outcome.gate?.setting = setting
            return reply(.acted(outcome))
        }
        group.gate = GateState(setting, now: now)
        journalGroup(group)
        // Who waits looks at the new gate at once, and waits again where it does not let it through.
        releaseGate(name)
        outcome.gate = gateStatus(group)
        answerWhenConfirmed(.acted(outcome), reply)
    }

    // MARK: Pulls at a gate

    /// What a gate that is not open lets a pull have; nil when that is nothing now.
    func pass(_ group: Group, _ request: PullRequest, upTo wanted: Int) -> GateTicket? {
        if !request.hasTurn {
            // Others were here before.
            guard !waiters.isAnyAtGate(of: group.name) else { return nil }
            group.gate?.refill(now, isWanted: false)
        }
        return group.gate?.take(upTo: wanted, for: request.queue)
    }

    /// Lets a pull wait for its turn; `empty` is its answer when its time is over.
    func waitAtGate(_ request: PullRequest, _ deadline: Int64, _ empty: PullAnswer, _ reply: @escaping Reply) {
        guard deadline > now, !closing else { return reply(.pulled(empty)) }
        var waiting = request
        waiting.hasTurn = false
        waiters.add(.init(request: waiting, deadline: deadline, reply: reply), atGateOf: request.group)
    }

    /// Hands out what the gates let through by now.
    func serveGates() {
        for name in waiters.gates {
            guard let group = groups[name], group.gate != nil else {
                releaseGate(name)
                continue
            }
            group.gate?.refill(now, isWanted: true)
            while group.gate?.hasPortion == true,
                let waiter = waiters.takeNext(atGateOf: name, lastTurn: { group.gate?.lastTurn(of: $0) ?? 0 })
            {
                var request = waiter.request
                request.hasTurn = true
                pull(request, until: waiter.deadline, waiter.reply)
            }
        }
    }

    private func releaseGate(_ name: String) {
        for waiter in waiters.takeAll(atGateOf: name) { pull(waiter.request, until: waiter.deadline, waiter.reply) }
    }

    /// When the next waiting pull has its turn, if nothing comes back before; epoch ms.
    var nextGateTurn: Int64? { waiters.gates.compactMap { groups[$0]?.gate?.nextPortion }.min() }

    // MARK: What is told

    func gateStatus(_ group: Group) -> GateStatus {
        var held: Int64 = 0
        var waiting: Int64 = 0
        if group.model == .clustering {
            for position in positions(group) {
                // Offsets that are outside the queue hold nothing of it.
                let committed = min(max(position.offset ?? 0, position.minOffset), position.maxOffset)
                let handedOut = max(
                    committed, min(group.handOuts[position.id]?.offset ?? committed, position.maxOffset))
                held += messages(group, position.id, committed..<handedOut)
                waiting += max(0, position.maxOffset - handedOut)
            }
        }
        return GateStatus(
            group: group.name, setting: group.gate?.setting ?? .open, held: held,
            perSecond: group.rate.perSecond(now, total: group.delivered.total), waiting: waiting,
            backwardCommits: group.backwardCommits)
    }

    /// Units that are looked through to count what a filter passes; of more than that the share is taken.
    private static let mostCounted: Int64 = 16_384

    /// How many messages of a range of a queue are of those that a group wants.
    private func messages(_ group: Group, _ id: QueueID, _ range: Range<Int64>) -> Int64 {
        guard let filter = group.filters[id], let queue = store.existingQueue(id), !range.isEmpty else {
            return Int64((Double(range.count) * (group.handOuts[id]?.share ?? 1)).rounded())
        }
        let counted = min(Int64(range.count), Self.mostCounted)
        let source = store.units(queue, from: range.lowerBound, limit: Int(counted))
        guard let units = try? source.load(), !units.isEmpty else { return Int64(range.count) }
        let passing = units.count { filter.mayPass(code: $0.unit.tagCode) }
        return Int64((Double(range.count) * Double(passing) / Double(units.count)).rounded())
    }

    /// The gate of one group, or all that are not open, by name.
    func gates(_ name: String?) throws(APIError) -> [GateStatus] {
        guard let name else {
            return groups.values.filter { $0.gate != nil }.sorted { $0.name < $1.name }.map(gateStatus)
        }
        guard let group = groups[name] else { throw noGroup(name) }
        return [gateStatus(group)]
    }

    func sampleRates() {
        for group in groups.values { group.rate.add(now, total: group.delivered.total) }
    }

    // MARK: The journal

    func putGate(_ group: Group, _ entry: inout ByteWriter) {
        switch group.gate?.setting {
        case .limited(let rate):
            entry.put(UInt8(1))
            entry.put(rate.bitPattern)
        case .paused:
            entry.put(UInt8(2))
            entry.put(UInt64(0))
        case .open, nil:
            entry.put(UInt8(0))
            entry.put(UInt64(0))
        }
    }

    /// Entries of earlier versions end before it: their gates are open.
    func takeGate(_ entry: inout ByteReader) -> GateState? {
        guard let kind = entry.take(UInt8.self), let bits = entry.take(UInt64.self) else { return nil }
        switch kind {
        case 1:
            let rate = Double(bitPattern: bits)
            return GateState.rates.contains(rate) ? GateState(.limited(perSecond: rate), now: now) : nil
        case 2: return GateState(.paused, now: now)
        default: return nil
        }
    }
}

extension Group {
    /// Everything before the offset that is pulled from is in the client's hands, or was.
    func handOut(of request: PullRequest, from offset: Int64) -> HandOut {
        filters[request.queue] = request.filter.passesAll ? nil : request.filter
        if let known = handOuts[request.queue] {
            known.set(offset)
            return known
        }
        let new = HandOut(offset)
        handOuts[request.queue] = new
        return new
    }
}

extension GateSetting {
    /// For people.
    var words: String {
        switch self {
        case .open: "open"
        case .limited(let rate): "limited to \(rate.plain) messages a second"
        case .paused: "paused"
        }
    }
}

extension Double {
    /// Without a fraction where it has none.
    var plain: String { Int64(exactly: self).map(String.init) ?? String(self) }
}
