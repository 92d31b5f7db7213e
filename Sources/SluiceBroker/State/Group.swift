import SluiceAPI
import SluiceMessage

/// A consumer group as the broker works with it. Confined to the owner.
final class Group {
    var config: GroupConfig
    var model = MessageModel.clustering
    var members: [String: Member] = [:]
    var offsets: [QueueID: Position] = [:]
    let delivered = DeliveryCounter()
    var locks: [QueueID: (client: String, until: Int64)] = [:]
    /// Who pulled a queue last, and when.
    var pullers: [QueueID: (client: String, at: Int64)] = [:]
    /// Where a queue without a committed offset was first pulled from.
    var starts: [QueueID: Int64] = [:]
    /// Commits that went backwards: accepted, as RocketMQ does, but counted.
    var backwardCommits = 0
    /// Nil is open: everything is handed out as it is asked for.
    var gate: GateState?
    /// How far each queue's messages are in its client's hands.
    var handOuts: [QueueID: HandOut] = [:]
    /// The next message on each queue where somebody asked for its age.
    var heads: [QueueID: Head] = [:]
    /// What the last pull of a queue wanted, where that was not everything.
    var filters: [QueueID: TagFilter] = [:]
    var rate = RecentRate()

    struct Position {
        var offset: Int64
        /// Epoch ms of the last move since the broker started; 0 for none.
        var moved: Int64
    }

    /// A message at a queue's offset, and when it was stored, epoch ms; nil where its record could not be read.
    struct Head {
        var offset: Int64
        var stored: Int64?
        /// Epoch ms.
        var read: Int64

        /// False where it is worth another look: the disk may give by now what it did not give then.
        func isGood(_ now: Int64) -> Bool { stored != nil || (0..<10_000).contains(now - read) }
    }

    struct Member {
        var registration: Registration
        var lastSeen: Int64
    }

    init(_ config: GroupConfig) { self.config = config }

    var name: String { config.name }

    /// A topic is gone: one of that name that comes is another.
    func forget(_ topic: String) {
        offsets = offsets.filter { $0.key.topic != topic }
        starts = starts.filter { $0.key.topic != topic }
        pullers = pullers.filter { $0.key.topic != topic }
        locks = locks.filter { $0.key.topic != topic }
        handOuts = handOuts.filter { $0.key.topic != topic }
        filters = filters.filter { $0.key.topic != topic }
        heads = heads.filter { $0.key.topic != topic }
    }

    /// Topics the group subscribes or holds offsets of, its retry topic aside.
    var topics: Set<String> {
        var topics = Set(offsets.keys.map(\.topic))
        for member in members.values { topics.formUnion(member.registration.subscriptions.keys) }
        topics.remove(TopicName.retry(name))
        return topics
    }

    /// True for one of ``topics``.
    func reads(_ topic: String) -> Bool {
        guard topic != TopicName.retry(name) else { return false }
        return members.values.contains { $0.registration.subscriptions[topic] != nil }
            || offsets.keys.contains { $0.topic == topic }
    }
}
