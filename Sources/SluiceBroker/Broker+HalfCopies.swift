import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What a copied half's record says of it, beside naming the record it replaces in its prepared offset: enough to take it up
/// from the log alone.
struct HalfState {
    /// Where it was first stored.
    var queueOffset: Int64
    var physicalOffset: Int64
    var storeTimestamp: Int64
    var checks: Int32
    /// `.max` when it was set aside.
    var nextCheck: Int64

    var text: String { "\(queueOffset) \(physicalOffset) \(storeTimestamp) \(checks) \(nextCheck)" }
}

extension HalfState {
    init?(_ text: String?) {
        let numbers = text?.split(separator: " ").compactMap { Int64($0) } ?? []
        guard numbers.count == 5 else { return nil }
        self.init(
            queueOffset: numbers[0], physicalOffset: numbers[1], storeTimestamp: numbers[2],
            checks: Int32(clamping: numbers[3]), nextCheck: numbers[4])
    }

    /// True for the properties that only copies of halves carry.
    static func isOurs(_ property: Property) -> Bool {
        property.name == PropertyName.identity || property.name == PropertyName.halfState
    }
}

/// Halves that are copied to the log's tail, and what of them is found again.
extension Broker {
    /// Stores halves again whose records lie before a place in the log, so that it can be let go: with their ids, ages,
    /// checks and next checks. Until the copies are safe ``HalfIndex/oldest`` still tells the old place.
    /// - Returns: how many were copied; fewer than `limit` when there are no more, or no room at the moment.
    func copyOwedHalves(before offset: Int64, limit: Int) -> Int {
        guard refusing == nil else { return 0 }
        var copied = 0
        for entry in halves.entries(before: offset, limit: limit) {
            guard entry.physicalOffset < store.confirmed, !store.isSaturated,
                store.hasRoom(for: Limits.maxRecordBytes)
            else { break }
            do throws(DiskError) {
                guard let found = try store.reader.record(at: entry.physicalOffset) else {
                    // Nobody can resolve what nobody can read.
                    damagedRecords += 1
                    halves.remove(entry.key)
                    continue
                }
                found.eachRecord { copy($0, entry) }
                copied += 1
            } catch {
                break
            }
        }
        if copied > 0 { halvesChanged = true }
        return copied
    }

    private func copy(_ view: RecordView, _ entry: HalfIndex.Entry) {
        let scan = PropertyScan(view.properties)
        var state =
            HalfState(scan.halfState?.text)
            ?? HalfState(
                queueOffset: entry.key, physicalOffset: view.physicalOffset, storeTimestamp: entry.storeTimestamp,
                checks: 0, nextCheck: 0)
        state.checks = entry.checks
        state.nextCheck = entry.nextCheck
        var properties = PropertyCoding.decode(view.properties).filter { !HalfState.isOurs($0) }
        if scan.uniqueKey == nil || scan.identity != nil {
            properties.append(Property(PropertyName.identity, Self.halfID(view, scan)))
        }
        properties.append(Property(PropertyName.halfState, state.text))
        var header = view.header
        header.storeTimestamp = now
        storeAgain(entry, &header, properties, view.body)
    }

    /// Stores a half once more at the tail, with its checks counted, as RocketMQ does; the old copy is passed over.
    func putAgain(_ half: StoredMessage, _ entry: HalfIndex.Entry) -> StoredMessage {
        var copy = half
        // Where it was first stored goes on with it: a producer may still end it by that place.
        var state =
            HalfState(half.property(PropertyName.halfState))
            ?? HalfState(
                queueOffset: entry.key, physicalOffset: half.physicalOffset, storeTimestamp: entry.storeTimestamp,
                checks: 0, nextCheck: 0)
        state.checks = entry.checks + 1
        state.nextCheck = now + options.checkInterval
        copy.properties.removeAll { $0.name == PropertyName.checkTimes || $0.name == PropertyName.halfState }
        copy.properties.append(Property(PropertyName.checkTimes, String(entry.checks + 1)))
        if half.property(PropertyName.uniqueKey) == nil, half.property(PropertyName.identity) == nil {
            copy.properties.append(Property(PropertyName.identity, half.id))
        }
        copy.properties.append(Property(PropertyName.halfState, state.text))
        var header = RecordHeader(
            queue: 0, flag: half.flag, systemFlag: half.systemFlag, bornTimestamp: half.bornTimestamp,
            bornHost: HostAddress(half.bornHost), storeTimestamp: now, storeHost: options.host)
        half.body.withUnsafeBytes { storeAgain(entry, &header, copy.properties, $0) }
        copy.queueOffset = header.queueOffset
        copy.physicalOffset = header.physicalOffset
        copy.storeTimestamp = now
        halvesChanged = true
        return copy
    }

