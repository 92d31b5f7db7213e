import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Transactions: half messages wait in RocketMQ's half topic; committing stores the message in its own topic, and every
/// resolution writes a record to RocketMQ's op topic, which names who resolved it.
extension Broker {
    static let opTag = "d"
    static let originProperty = "SLUICE_ORIGIN"
    static let resolutionProperty = "SLUICE_RESOLUTION"
    static let reasonProperty = "SLUICE_REASON"
    static let transactionGroup = "CID_RMQ_SYS_TRANS"

    /// Stores a half message: consumers do not see it.
    func storeHalf(
        _ topic: Topic, _ header: inout RecordHeader, properties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        scan: borrowing PropertyScan
    ) {
        let target = Int(header.queue)
        header.queue = 0
        header.systemFlag &= ~SystemFlag.transactionMask
        let kept = waiting(PropertyCoding.decode(properties), topic, target)
        store(systemTopic(TopicName.half), &header, properties: kept, body: body)
        let id =
            scan.uniqueKey?.text ?? OffsetID.text(storeHost: options.host.text, physicalOffset: header.physicalOffset)
        let immunity = checkImmunity(scan.immunity?.decimal)
        halves.add(
            .init(
                queueOffset: header.queueOffset, physicalOffset: header.physicalOffset,
                storeTimestamp: header.storeTimestamp, idHash: HalfIndex.hash(id), checks: 0,
                nextCheck: header.storeTimestamp + immunity))
    }

    /// Milliseconds before a half is first checked: what its producer asked for in seconds, or the broker's own.
    func checkImmunity(_ seconds: Int64?) -> Int64 {
        seconds.map { min(max($0, 0), 1 << 30) * 1_000 } ?? options.transactionTimeout
    }

    // MARK: Resolving

    func endTransaction(_ end: EndTransaction, _ reply: @escaping Reply) {
        guard let entry = halves.entry(end.queueOffset), entry.physicalOffset == end.physicalOffset else {
            return reply(.failed(APIError(.conflict, "there is no unresolved half message at that place any more")))
        }
        guard let resolution = end.resolution else { return reply(.done) }
        resolve(entry, resolution, end.origin, group: end.producerGroup, reason: "", reply)
    }

    /// An operator's force, by the id that listings show.
    func resolve(id: String, _ resolution: Resolution, reason: String, _ reply: @escaping Reply) {
        guard let entry = halves.entry(id: id) else { return reply(.failed(notUnresolved(id))) }
        resolve(entry, resolution, .operator, group: nil, reason: reason, reply)
    }

    /// Why an id is not among the unresolved: resolved by whom and when, or never seen.
    func notUnresolved(_ id: String) -> APIError {
        func resolved(_ resolution: String, _ origin: String, _ at: Int64) -> APIError {
            APIError(
                .conflict,
                "\(id) was resolved already: \(resolution) by \(origin.replacingUnderscores) \(max(0, now - at) / 1_000) s ago"
            )
        }
        if let known = recentResolutions[id] {
            return resolved(known.resolution.rawValue, known.origin.rawValue, known.at)
        }
        let candidates = (try? store.lookUp(topic: TopicName.op, key: id).candidates(limit: 8)) ?? []
        for offset in candidates {
            guard let op = try? store.reader.record(at: offset)?.messages().first, op.keys.contains(id) else {
                continue
            }
            return resolved(
                op.property(Self.resolutionProperty) ?? "resolved", op.property(Self.originProperty) ?? "somebody",
                op.storeTimestamp)
        }
        return APIError(.notFound, "there is no unresolved half message \(id); `sluice tx list` shows those there are")
    }

    private func resolve(
        _ entry: HalfIndex.Entry, _ resolution: Resolution, _ origin: ResolutionOrigin, group: String?, reason: String,
        _ reply: @escaping Reply
    ) {
        if let refusing { return reply(.failed(APIError(.unavailable, refusing))) }
        guard store.hasRoom(for: 5 << 20) else {
            return suspend { self.resolve(entry, resolution, origin, group: group, reason: reason, reply) }
        }
        guard let found = try? store.reader.record(at: entry.physicalOffset) else {
            damagedRecords += 1
            return reply(.failed(APIError(.failed, "the half message's record at \(entry.physicalOffset) is damaged")))
        }
        var outcome: ResolutionOutcome?
        var problem: APIError?
        found.eachRecord { view in
            let scan = PropertyScan(view.properties)
            if let group, scan.producerGroup?.text != group {
                problem = APIError(
                    .refused,
                    "the half message belongs to producer group \(scan.producerGroup?.text ?? "–"), not to \(group)")
                return
            }
            let id = scan.uniqueKey?.text ?? view.message().offsetID
            outcome = apply(entry, view, scan, id, resolution, origin, reason)
        }
        guard let outcome else {
            return reply(.failed(problem ?? APIError(.failed, "the half message names no topic it could go to")))
        }
        answerWhenConfirmed(.outcome(outcome), reply)
    }

