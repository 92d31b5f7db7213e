import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Transactions: half messages wait in RocketMQ's half topic; committing stores the message in its own topic, and every
/// resolution writes a record to RocketMQ's op topic, which names who resolved it.
extension Broker {
    static let transactionGroup = "CID_RMQ_SYS_TRANS"

    /// Stores a half message: consumers do not see it.
    func storeHalf(
        _ topic: Topic, _ header: inout RecordHeader, properties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        scan: borrowing PropertyScan
    ) {
        #if Plants
            if Plant.isOn(.showsHalf) { storePlain(topic, &header, properties: properties, body: body, scan: scan) }
        #endif
        let target = Int(header.queue)
        header.queue = 0
        header.systemFlag &= ~SystemFlag.transactionMask
        let kept = halfProperties(properties, topic, target, hasCluster: scan.hasCluster)
        store(systemTopic(TopicName.half), &header, properties: kept, body: body)
        let idHash =
            scan.uniqueKey.map { HalfIndex.hash($0) }
            ?? HalfIndex.hash(OffsetID.text(options.host, physicalOffset: header.physicalOffset))
        halves.add(
            .init(
                queueOffset: header.queueOffset, physicalOffset: header.physicalOffset,
                storeTimestamp: header.storeTimestamp, idHash: idHash, checks: 0,
                nextCheck: header.storeTimestamp + checkImmunity(scan.immunity?.decimal)),
            group: scan.producerGroup?.text ?? "")
    }