    private func storeAgain(
        _ entry: HalfIndex.Entry, _ header: inout RecordHeader, _ properties: [Property], _ body: UnsafeRawBufferPointer
    ) {
        header.queue = 0
        // 0 says "none"; no record starts at 1.
        header.preparedOffset = max(entry.physicalOffset, 1)
        store(systemTopic(TopicName.half), &header, properties: PropertyCoding.encode(properties), body: body)
        halves.move(
            entry.key, queueOffset: header.queueOffset, physicalOffset: header.physicalOffset, until: store.tail)
    }

    // MARK: Replay

    /// A half's record, as recovery meets it.
    func replayHalf(_ view: RecordView) {
        let scan = PropertyScan(view.properties)
        let idHash =
            scan.uniqueKey.map { HalfIndex.hash($0) }
            ?? HalfIndex.hash(OffsetID.text(view.header.storeHost, physicalOffset: view.physicalOffset))
        var entry = HalfIndex.Entry(
            queueOffset: view.queueOffset, physicalOffset: view.physicalOffset, storeTimestamp: view.storeTimestamp,
            idHash: idHash, checks: 0, nextCheck: view.storeTimestamp + checkImmunity(scan.immunity?.decimal))
        if view.preparedOffset != 0 || scan.checkTimes != nil {
            let state = HalfState(scan.halfState?.text)
            entry.checks = min(state?.checks ?? Int32(clamping: scan.checkTimes?.decimal ?? 0), 65_535)
            entry.nextCheck = state?.nextCheck ?? view.storeTimestamp + options.checkInterval
            entry.storeTimestamp = state?.storeTimestamp ?? entry.storeTimestamp
            if let earlier = replaced(by: view, idHash) {
                halves.move(earlier.key, queueOffset: entry.queueOffset, physicalOffset: entry.physicalOffset)
                return halves.checked(earlier.key, checks: entry.checks, next: entry.nextCheck)
            }
            if let first = state?.queueOffset, halves.entry(key: first) == nil { entry.key = first }
        }
        halves.add(entry, group: scan.producerGroup?.text ?? "")
    }

    /// The half whose place a copy takes. Copies of earlier versions do not name it: there it is the newest by that id.
    private func replaced(by view: RecordView, _ idHash: Int) -> HalfIndex.Entry? {
        let known = halves.entries(idHash: idHash)
        guard view.preparedOffset != 0 else { return known.first }
        let place = Self.waitingOffset(view.preparedOffset)
        return known.first { $0.physicalOffset == place }
    }

    /// A committed message: its half is resolved, though its op record may be missing.
    func replayCommit(_ view: RecordView) {
        replayedCommit = view.preparedOffset
        let scan = PropertyScan(view.properties)
        let idHash =
            scan.uniqueKey.map { HalfIndex.hash($0) }
            ?? HalfIndex.hash(
                OffsetID.text(view.header.storeHost, physicalOffset: view.preparedOffset))
        guard let entry = halves.entries(idHash: idHash).first(where: { $0.physicalOffset == view.preparedOffset })
        else { return }
        halves.remove(entry.key)
    }

    // MARK: Ends by an old place

    /// The unresolved half that a producer means: the one at the place it names, or the copy of the one that was there.
    func locate(_ end: EndTransaction) -> HalfIndex.Entry? {
        if let entry = halves.entry(end.queueOffset), entry.physicalOffset == end.physicalOffset { return entry }
        guard let id = end.id ?? idAt(end) else { return nil }
        return halves.entries(idHash: HalfIndex.hash(id)).prefix(16).first { descends($0, from: end) }
    }

    private func idAt(_ end: EndTransaction) -> String? {
        guard end.physicalOffset >= 0, end.physicalOffset < store.confirmed,
            let half = try? store.reader.record(at: end.physicalOffset)?.messages().first,
            half.topic == TopicName.half, half.queueOffset == end.queueOffset
        else { return nil }
        return half.id
    }

    /// True when a half's record is a copy of a copy … of the record at a producer's place. An id alone does not prove it: a
    /// producer may have sent the same message twice.
    private func descends(_ entry: HalfIndex.Entry, from end: EndTransaction) -> Bool {
        var place = entry.physicalOffset
        for _ in 0..<32 {
            guard let copy = try? store.reader.record(at: place)?.messages().first, copy.topic == TopicName.half,
                copy.preparedTransactionOffset != 0
            else { return false }
            if let first = HalfState(copy.property(PropertyName.halfState)),
                first.physicalOffset == end.physicalOffset, first.queueOffset == end.queueOffset
            {
                return true
            }
            let earlier = Self.waitingOffset(copy.preparedTransactionOffset)
            if earlier == end.physicalOffset { return true }
            guard earlier < place else { return false }
            place = earlier
        }
        return false
    }
}
