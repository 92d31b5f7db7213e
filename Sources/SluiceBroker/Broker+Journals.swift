import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What the journals keep of topics, groups and offsets: entries as they are written, and read again.
extension Broker {
    /// - Parameter place: the log's end at that time; all records behind it are of the topic as it is configured now.
    func journalTopic(_ config: TopicConfig, at place: Int64? = nil) {
        topics[config.name]?.configuredAt = place ?? store.tail
        journalMeta(metaEntry(config))
    }

    func metaEntry(_ config: TopicConfig) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "T"))
        entry.put(config.name)
        entry.put(Int32(config.readQueues))
        entry.put(Int32(config.writeQueues))
        entry.put(Int32(config.permission.rawValue))
        entry.put(Int32(config.systemFlag))
        entry.put((topics[config.name]?.publishLimit?.perSecond ?? 0).bitPattern)
        entry.put(topics[config.name]?.configuredAt ?? store.tail)
        return entry.bytes
    }

    func journalGroup(_ group: Group) {
        groupsGeneration += 1
        journalMeta(metaEntry(group))
    }

    func metaEntry(_ group: Group) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: "G"))
        entry.put(group.name)
        entry.put(UInt8(group.config.consumeEnabled ? 1 : 0))
        entry.put(Int32(group.config.retryMaxTimes))
        entry.put(Int32(group.config.retryQueues))
        entry.put(UInt8(group.config.broadcastEnabled ? 1 : 0) | UInt8(group.config.notifiesMembers ? 2 : 0))
        putGate(group, &entry)
        return entry.bytes
    }

    func replayMeta(_ bytes: [UInt8], _ deleted: inout [String: Int64]) {
        var entry = ByteReader(bytes)
        guard let kind = entry.take(UInt8.self), let name = entry.takeText() else { return }
        switch kind {
        case UInt8(ascii: "T"):
            guard let read = entry.take(Int32.self), let write = entry.take(Int32.self),
                let permission = entry.take(Int32.self), read > 0, write > 0
            else { return }
            var config = TopicConfig(
                name: name, readQueues: Int(read), writeQueues: Int(write),
                permission: TopicPermission(rawValue: Int(permission)))
            #if Plants
                if Plant.isOn(.forgetsQueues) { config.readQueues = Int(write) }
            #endif
            // Entries of earlier versions end here.
            config.systemFlag = entry.take(Int32.self).map(Int.init) ?? 0
            let topic = Topic(config, kind: self.kind(of: name))
            topic.publishLimit = entry.take(UInt64.self).flatMap { publishBucket(Double(bitPattern: $0)) }
            if let place = entry.take(Int64.self) {
                topic.configuredAt = place
                // Of a log that a lost machine cut, the new topic's records may stand where the deleted one's did.
                if let end = deleted[name] { deleted[name] = min(end, place) }
            }
            topics[name] = topic
        case UInt8(ascii: "t"):
            topics[name] = nil
            deleted[name] = entry.take(Int64.self) ?? 0
        case UInt8(ascii: "G"):
            guard let enabled = entry.take(UInt8.self), let times = entry.take(Int32.self),
                let queues = entry.take(Int32.self)
            else { return }
            var config = GroupConfig(
                name: name, consumeEnabled: enabled == 1, retryMaxTimes: Int(times), retryQueues: Int(queues))
            // Entries of earlier versions end here.
            let switches = entry.take(UInt8.self) ?? 3
            config.broadcastEnabled = switches & 1 != 0
            config.notifiesMembers = switches & 2 != 0
            groups[name] = Group(config)
            groups[name]?.gate = takeGate(&entry)
        case UInt8(ascii: "g"): groups[name] = nil
        default: return
        }
    }

    /// - Parameter orphans: the entries that clear what stands there of groups and topics that are gone.
    func replayOffset(_ bytes: [UInt8], _ orphans: inout Set<[UInt8]>) {
        var entry = ByteReader(bytes)
        guard let kind = entry.take(UInt8.self), let name = entry.takeText() else { return }
        orphans.remove(bytes)
        if kind == UInt8(ascii: "g") {
            groups[name]?.offsets = [:]
            return
        }
        if kind == UInt8(ascii: "t") {
            for group in groups.values { group.forget(name) }
            return
        }
        guard let topic = entry.takeText(), let queue = entry.take(Int32.self), let offset = entry.take(Int64.self)
        else {
            return
        }
        if groups[name] == nil { orphans.insert(Self.clearing("g", name)) }
        if topics[topic] == nil { orphans.insert(Self.clearing("t", topic)) }
        guard let group = groups[name], topics[topic] != nil else { return }
        group.offsets[QueueID(topic, Int(queue))] = .init(offset: offset, moved: 0)
    }

    /// The entry that clears the offsets of a group (`g`) or on a topic (`t`).
    static func clearing(_ kind: Unicode.Scalar, _ name: String) -> [UInt8] {
        var entry = ByteWriter()
        entry.put(UInt8(ascii: kind))
        entry.put(name)
        return entry.bytes
    }

    /// Takes offsets out of the journal whose group or topic was deleted when the process ended between the two journals:
    /// they must not come back with another one of that name.
    func clear(_ orphans: Set<[UInt8]>) {
        guard !orphans.isEmpty else { return }
        let entries = orphans.sorted { $0.lexicographicallyPrecedes($1) }
        store.journal(JournalChange(offsetsJournal, append: entries, durable: true))
    }
}
