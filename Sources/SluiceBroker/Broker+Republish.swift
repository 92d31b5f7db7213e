import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Single messages, and dead letters, that an operator has stored again.
extension Broker {
    static let mostRepublished = 1_000
    static let mostDeadLetters = 10_000

    /// Stores the messages at these physical offsets again, in their own topics or another one.
    ///
    /// - Parameter places: 1 to 1,000. All are looked at before any is stored.
    /// - Throws, or replies: `.invalid` for too many, `.notFound` for a place without a readable message, `.refused` for one
    ///   that is not visible to consumers (a half message, one that waits), and for a topic that takes no copies.
    func republish(
        _ places: [Int64], to topic: String?, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        guard (1...Self.mostRepublished).contains(places.count) else {
            throw APIError(
                .invalid, "1 to \(Self.mostRepublished) messages can be stored again at once, not \(places.count)")
        }
        var target: Topic?
        if let topic { target = try topicForCopies(topic) }
        try begin(CopyList(.republish(to: target), places.unique, isTrial: context.dryRun, reply))
    }

    /// Sends dead letters to their group again, and to nobody else; or copies them to a topic.
    ///
    /// Without offsets it is all of them, 10,000 at most. Those that cannot be read are left out, and counted in the text.
    ///
    /// - Throws, or replies: `.notFound` for an unknown group or offset, `.invalid` for too many, `.refused` for a topic that
    ///   takes no copies.
    func resendDeadLetters(
        _ selection: DeadLetterSelection, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        guard let group = groups[selection.group] else { throw noGroup(selection.group) }
        var target: Topic?
        if let name = selection.target { target = try topicForCopies(name) }
        let places = try deadLetters(selection)
        if target == nil, !context.dryRun {
            _ = systemTopic(TopicName.retry(group.name), queues: group.config.retryQueues)
        }
        try begin(
            CopyList(.deadLetters(group: group.name, to: target), places, isTrial: context.dryRun, reply))
    }

    private func begin(_ list: CopyList) throws(APIError) {
        if let refusing, !list.isTrial { throw APIError(.unavailable, refusing) }
        replaying.lists.append(list)
        if replaying.lists.count == 1 { advanceLists() }
    }

    /// Physical offsets of the selected dead letters.
    private func deadLetters(_ selection: DeadLetterSelection) throws(APIError) -> [Int64] {
        guard let topic = topics[TopicName.deadLetter(selection.group)] else {
            throw APIError(.notFound, "group \(selection.group) has no dead letters")
        }
        guard selection.queue ?? 0 == 0 else {
            throw APIError(.notFound, "the dead letters of \(selection.group) are in one queue here, number 0")
        }
        let queue = topic.queue(0, store)
        let end = visibleMax(queue)
        guard let offsets = selection.offsets else {
            guard end > queue.minOffset else {
                throw APIError(.notFound, "group \(selection.group) has no dead letters")
            }
            guard end - queue.minOffset <= Int64(Self.mostDeadLetters) else {
                throw APIError(
                    .invalid,
                    "group \(selection.group) has \(end - queue.minOffset) dead letters; at most "
                        + "\(Self.mostDeadLetters) go at once: replay a time range of \(topic.config.name), or name offsets"
                )
            }
            let units = try? store.units(queue, from: queue.minOffset, limit: Int(end - queue.minOffset)).load()
            return (units ?? []).map(\.unit.physicalOffset)
        }
        guard (1...Self.mostRepublished).contains(offsets.count) else {
            throw APIError(
                .invalid, "1 to \(Self.mostRepublished) offsets can be named at once, not \(offsets.count)")
        }
        var places: [Int64] = []
        for offset in offsets.unique {
            guard offset < end, let unit = try? store.unit(queue, offset) else {
                throw APIError(.notFound, "group \(selection.group) has no dead letter at offset \(offset)")
            }
            places.append(unit.physicalOffset)
        }
        return places
    }

    // MARK: For the machinery

