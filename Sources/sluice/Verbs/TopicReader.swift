import SluiceAPI
import SluiceClient
import SluiceMessage

/// One queue of the topic being read.
struct QueueCursor: Sendable {
    let id: QueueID
    /// Where the next pull begins.
    var fetch: Int64
    /// Behind the last message printed: what a commit says.
    var position: Int64
    var committed: Int64?
    /// Pulled and not printed yet, the next one last.
    var waiting: [StoredMessage] = []
    /// Nothing more here in this round.
    var isDone = false
}

/// Pulls a topic's queues and commits what was printed.
struct TopicReader: Sendable {
    let consumer: PullConsumer
    let admin: any Admin
    let filter: String
    let commits: Bool

    /// Cursors at the group's offsets, or at the target where it has none.
    func start(topic: String, queues: Int, target: OffsetTarget) async throws(APIError) -> [QueueCursor] {
        var cursors: [QueueCursor] = []
        for queue in 0..<queues {
            let id = QueueID(topic, queue)
            let committed = commits ? try await consumer.committed(id) : nil
            let begin: Int64
            if let committed { begin = committed } else { begin = try await consumer.offset(id, at: target) }
            cursors.append(QueueCursor(id: id, fetch: begin, position: begin, committed: committed))
        }
        return cursors
    }

    /// Pulls once from every queue that has nothing waiting and is not done.
    func refill(_ cursors: [QueueCursor]) async throws(APIError) -> [QueueCursor] {
        var cursors = cursors
        for index in cursors.indices where cursors[index].waiting.isEmpty && !cursors[index].isDone {
            let before = cursors[index].fetch
            let (messages, next) = try await consumer.pull(cursors[index].id, from: before, filter: filter)
            cursors[index].fetch = next
            cursors[index].waiting = messages.reversed()
            if messages.isEmpty {
                cursors[index].position = next
                cursors[index].isDone = next == before
            }
        }
        return cursors
    }

    /// The offset in the commit log that everything stored so far lies before.
    func end() async throws(APIError) -> Int64 { try await admin.broker().maxPhysicalOffset }

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
