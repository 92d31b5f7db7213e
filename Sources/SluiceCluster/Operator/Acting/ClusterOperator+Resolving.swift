import SluiceAPI
import SluiceMessage
import SluiceRemoting

/// Ending a transaction by hand, as its producer would have (observed, "Ending a transaction from a third party").
///
/// A stock broker repeats a commit that is sent twice and commits what was rolled back, so everything is looked at right
/// before, and again after.
extension ClusterOperator {
    /// RocketMQ 5 writes ops in batches, up to 3 s late.
    private static let patience: Int64 = 5_000
    /// Copies that a broker may make in between are resolved too, but not for ever.
    private static let mostCopies = 5

    func resolve(id: String, _ resolution: Resolution, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        var (look, half) = try await open(id)
        let target = half.target
        let verb = resolution == .commit ? "commit" : "roll back"
        if dryRun {
            let receivers = await receivers(target.topic)
            var outcome = ActionOutcome(
                "would \(verb) \(id) of \(half.producerGroup), for \(target.topic)"
                    + (resolution == .commit ? "; \(receivers.count) groups would get it" : ""))
            outcome.resolution = ResolutionOutcome(
                id: id, resolution: resolution, visibleAt: nil, queueOffset: nil, receivers: receivers)
            return outcome
        }
        try await refuseSecondEnd(look, half)
        if half.isSetAside { (look, half) = try await revived(look, half) }
        let end = try await look.broker.maxOffset(target.topic, target.queue)
        // Where the answer is lost, looking tells what became of it.
        var lost: APIError?
        do throws(APIError) {
            try await end37(look, half, resolution)
        } catch {
            guard error.code == .unreachable else { throw error }
            lost = error
        }
        let place = try await seen(look, half, resolution, from: end, lost)
        if resolution == .rollback { try await refuseOvertaken(look, half) }
        var outcome = ActionOutcome(
            resolution == .commit
                ? "committed \(id): it is in \(target.topic) now" : "rolled back \(id): nobody will get it")
        outcome.resolution = ResolutionOutcome(
            id: id, resolution: resolution, visibleAt: place.map { look.broker.id(target.topic, $0.queue) },
            queueOffset: place?.queueOffset, receivers: resolution == .commit ? await receivers(target.topic) : [])
        return outcome
    }

    /// The half as it stands now.
    private func open(_ id: String) async throws(APIError) -> (BrokerLook, StockHalf) {
        do throws(APIError) {
            return try await findHalf(id)
        } catch {
            guard error.code == .notFound else { throw error }
            for look in try await cluster.brokers() where await look.halves.hasSeen(id) {
                // Its own broker is asked once more: one that does not answer has resolved nothing.
                let again = try await look.halves.unresolved(now: now(), fresh: true)
                if let half = again.halves.first(where: { $0.id == id }) { return (look, half) }
                throw APIError(.conflict, "half message \(id) was resolved by somebody else meanwhile")
            }
            throw error
        }
    }

    /// An older copy was resolved already: the newest is ended without a second delivery, and the operator told.
    private func refuseSecondEnd(_ look: BrokerLook, _ half: StockHalf) async throws(APIError) {
        let visible = try await committed(look, half)
        guard visible != nil || half.wasResolvedBefore else { return }
        // A rollback writes nothing but the op, which ends the broker's asking.
        if !half.isSetAside { try await end37(look, half, .rollback) }
        guard let visible else {
            throw APIError(
                .conflict,
                "half message \(half.id) was rolled back already; the broker had gone on asking for a newer copy of it, which is"
                    + " ended now")
        }
        throw APIError(
            .conflict,
            "half message \(half.id) was committed already and is in \(visible.topic), queue"
                + " \(visible.queue) of \(look.node.name) at \(visible.queueOffset); a newer copy that the broker had made is"
                + " ended now, and nothing was delivered twice")
    }

    /// A commit that came first, by the producer or somebody else, makes a rollback one op more that changes nothing.
    private func refuseOvertaken(_ look: BrokerLook, _ half: StockHalf) async throws(APIError) {
        // The rollback was seen to be taken: a look that fails now is no reason to call it failed.
        guard let visible = try? await committed(look, half) else { return }
        throw APIError(
            .conflict,
            "half message \(half.id) was committed by somebody else at the same moment and is in \(visible.topic), queue"
                + " \(visible.queue) of \(look.node.name) at \(visible.queueOffset): the rollback came too late")
    }

    /// What became visible of a half; nil where nothing did.
    private func committed(_ look: BrokerLook, _ half: StockHalf) async throws(APIError) -> StoredMessage? {
        let records = try await look.broker.find(half.id, in: half.target.topic, isUnique: true, most: 32)
        return QueueLook(records: records, next: 0, first: 0, end: 0).messages.first {
            $0.topic == half.target.topic && $0.id == half.id
                && $0.systemFlag & SystemFlag.transactionMask == SystemFlag.commit
        }
    }