    /// A half's properties as they are stored: with where it goes, and without what only the broker may say of it.
    private func halfProperties(
        _ properties: UnsafeRawBufferPointer, _ topic: Topic, _ queue: Int, hasCluster: Bool
    ) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(properties.count + clusterProperty.count + topic.nameBytes.count + 40)
        PropertyCoding.eachProperty(properties) { name, value in
            guard !Self.isBrokersWord(name) else { return }
            if !kept.isEmpty { kept.append(PropertyCoding.valueEnd) }
            kept += name
            kept.append(PropertyCoding.nameEnd)
            kept += value
        }
        if !hasCluster { kept += kept.isEmpty ? clusterPropertyAlone : clusterProperty }
        kept.append(PropertyCoding.valueEnd)
        kept += PropertyCoding.encode([
            Property(PropertyName.realTopic, topic.config.name), Property(PropertyName.realQueue, String(queue)),
        ])
        return kept
    }

    private static func isBrokersWord(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 8: name.equals("REAL_QID")
        case 9: name.equals("SLUICE_ID")
        case 10: name.equals("REAL_TOPIC")
        case 11: name.equals("SLUICE_HALF")
        case 23: name.equals("TRANSACTION_CHECK_TIMES")
        default: false
        }
    }

    /// Milliseconds before a half is first checked: what its producer asked for in seconds, or the broker's own.
    func checkImmunity(_ seconds: Int64?) -> Int64 {
        seconds.map { min(max($0, 0), 1 << 30) * 1_000 } ?? options.transactionTimeout
    }

    // MARK: Finding

    /// The id people use for a half.
    static func halfID(_ view: RecordView, _ scan: PropertyScan) -> String {
        if let id = scan.uniqueKey { return id.text }
        return OffsetID.text(view.header.storeHost, physicalOffset: view.physicalOffset)
    }

    /// The newest unresolved half with an id.
    func findHalf(_ id: String) -> HalfIndex.Entry? {
        var unreadable: HalfIndex.Entry?
        // Ids are compared, since hashes can be made to agree.
        for entry in halves.entries(idHash: HalfIndex.hash(id)).prefix(64) {
            guard let half = try? store.reader.record(at: entry.physicalOffset)?.messages().first else {
                unreadable = unreadable ?? entry
                continue
            }
            if half.id == id { return entry }
        }
        return unreadable
    }

    // MARK: Resolving

    func endTransaction(_ end: EndTransaction, _ reply: @escaping Reply) {
        guard let entry = locate(end) else {
            let known = end.id.flatMap { id in recentResolutions[id].map { alreadyResolved(id, $0) } }
            let gone = "there is no unresolved half message at that place any more"
            return reply(.failed(known ?? APIError(.conflict, gone)))
        }
        guard let resolution = end.resolution else { return reply(.done) }
        if refusing == nil, !store.hasRoom(for: Self.roomToResolve) {
            // Waiting for it would keep everybody waiting, those too who only read.
            if let noRoom = store.noRoom { return reply(.failed(APIError(.unavailable, noRoom))) }
            return suspend { self.endTransaction(end, reply) }
        }
        do throws(APIError) {
            let outcome = try resolve(entry, resolution, Resolver(end.origin), group: end.producerGroup)
            answerWhenConfirmed(.outcome(outcome), reply)
        } catch {
            reply(.failed(error))
        }
    }

    /// An operator's force, by the id that listings show.
    func resolve(id: String, _ resolution: Resolution, reason: String, _ reply: @escaping Reply) {
        guard let entry = findHalf(id) else { return reply(.failed(notUnresolved(id))) }
        if refusing == nil, !store.hasRoom(for: Self.roomToResolve) {
            if let noRoom = store.noRoom { return reply(.failed(APIError(.unavailable, noRoom))) }
            return suspend { self.resolve(id: id, resolution, reason: reason, reply) }
        }
        do throws(APIError) {
            let outcome = try resolve(entry, resolution, Resolver(.operator, reason: reason))
            answerWhenConfirmed(.outcome(outcome), reply)
        } catch {
            reply(.failed(error))
        }
    }

    /// Bytes of log that a commit with its op record may need.
    static let roomToResolve = 5 << 20

    /// Resolves a half for good: there must be room for it (``roomToResolve``).
    func resolve(
        _ entry: HalfIndex.Entry, _ resolution: Resolution, _ resolver: Resolver, group: String? = nil
    ) throws(APIError) -> ResolutionOutcome {
        if let refusing { throw APIError(.unavailable, refusing) }
        var outcome: ResolutionOutcome?
        var problem: APIError?
        try readHalf(entry).eachRecord { view in
            let scan = PropertyScan(view.properties)
            if let group, scan.producerGroup?.text != group {
                problem = APIError(
                    .refused,
                    "the half message belongs to producer group \(scan.producerGroup?.text ?? "–"), not to \(group)")
                return
            }
            outcome = apply(entry, view, scan, resolution, resolver)
        }
        guard let outcome else {
            throw problem ?? APIError(.failed, "the half message names no topic it could go to")
        }
        return outcome
    }

    /// The record of an unresolved half.
    func readHalf(_ entry: HalfIndex.Entry) throws(APIError) -> Fetch {
        guard entry.physicalOffset < store.confirmed else {
            throw APIError(.unavailable, "the half message is still on its way to the disk; try again")
        }
        guard let found = try? store.reader.record(at: entry.physicalOffset) else {
            damagedRecords += 1
            throw APIError(.failed, "the half message's record at \(entry.physicalOffset) is damaged")
        }
        return found
    }

    private func apply(
        _ entry: HalfIndex.Entry, _ view: RecordView, _ scan: PropertyScan, _ resolution: Resolution,
        _ resolver: Resolver
    ) -> ResolutionOutcome? {
        let id = Self.halfID(view, scan)
        var outcome = ResolutionOutcome(id: id, resolution: resolution, visibleAt: nil, queueOffset: nil, receivers: [])
        if resolution == .commit {
            guard let name = scan.realTopic?.text, let topic = targetTopic(name) else { return nil }
            var header = view.header
            header.queue = commitQueue(topic, scan)
            header.systemFlag = header.systemFlag & ~SystemFlag.transactionMask | SystemFlag.commit
            header.storeTimestamp = now
            header.preparedOffset = entry.physicalOffset
            store(topic, &header, properties: commitProperties(entry, view, scan), body: view.body)
            outcome.visibleAt = QueueID(name, Int(header.queue))
            outcome.queueOffset = header.queueOffset
            outcome.receivers = groupsOn(name)
        }
        writeOp(entry, id, resolution, resolver)
        #if Plants
            if Plant.isOn(.resolvesTwice), resolver.origin == .operator { return outcome }
        #endif
        halves.remove(entry.key)
        recentResolutions.add(
            entry.idHash, .init(resolution: resolution, origin: resolver.origin, at: now, actor: resolver.actorText))
        halvesChanged = true
        return outcome
    }

    /// The queue of a topic that a committed half goes to.
    func commitQueue(_ topic: Topic, _ scan: borrowing PropertyScan) -> Int32 {
        let queue = Int(scan.realQueue?.decimal ?? 0)
        return Int32(queue >= 0 && queue < max(topic.config.writeQueues, topic.config.readQueues) ? queue : 0)
    }

    private func commitProperties(_ entry: HalfIndex.Entry, _ view: RecordView, _ scan: PropertyScan) -> [UInt8] {
        var properties = Array(view.properties)
        if scan.identity != nil || scan.halfState != nil {
            properties = PropertyCoding.encode(PropertyCoding.decode(view.properties).filter { !HalfState.isOurs($0) })
        }
        if entry.checks > 0 {
            let times = [Property(PropertyName.checkTimes, String(entry.checks))]
            properties += (properties.isEmpty ? [] : [PropertyCoding.valueEnd]) + PropertyCoding.encode(times)
        }
        return properties
    }

    /// RocketMQ's internal group stands at the oldest unresolved half, so that its own tools see what they expect.
    private func moveTransactionOffsets() {
        guard let half = topics[TopicName.half], let op = topics[TopicName.op] else { return }
        let group = group(Self.transactionGroup)
        let at = halves.lowestPlaced?.queueOffset ?? half.queue(0, store).maxOffset
        group.offsets[QueueID(TopicName.half, 0)] = .init(offset: at, moved: now)
        group.offsets[QueueID(TopicName.op, 0)] = .init(offset: op.queue(0, store).maxOffset, moved: now)
    }

    /// What resolutions and checks of a turn leave for its end.
    func flushHalves() {
        if halvesChanged {
            halvesChanged = false
            moveTransactionOffsets()
        }
        flushNotes()
    }
}
