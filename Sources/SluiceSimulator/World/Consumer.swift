import SluiceMessage

/// A group of consumers, or of broadcast readers, as the world keeps it.
final class Consumer {
    var name: String
    var topics: [String]
    var isBroadcast: Bool
    /// Pulls rarely, and falls behind.
    var isSlow: Bool
    /// Where it goes on; of clients that keep their own offsets nothing else.
    var positions: [QueueID: Int64] = [:]
    /// Where a queue without a committed offset was first pulled from, since the broker started.
    var starts: [QueueID: Int64] = [:]
    /// Records it was handed last.
    var pulled: [Int64] = []
    /// Clients that made themselves known.
    var members: Set<String> = []
    /// Who holds which queue, and until when.
    var locks: [QueueID: (client: String, until: Int64)] = [:]

    init(_ name: String, _ settings: WorldSettings) {
        self.name = name
        isBroadcast = name == settings.broadcastGroup
        isSlow = name == "slow"
        topics = name == "audit" ? settings.topics : Array(settings.topics.prefix(3))
    }

    static let clients = ["client-1", "client-2", "client-3"]
}