    /// Looks at a list's next record; why the whole list fails.
    func check(_ list: CopyList, _ slice: inout CopySlice) -> APIError? {
        let place = list.places[list.checked]
        list.checked += 1
        var size = 0
        var isRead = false
        var problem: APIError?
        if place >= store.minOffset, place < store.confirmed {
            (try? store.reader.record(at: place))?.eachRecord { view in
                (size, isRead) = (view.size, true)
                problem = self.problem(view, list)
            }
        }
        slice.spend(size)
        if let problem { return problem }
        switch (isRead, list.kind) {
        case (true, _): list.good.append(place)
        case (false, .deadLetters): list.leftOut.append(place)
        case (false, .republish):
            return APIError(
                .notFound, "there is no readable message at physical offset \(place); nothing was stored again")
        }
        return nil
    }

    private func problem(_ view: RecordView, _ list: CopyList) -> APIError? {
        let name = view.topicName
        if case .deadLetters(let group, _) = list.kind {
            guard name != TopicName.deadLetter(group) else { return nil }
            return APIError(
                .failed,
                "a unit of \(TopicName.deadLetter(group)) points at a message of \(name); "
                    + "stop sluice and delete the folder queues to have it built anew")
        }
        let place = view.physicalOffset
        switch name {
        case TopicName.half, TopicName.op, TopicName.setAside:
            return APIError(
                .refused,
                "the record at \(place) belongs to a transaction and is not to be seen; resolve it with `sluice tx`")
        case TopicName.schedule, TopicName.timer:
            return APIError(
                .refused, "the message at \(place) waits for its time; deliver it with `sluice delay now`")
        default: break
        }
        if kind(of: name) == .system {
            return APIError(.refused, "the record at \(place) is the broker's own (\(name)) and is not stored again")
        }
        guard case .republish(nil) = list.kind else { return nil }
        do throws(APIError) {
            _ = try topicForCopies(ownTopic(view))
            return nil
        } catch {
            return APIError(error.code, "the message at \(place) cannot go to its own topic: \(error.message)")
        }
    }

    /// The topic people mean: of a message that is retried, the one it was sent to.
    private func ownTopic(_ view: RecordView) -> String {
        let name = view.topicName
        guard kind(of: name) != .normal else { return name }
        let scan = PropertyScan(view.properties)
        return scan.retryTopic?.text ?? scan.realTopic?.text ?? name
    }

    /// Stores a list's record where the list says.
    func store(_ view: RecordView, of list: CopyList) -> StoredPlace? {
        switch list.kind {
        case .deadLetters(let group, nil): return retry(view, in: systemTopic(TopicName.retry(group)))
        case .deadLetters(_, let target?):
            return copy(view, to: target, queue: target.chooseQueue())
        case .republish(let named):
            guard let target = named ?? (try? topicForCopies(ownTopic(view))) else { return nil }
            // A queue of the retry or dead letter topic says nothing of where a message came from.
            let isOrdinary = kind(of: view.topicName) == .normal
            return copy(
                view, to: target,
                queue: isOrdinary ? Int(view.queue) % target.config.writeQueues : target.chooseQueue())
        }
    }

    func outcome(_ list: CopyList) -> ActionOutcome {
        let count = list.isTrial ? list.good.count : list.stored.count
        let what: String
        switch list.kind {
        case .republish(let target):
            what =
                "\(count) messages\(list.isTrial ? " would be" : " were") stored again in "
                + (target.map { $0.config.name } ?? "their own topics")
        case .deadLetters(let group, let target):
            what =
                "\(count) dead letters of \(group)\(list.isTrial ? " would go" : " went") to "
                + (target.map { $0.config.name } ?? "the group's retry topic, with all tries before them")
        }
        let left = list.leftOut.count
        var outcome = ActionOutcome(
            left == 0 ? what : what + "; \(left) could not be read and \(left == 1 ? "is" : "are") left out",
            count: count)
        outcome.stored = list.stored
        outcome.after = what
        return outcome
    }
}

extension Array where Element: Hashable {
    /// Each element once, where it stands first.
    fileprivate var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