    /// END_TRANSACTION as the producer sends it, but as an ordinary request, so that a refusal is heard.
    private func end37(_ look: BrokerLook, _ half: StockHalf, _ resolution: Resolution) async throws(APIError) {
        _ = try await look.broker.ask(
            RequestCode.endTransaction,
            [
                "producerGroup": half.producerGroup, "tranStateTableOffset": String(half.message.queueOffset),
                "commitLogOffset": String(half.message.physicalOffset),
                "commitOrRollback": String(resolution == .commit ? SystemFlag.commit : SystemFlag.rollback),
                "fromTransactionCheck": "false", "msgId": half.id, "transactionId": half.id,
                "topic": half.target.topic, "bname": look.node.name,
            ])
    }

    /// Waits until the half is gone and, after a commit, the message there.
    private func seen(
        _ look: BrokerLook, _ half: StockHalf, _ resolution: Resolution, from start: Int64, _ lost: APIError?
    ) async throws(APIError) -> StoredMessage? {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(Self.patience))
        var ended = half.message.queueOffset
        var copies = 0
        var place: StoredMessage?
        var isOpen = true
        // The end was sent: a look that fails is no answer to that, and must not invite a second one.
        var unseen = ""
        while true {
            do throws(APIError) {
                if resolution == .commit, place == nil { place = try await arrived(look, half, from: start) }
                let newest = try await look.halves.unresolved(now: now(), fresh: true).halves.first { $0.id == half.id }
                isOpen = newest != nil
                // The broker stored it anew just before the end came: that copy would be asked for, and resolved twice.
                if let newest, newest.message.queueOffset > ended, resolution == .rollback || place != nil,
                    copies < Self.mostCopies
                {
                    try await end37(look, newest, .rollback)
                    ended = newest.message.queueOffset
                    copies += 1
                }
                if !isOpen, resolution == .rollback || place != nil { return place }
                unseen = ""
            } catch {
                unseen = " (\(error.message))"
            }
            guard ContinuousClock.now < deadline else { break }
            try? await Task.sleep(for: .milliseconds(100))
        }
        if lost != nil, place == nil, isOpen, unseen.isEmpty {
            throw APIError(
                .unreachable,
                "broker \(look.node.name) did not answer, and half message \(half.id) is still unresolved: try again")
        }
        if place != nil || (resolution == .rollback && lost == nil) {
            var error = APIError(
                .failed,
                "broker \(look.node.name) took the \(resolution.rawValue) of \(half.id), but still lists the half: look again"
                    + " in a moment, and do not repeat it\(unseen)")
            error.mayBeDone = true
            throw error
        }
        var unknown = APIError(
            .failed,
            "broker \(look.node.name) \(lost == nil ? "took" : "may have taken") the \(resolution.rawValue) of \(half.id),"
                + " but what came of it was not seen within \(Self.patience / 1_000) s\(unseen): look in"
                + " \(half.target.topic) before you commit it again, which would deliver it twice")
        unknown.mayBeDone = true
        throw unknown
    }

    /// The message in its real queue.
    private func arrived(
        _ look: BrokerLook, _ half: StockHalf, from start: Int64
    ) async throws(APIError) -> StoredMessage? {
        var at = start
        for _ in 0..<64 {
            let part = try await look.broker.look(half.target.topic, half.target.queue, from: at)
            if let found = part.messages.first(where: { $0.id == half.id }) { return found }
            guard part.next > at, part.next < part.end else { break }
            at = part.next
        }
        return nil
    }

    private func receivers(_ topic: String) async -> [TopicStatus.GroupOnTopic] {
        (try? await topicStatus(topic).groups) ?? []
    }

    // MARK: Set aside

    func recheck(id: String, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let (look, half) = try await open(id)
        guard half.isSetAside else {
            throw APIError(
                .unavailable,
                "RocketMQ asks for \(id) by itself each round; only a half that it has given up can be put back")
        }
        if dryRun { return ActionOutcome("would have broker \(look.node.name) ask for \(id) again") }
        try await refuseSecondEnd(look, half)
        _ = try await revived(look, half)
        return ActionOutcome("broker \(look.node.name) asks for \(id) again, from its first check on")
    }

    /// Has a half that was given up put back into the half topic (requests, 6: 323), and waits until it is there.
    private func revived(_ look: BrokerLook, _ half: StockHalf) async throws(APIError) -> (BrokerLook, StockHalf) {
        _ = try await look.broker.ask(RequestCode.resumeCheckHalfMessage, ["msgId": half.message.offsetID])
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(Self.patience))
        while ContinuousClock.now < deadline {
            let found = try await look.halves.unresolved(now: now(), fresh: true).halves.first { $0.id == half.id }
            if let found, !found.isSetAside { return (look, found) }
            try? await Task.sleep(for: .milliseconds(100))
        }
        throw APIError(
            .failed,
            "broker \(look.node.name) was told to take \(half.id) up again, but it is not in the half topic yet")
    }
}