    private func apply(
        _ entry: HalfIndex.Entry, _ view: RecordView, _ scan: PropertyScan, _ id: String, _ resolution: Resolution,
        _ origin: ResolutionOrigin, _ reason: String
    ) -> ResolutionOutcome? {
        var outcome = ResolutionOutcome(id: id, resolution: resolution, visibleAt: nil, queueOffset: nil, receivers: [])
        if resolution == .commit {
            guard let name = scan.realTopic?.text, let topic = targetTopic(name) else { return nil }
            var header = view.header
            let queue = Int(scan.realQueue?.decimal ?? 0)
            header.queue = Int32(queue < max(topic.config.writeQueues, topic.config.readQueues) ? queue : 0)
            header.systemFlag = header.systemFlag & ~SystemFlag.transactionMask | SystemFlag.commit
            header.storeTimestamp = now
            header.preparedOffset = entry.physicalOffset
            var properties = Array(view.properties)
            if entry.checks > 0 {
                let times = [Property(PropertyName.checkTimes, String(entry.checks))]
                properties += (properties.isEmpty ? [] : [PropertyCoding.valueEnd]) + PropertyCoding.encode(times)
            }
            store(topic, &header, properties: properties, body: view.body)
            outcome.visibleAt = QueueID(name, Int(header.queue))
            outcome.queueOffset = header.queueOffset
            outcome.receivers = groupsOn(name)
        }
        writeOp(entry, id, resolution, origin, reason)
        halves.remove(entry.queueOffset)
        recentResolutions.add(entry.idHash, .init(resolution: resolution, origin: origin, at: now))
        moveTransactionOffsets()
        return outcome
    }

    private func writeOp(
        _ entry: HalfIndex.Entry, _ id: String, _ resolution: Resolution, _ origin: ResolutionOrigin, _ reason: String
    ) {
        var header = RecordHeader(
            queue: 0, bornTimestamp: now, bornHost: options.host, storeTimestamp: now, storeHost: options.host)
        var properties = [
            Property(PropertyName.tags, Self.opTag), Property(PropertyName.keys, id),
            Property(Self.resolutionProperty, resolution.rawValue), Property(Self.originProperty, origin.rawValue),
        ]
        let clean = String(reason.unicodeScalars.filter { $0.value >= 32 }.prefix(500).map(Character.init))
        if !clean.isEmpty { properties.append(Property(Self.reasonProperty, clean)) }
        Array(String(entry.queueOffset).utf8).withUnsafeBytes { body in
            store(systemTopic(TopicName.op), &header, properties: PropertyCoding.encode(properties), body: body)
        }
    }

    /// RocketMQ's internal group stands at the oldest unresolved half, so that its own tools see what they expect.
    private func moveTransactionOffsets() {
        guard let half = topics[TopicName.half], let op = topics[TopicName.op] else { return }
        let group = group(Self.transactionGroup)
        let halfQueue = half.queue(0, store)
        let at = halves.oldest?.queueOffset ?? halfQueue.maxOffset
        group.offsets[QueueID(TopicName.half, 0)] = .init(offset: at, moved: now)
        group.offsets[QueueID(TopicName.op, 0)] = .init(offset: op.queue(0, store).maxOffset, moved: now)
    }

    // MARK: Check-back

