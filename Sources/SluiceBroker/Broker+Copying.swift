import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Stored messages that are stored once more: replays, republished messages, dead letters.
///
/// A copy is a message of its own, with a unique key of its own, and names its source; body, tags, keys, flags and the
/// producer's own properties are the source's. Work goes in slices, a slice a turn.
extension Broker {
    /// Stores a record again. Nil when its properties would be too long.
    func copy(_ view: RecordView, to topic: Topic, queue: Int) -> StoredPlace? {
        copyKeys.use(place: store.tail)
        let id = copyKeys.next(now: now)
        return store(
            view, in: topic, queue: queue, id: id, without: PropertyName.ownWay,
            adding: [Property(PropertyName.uniqueKey, id)])
    }

    /// Hands a dead letter to its group again: the same message, with all its tries before it.
    func retry(_ view: RecordView, in topic: Topic) -> StoredPlace? {
        store(
            view, in: topic, queue: 0, id: Self.id(of: view), without: PropertyName.ownTry, adding: [])
    }

    private func store(
        _ view: RecordView, in topic: Topic, queue: Int, id: String, without dropped: Set<String>, adding: [Property]
    ) -> StoredPlace? {
        let source = PropertyName.source(id: Self.id(of: view), physicalOffset: view.physicalOffset)
        let properties = PropertyCoding.copy(
            view.properties, without: dropped, adding: adding + [Property(PropertyName.replayOf, source)])
        guard properties.count + clusterProperty.count <= Limits.maxPropertiesBytes else { return nil }
        var header = view.header
        header.queue = Int32(queue)
        header.systemFlag &= SystemFlag.bodyMask
        header.storeTimestamp = now
        header.storeHost = options.host
        header.reconsumeTimes = 0
        header.preparedOffset = 0
        properties.withUnsafeBytes { raw in
            storePlain(topic, &header, properties: raw, body: view.body, scan: PropertyScan(raw))
        }
        return StoredPlace(id: id, queue: QueueID(topic.config.name, queue), queueOffset: header.queueOffset)
    }

    private static func id(of view: RecordView) -> String {
        PropertyScan(view.properties).uniqueKey?.text
            ?? OffsetID.text(view.header.storeHost, physicalOffset: view.physicalOffset)
    }

    /// A topic that copies may go to.
    ///
    /// - Throws: `.notFound` when there is none by that name, `.refused` for one that is not an ordinary one or takes nothing.
    func topicForCopies(_ name: String) throws(APIError) -> Topic {
        let topic = try existingTopic(name)
        guard topic.kind == .normal else {
            throw APIError(.refused, "copies go to ordinary topics only, and \(name) is none; name another one")
        }
        guard topic.config.permission.contains(.write) else {
            throw APIError(.refused, "topic \(name) does not permit writing")
        }
        return topic
    }

    // MARK: The owner's turn

    /// False while the disk has to catch up or the log takes nothing.
    var canCopy: Bool { !isBusy && refusing == nil && store.hasRoom(for: Limits.maxRecordBytes) }

    /// Stores a slice of everything that is on its way.
    func advanceCopies() {
        guard !replaying.isIdle else { return }
        advanceLists()
        for replay in replaying.going where replay.isRunning { advance(replay) }
    }

    /// When the next slice is due; epoch ms. Nil when nothing is, or when it waits for the disk, which turns the owner.
    var nextCopy: Int64? {
        guard !replaying.isIdle else { return nil }
        if let list = replaying.lists.first, list.isChecking || canCopy || refusing != nil { return now }
        guard canCopy else { return nil }
        return replaying.going.lazy.filter(\.isRunning).map { $0.next?.moment ?? self.now }.min()
    }

    func advanceLists() {
        var slice = CopySlice()
        while let list = replaying.lists.first, slice.goesOn {
            guard let end = advance(list, &slice) else { return }
            replaying.lists.removeFirst()
            switch end {
            case .acted where !list.isTrial: answerWhenConfirmed(end, list.reply)
            default: list.reply(end)
            }
        }
    }

    /// Takes a list further; its answer when it has ended.
    private func advance(_ list: CopyList, _ slice: inout CopySlice) -> Response? {
        while list.isChecking {
            guard slice.goesOn else { return nil }
            if let problem = check(list, &slice) { return .failed(problem) }
        }
        if list.isTrial { return .acted(outcome(list)) }
        while list.copied < list.good.count {
            if let refusing { return .failed(APIError(.unavailable, interrupted(list, refusing))) }
            guard slice.goesOn, canCopy else { return nil }
            copyNext(list, &slice)
        }
        return .acted(outcome(list))
    }

    private func copyNext(_ list: CopyList, _ slice: inout CopySlice) {
        let place = list.good[list.copied]
        list.copied += 1
        var stored: StoredPlace?
        var size = 0
        (try? store.reader.record(at: place))?.eachRecord { view in
            size = view.size
            stored = store(view, of: list)
        }
        slice.spend(size)
        if let stored { list.stored.append(stored) } else { list.leftOut.append(place) }
    }

    /// Ends all lists that are not done: the broker closes.
    func endCopies(_ reason: String) {
        let lists = replaying.lists
        replaying.lists = []
        for list in lists { list.reply(.failed(APIError(.unavailable, interrupted(list, reason)))) }
    }

    private func interrupted(_ list: CopyList, _ reason: String) -> String {
        list.stored.isEmpty
            ? "nothing was stored again: \(reason)"
            : "\(list.stored.count) of \(list.places.count) messages were stored again, the others were not: \(reason)"
    }
}
