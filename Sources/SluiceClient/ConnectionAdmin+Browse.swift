import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage

extension ConnectionAdmin {
    func browse(_ query: BrowseQuery) async throws(APIError) -> [StoredMessage] {
        switch query {
        case .queue(let id, let from, let limit): return try await browse(id, from: from, limit: limit)
        case .key(let key, let topic, let limit):
            return try await find(key, in: topic, limit: limit) { $0.keys.contains(key) || $0.id == key }
        case .id(let id, let topic): return try await find(id: id, topic: topic)
        }
    }

    private func browse(_ id: QueueID, from: Int64, limit: Int) async throws(APIError) -> [StoredMessage] {
        let response = try await call(.browse(id, from: from, limit: limit))
        guard case .units(let source, let reader) = response else { throw unexpected(response) }
        return try await offPool { () throws(DiskError) -> [StoredMessage] in
            let units = try source.load()
            var messages: [StoredMessage] = []
            var at = units.startIndex
            while at < units.endIndex {
                let fetch = try reader.fetch(units[at...], maxBytes: 4 << 20)
                messages += fetch.messages()
                at = max(at + 1, units.firstIndex { $0.offset >= fetch.next } ?? units.endIndex)
            }
            return messages
        }
    }

    private func find(
        _ key: String, in topic: String, limit: Int, where matches: @escaping @Sendable (StoredMessage) -> Bool
    ) async throws(APIError) -> [StoredMessage] {
        let response = try await call(.lookUp(topic: topic, key: key))
        guard case .lookUp(let lookup, let reader) = response else { throw unexpected(response) }
        return try await offPool { () throws(DiskError) -> [StoredMessage] in
            var messages: [StoredMessage] = []
            for offset in try lookup.candidates(limit: limit * 4) where messages.count < limit {
                guard let message = try reader.record(at: offset)?.messages().first, message.topic == topic,
                    matches(message)
                else { continue }
                messages.append(message)
            }
            return messages
        }
    }

    /// By offset id straight from the log; by unique key through the index of the topic, or of all topics.
    private func find(id: String, topic: String?) async throws(APIError) -> [StoredMessage] {
        let names: [String]
        if let topic { names = [topic] } else { names = try await topics().map(\.config.name) }
        for name in names {
            let found = try await find(id, in: name, limit: 1) { $0.id == id }
            if !found.isEmpty { return found }
        }
        guard let offset = OffsetID.physicalOffset(id) else { return [] }
        let response = try await call(.lookUp(topic: "", key: ""))
        guard case .lookUp(_, let reader) = response else { throw unexpected(response) }
        return try await offPool { () throws(DiskError) -> [StoredMessage] in
            guard let message = try reader.record(at: offset)?.messages().first, message.offsetID == id else {
                return []
            }
            return [message]
        }
    }
}