    /// Asks producers about the halves whose time has come; sets aside those asked too often.
    func checkDueHalves() {
        var left = options.checksPerTurn
        while left > 0, let entry = halves.popDue(now: now) {
            left -= 1
            guard entry.checks < options.maxChecks else {
                note(entry.physicalOffset, entry.queueOffset, checks: entry.checks, next: .max)
                continue
            }
            guard var half = try? store.reader.record(at: entry.physicalOffset)?.messages().first else {
                damagedRecords += 1
                note(entry.physicalOffset, entry.queueOffset, checks: entry.checks, next: .max)
                continue
            }
            var queueOffset = entry.queueOffset
            if options.reputsHalves {
                guard store.hasRoom(for: Limits.maxRecordBytes) else { break }
                half = putAgain(half, entry)
                queueOffset = half.queueOffset
            } else {
                note(entry.physicalOffset, queueOffset, checks: entry.checks + 1, next: now + options.checkInterval)
            }
            let group = half.property(PropertyName.producerGroup) ?? ""
            half.properties.removeAll { $0.name == PropertyName.checkTimes }
            half.properties.append(Property(PropertyName.checkTimes, String(entry.checks + 1)))
            // Any live producer of the group may answer; they take turns.
            let online = (producers[group] ?? [:]).sorted { $0.key < $1.key }
            if !online.isEmpty {
                let turn = Int(truncatingIfNeeded: entry.queueOffset + Int64(entry.checks))
                online[abs(turn) % online.count].value.push(
                    .checkTransaction(half: half, queueOffset: queueOffset))
            }
        }
    }

    /// Stores a half once more at the tail, with its checks counted, as RocketMQ does; the old copy is passed over.
    private func putAgain(_ half: StoredMessage, _ entry: HalfIndex.Entry) -> StoredMessage {
        var copy = half
        copy.properties.removeAll { $0.name == PropertyName.checkTimes }
        copy.properties.append(Property(PropertyName.checkTimes, String(entry.checks + 1)))
        var header = RecordHeader(
            queue: 0, flag: half.flag, systemFlag: half.systemFlag, bornTimestamp: half.bornTimestamp,
            bornHost: HostAddress(half.bornHost), storeTimestamp: now, storeHost: options.host)
        half.body.withUnsafeBytes { body in
            store(
                systemTopic(TopicName.half), &header, properties: PropertyCoding.encode(copy.properties), body: body)
        }
        copy.queueOffset = header.queueOffset
        copy.physicalOffset = header.physicalOffset
        copy.storeTimestamp = now
        halves.remove(entry.queueOffset)
        halves.add(
            .init(
                queueOffset: header.queueOffset, physicalOffset: header.physicalOffset, storeTimestamp: now,
                idHash: entry.idHash, checks: entry.checks + 1, nextCheck: now + options.checkInterval))
        note(header.physicalOffset, header.queueOffset, checks: entry.checks + 1, next: now + options.checkInterval)
        return copy
    }

    /// A check is a small journal record, not a new copy of the message.
    private func note(_ physicalOffset: Int64, _ queueOffset: Int64, checks: Int32, next: Int64) {
        halves.checked(queueOffset, checks: checks, next: next)
        var entry = ByteWriter()
        entry.put(physicalOffset)
        entry.put(queueOffset)
        entry.put(checks)
        entry.put(next)
        store.journal(JournalChange(checksJournal, append: [entry.bytes]))
    }

    /// Asks the producer at once and counts its checks anew, also of a half that was set aside.
    func recheck(id: String, _ reply: @escaping Reply) throws(APIError) {
        guard let entry = halves.entry(id: id) else { throw notUnresolved(id) }
        note(entry.physicalOffset, entry.queueOffset, checks: 0, next: now)
        answerWhenConfirmed(.done, reply)
    }

    // MARK: Looking at what is unresolved

    func halfPage(skip: Int, limit: Int) -> HalfPage {
        HalfPage(
            total: halves.count, setAside: halves.setAside, oldest: halves.oldest?.storeTimestamp,
            items: halves.page(skip: max(0, skip), limit: min(max(limit, 0), 10_000)).compactMap(halfMessage))
    }

    func halfMessage(_ entry: HalfIndex.Entry) -> HalfMessage? {
        guard let half = try? store.reader.record(at: entry.physicalOffset)?.messages().first else { return nil }
        let group = half.property(PropertyName.producerGroup) ?? ""
        return HalfMessage(
            id: half.id, topic: half.realTopic, queue: Int(half.property(PropertyName.realQueue) ?? "") ?? 0,
            producerGroup: group, storeTimestamp: half.storeTimestamp, checks: Int(entry.checks),
            maxChecks: Int(options.maxChecks), nextCheck: entry.isSetAside ? nil : entry.nextCheck,
            producersOnline: producers[group]?.count ?? 0, tag: half.tag, keys: half.keys, bodySize: half.body.count,
            bodyPeek: Array(half.body.prefix(256)), physicalOffset: half.physicalOffset)
    }
}

extension String {
    fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? " " : $0 }) }
}
