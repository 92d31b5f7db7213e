import SluiceAPI
import SluiceClient
import SluiceMessage

/// One queue of the topic being read.
struct QueueCursor: Sendable {
    let id: QueueID
    /// Tags wanted of it.
    var filter = "*"
    /// Where the next pull begins.
    var fetch: Int64
    /// Behind the last message printed: what a commit says.
    var position: Int64
    var committed: Int64?
    /// Pulled and not printed yet, the next one last.
    var waiting: [StoredMessage] = []
    /// Offsets that a pull passed over without a message, although it wanted all.
    var passedOver: Int64 = 0
    /// Nothing more here in this round.
    var isDone = false
}

/// Pulls a topic's queues and commits what was printed.
struct TopicReader: Sendable {
    let consumer: PullConsumer
    let connection: any Connection
    let admin: any Admin
    let group: String
    let filter: String
    let commits: Bool
    /// There may be several brokers, whose logs have no common order but time.
    let isCluster: Bool

    /// Cursors at the group's offsets, or at the target where it has none.
    func start(queues: [QueueID], target: OffsetTarget) async throws(APIError) -> [QueueCursor] {
        var cursors: [QueueCursor] = []
        for id in queues {
            let committed = commits ? try await consumer.committed(id) : nil
            let begin: Int64
            if let committed { begin = committed } else { begin = try await consumer.offset(id, at: target) }
            cursors.append(QueueCursor(id: id, filter: filter, fetch: begin, position: begin, committed: committed))
        }
        return cursors
    }

    /// Cursors for queues of the group's retry topic that are not read yet: what a member could not handle comes back
    /// there, whatever its tag. The topic is made by the first such message. Who commits nothing has no part in it.
    func retryCursors(_ known: [QueueCursor]) async throws(APIError) -> [QueueCursor] {
        guard commits else { return [] }
        let topic = TopicName.retry(group)
        let queues: [QueueID]
        do throws(APIError) {
            queues = try await connection.readQueues(of: topic)
        } catch {
            guard error.code == .notFound else { throw error }
            return []
        }
        var cursors: [QueueCursor] = []
        for id in queues where !known.contains(where: { $0.id == id }) {
            let committed = try await consumer.committed(id)
            let begin: Int64
            if let committed { begin = committed } else { begin = try await consumer.offset(id, at: .first) }
            cursors.append(QueueCursor(id: id, fetch: begin, position: begin, committed: committed))
        }
        return cursors
    }

    /// Pulls once from every queue that has nothing waiting and is not done.
    func refill(_ cursors: [QueueCursor]) async throws(APIError) -> [QueueCursor] {
        var cursors = cursors
        for index in cursors.indices where cursors[index].waiting.isEmpty && !cursors[index].isDone {
            let before = cursors[index].fetch
            let (messages, next) = try await consumer.pull(
                cursors[index].id, from: before, filter: cursors[index].filter)
            cursors[index].fetch = next
            // Of a stock broker's queues it is not known that every offset has a message.
            if cursors[index].filter == "*", !isCluster {
                cursors[index].passedOver += max(0, next - before - Int64(messages.count))
            }
            cursors[index].waiting = messages.reversed()
            if messages.isEmpty {
                cursors[index].position = next
                cursors[index].isDone = next == before
            }
        }
        return cursors
    }

    /// The place that everything stored so far lies before. Of a cluster's logs nobody knows one.
    func end() async throws(APIError) -> Int64 { isCluster ? .max : try await admin.broker().maxPhysicalOffset }

    /// A message's place in the order that all are printed in.
    func place(_ message: StoredMessage) -> Int64 { isCluster ? message.storeTimestamp : message.physicalOffset }

    /// Commits where the cursors stand, as far as that is new.
    func commit(_ cursors: [QueueCursor]) async throws(APIError) -> [QueueCursor] {
        guard commits else { return cursors }
        var cursors = cursors
        for index in cursors.indices where cursors[index].committed != cursors[index].position {
            try await consumer.commit(cursors[index].id, cursors[index].position)
            cursors[index].committed = cursors[index].position
        }
        return cursors
    }
}
