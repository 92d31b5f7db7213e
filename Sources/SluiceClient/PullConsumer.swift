import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage

/// Receives messages by pull: the caller asks queue by queue and commits by itself.
public final class PullConsumer: Sendable {
    private let connection: any Connection
    private let group: String
    private let client = ClientID.next()

    public init(_ connection: any Connection, group: String) {
        self.connection = connection
        self.group = group
    }

    /// Messages of a queue from an offset on; waits up to `wait` ms when there is none. `next` is where to go on.
    public func pull(
        _ queue: QueueID, from offset: Int64, limit: Int = 1_024, filter: String = "*", wait: Int = 0
    ) async throws(APIError) -> (messages: [StoredMessage], next: Int64) {
        let request = PullRequest(
            group: group, queue: queue, offset: offset, limit: limit, filter: TagFilter(filter), wait: Int64(wait),
            client: client)
        let response = try await connection.call(.pull(request))
        guard case .pulled(let answer) = response else { throw unexpected(response) }
        return try await offPool { () throws(DiskError) in
            try answer.read(maxBytes: 16 << 20)
        }
    }

    /// Records of a queue from an offset on, read and checked on the calling thread, which it blocks: for rates at which
    /// taking each message apart would be felt. `next` is where to go on.
    public func fetch(
        _ queue: QueueID, from offset: Int64, limit: Int = 4_096, maxBytes: Int = 4 << 20
    ) throws(APIError) -> (records: Fetch, next: Int64) {
        let request = PullRequest(group: group, queue: queue, offset: offset, limit: limit, client: client)
        let response = try connection.callBlocking(.pull(request))
        guard case .pulled(let answer) = response else { throw unexpected(response) }
        if let fetched = answer.fetched { return (fetched, answer.next) }
        guard let source = answer.units, let reader = answer.reader else { return (Fetch.empty, answer.next) }
        do throws(DiskError) {
            let units = try source.load()
            guard !units.isEmpty else { return (Fetch.empty, offset) }
            let fetch = try reader.fetch(units[...], maxBytes: maxBytes)
            answer.count(fetch)
            return (fetch, fetch.next)
        } catch {
            throw APIError(.failed, "\(error)")
        }
    }

    /// The group's committed offset; nil when it has none on this queue.
    public func committed(_ queue: QueueID) async throws(APIError) -> Int64? {
        let response = try await connection.call(.committed(group: group, queues: [queue]))
        guard case .committed(let offsets) = response else { throw unexpected(response) }
        return offsets.first ?? nil
    }

    public func commit(_ queue: QueueID, _ offset: Int64) async throws(APIError) {
        _ = try await connection.call(.commit([OffsetCommit(group: group, queue: queue, offset: offset)]))
    }

    /// Where a queue's offset for a target is.
    public func offset(_ queue: QueueID, at target: OffsetTarget) async throws(APIError) -> Int64 {
        let response = try await connection.call(.offset(queue, target))
        guard case .offset(let offset) = response else { throw unexpected(response) }
        return offset
    }
}

extension PullAnswer {
    /// Reads what the answer describes, filters it exactly, and counts what passed. Blocks for the disk.
    func read(maxBytes: Int) throws(DiskError) -> (messages: [StoredMessage], next: Int64) {
        if let fetched { return (fetched.messages().map { $0.decompressed() }, next) }
        guard let units, let reader else { return ([], next) }
        let all = try units.load()
        guard !all.isEmpty else { return ([], units.first) }
        let (wanted, end) = wanted(all)
        guard let lastWanted = wanted.last else { return ([], end) }
        let fetch = try reader.fetch(wanted, maxBytes: maxBytes)
        let messages = fetch.messages().filter { filter.passes($0.tag) }.map { $0.decompressed() }
        count(fetch, passed: messages.count)
        return (messages, fetch.next > lastWanted.offset ? end : fetch.next)
    }
}
