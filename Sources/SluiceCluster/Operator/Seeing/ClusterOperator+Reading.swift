import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// Messages by queue, key and place.
extension ClusterOperator {
    /// Places of records that are remembered: enough for every page that somebody still looks at.
    private static let mostPlaces = 100_000

    public func read(_ request: ReadRequest) async throws(APIError) -> Fetch {
        switch request {
        case .queue(let id, let from, let limit): return try await readQueue(id, from: from, limit: limit)
        case .key(let topic, let key, let limit): return try await readKey(topic, key, limit: limit)
        case .place(let offset): return try await readPlace(offset)
        }
    }

    private func readQueue(_ id: QueueID, from: Int64, limit: Int) async throws(APIError) -> Fetch {
        let look = try await cluster.broker(ofQueue: id.queue)
        let queue = ClusterQueue.queue(id.queue)
        var from = max(from, 0)
        var records: [UInt8] = []
        var count = 0
        while count < limit {
            let part = try await look.broker.look(id.topic, queue, from: from, most: min(limit - count, 32))
            let read = part.messages.count
            records += part.records
            count += read
            guard part.next > from else { break }
            from = part.next
            // Past a hole (what retention took) reading goes on; at the end it stops.
            guard read > 0 || from < part.end, records.count < 8 << 20 else { break }
        }
        return fetch([(records, look)], next: from)
    }

    /// Newest first, unique keys before keys that people chose.
    private func readKey(_ topic: String, _ key: String, limit: Int) async throws(APIError) -> Fetch {
        let most = min(max(limit, 1), 64)
        // A name server may not list the topic on every broker; one without it answers that it found nothing.
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            let unique = try await look.broker.find(key, in: topic, isUnique: true, most: most)
            if !unique.isEmpty { return unique }
            return try await look.broker.find(key, in: topic, isUnique: false, most: most)
        }
        let found = gathered.answers.flatMap { look, records in
            Self.split(records).map { (look, $0, Self.storeTime($0)) }
        }
        let ordered = found.sorted { $0.2 > $1.2 }.prefix(limit)
        return fetch(ordered.map { ($0.1, $0.0) }, next: 0)
    }

    /// Each record of an answer.
    private static func split(_ records: [UInt8]) -> [[UInt8]] {
        records.withUnsafeBytes { raw in
            var parts: [[UInt8]] = []
            Fetch(raw, next: 0).eachRecord { parts.append(Array($0.bytes)) }
            return parts
        }
    }

    private static func storeTime(_ record: [UInt8]) -> Int64 {
        record.withUnsafeBytes { RecordView($0)?.storeTimestamp ?? 0 }
    }

    private func readPlace(_ offset: Int64) async throws(APIError) -> Fetch {
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            try await look.broker.ask(
                RequestCode.viewMessageByID, ["offset": String(offset)],
                expecting: [ResponseCode.success, ResponseCode.systemError])
        }
        return fetch(gathered.answers.filter { $0.value.code == 0 }.map { ($0.value.body, $0.look) }, next: 0)
    }

    private func fetch(_ parts: [([UInt8], BrokerLook)], next: Int64) -> Fetch {
        var all: [UInt8] = []
        for (records, look) in parts {
            all += ClusterRecords.patched(records, look.broker)
            remember(records, look.node.index)
        }
        return all.withUnsafeBytes { Fetch($0, next: next) }
    }

    private func remember(_ records: [UInt8], _ broker: Int) {
        var offsets: [Int64] = []
        records.withUnsafeBytes { Fetch($0, next: 0).eachRecord { offsets.append($0.physicalOffset) } }
        places.withLock { places in
            if places.count > Self.mostPlaces { places.removeAll() }
            for offset in offsets { places[offset, default: []].insert(broker) }
        }
    }

    /// The message by its id wherever it is, with its broker; nil when nobody has it.
    func find(id: String, in topic: String) async throws(APIError) -> (message: StoredMessage, look: BrokerLook)? {
        let gathered = try await Gathered.from(try await cluster.brokers()) { look throws(APIError) in
            try await look.broker.find(id, in: topic, isUnique: true, most: 32)
        }
        for (look, records) in gathered.answers {
            let messages = records.withUnsafeBytes { Fetch($0, next: 0).messages() }
            if let message = messages.last(where: { $0.topic == topic && $0.id == id }) { return (message, look) }
        }
        return nil
    }
}
