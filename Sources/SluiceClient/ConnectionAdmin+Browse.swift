import SluiceAPI
import SluiceBroker
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
        var messages: [StoredMessage] = []
        var at = from
        while messages.count < limit {
            let read = try await connection.read(.queue(id, from: at, limit: limit - messages.count))
            messages += read.messages()
            // One answer holds so many bytes at most; a record that is damaged is passed over.
            guard read.next > at else { break }
            at = read.next
        }
        return messages
    }

    private func find(
        _ key: String, in topic: String, limit: Int, where matches: (StoredMessage) -> Bool
    ) async throws(APIError) -> [StoredMessage] {
        let found = try await connection.read(.key(topic: topic, key: key, limit: limit * 4)).messages()
        return Array(found.filter { $0.topic == topic && matches($0) }.prefix(limit))
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
        return try await connection.read(.place(offset)).messages().filter { $0.offsetID == id }
    }
}
