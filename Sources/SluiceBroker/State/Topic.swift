import SluiceAPI
import SluiceMessage
import SluiceStorage
import Synchronization

/// A count that readers on any thread add to.
public final class DeliveryCounter: Sendable {
    private let value = Atomic<Int64>(0)
    public init() {}
    public func add(_ count: Int) { value.wrappingAdd(Int64(count), ordering: .relaxed) }
    public var total: Int64 { value.load(ordering: .relaxed) }
}

/// A topic as the broker works with it. Confined to the owner.
final class Topic {
    var config: TopicConfig
    let kind: TopicKind
    let nameBytes: ContiguousArray<UInt8>
    let keyHash: UInt32
    /// True for a topic that only the broker writes to.
    let isBrokersOwn: Bool
    let delivered = DeliveryCounter()
    /// Messages that producers may send a second; nil is any number.
    var publishLimit: TokenBucket?
    /// The log's end when it was configured as it is; 0 where that is not known.
    var configuredAt: Int64 = 0
    /// Queues by number, filled as they are used.
    private var queues: [ConsumeQueue?]
    private var nextQueue = 0

    init(_ config: TopicConfig, kind: TopicKind) {
        self.config = config
        nameBytes = ContiguousArray(config.name.utf8)
        keyHash = Store.topicHash(config.name)
        self.kind = kind
        isBrokersOwn = TopicName.forbiddenToSend.contains(config.name)
        queues = Array(repeating: nil, count: max(config.readQueues, config.writeQueues))
    }

    static func kind(_ name: String) -> TopicKind {
        if name.hasPrefix(TopicName.retryPrefix) { return .retry }
        if name.hasPrefix(TopicName.deadLetterPrefix) { return .deadLetter }
        return TopicName.isSystem(name) ? .system : .normal
    }

    func queue(_ number: Int, _ store: Store) -> ConsumeQueue {
        while queues.count <= number { queues.append(nil) }
        if let queue = queues[number] { return queue }
        let queue = store.queue(QueueID(config.name, number))
        queues[number] = queue
        return queue
    }

    /// All queues that it is configured to have. One taken away from it keeps its messages until it is given back.
    func allQueues(_ store: Store) -> [ConsumeQueue] {
        (0..<max(config.readQueues, config.writeQueues)).map { queue($0, store) }
    }

    /// The queue for a message whose producer left the choice to the broker: one after the other.
    func chooseQueue() -> Int {
        nextQueue = (nextQueue + 1) % max(1, config.writeQueues)
        return nextQueue
    }
}

extension Topic {
    /// Why a name cannot be a topic's; nil when it can (RocketMQ's TopicValidator: `^[%|a-zA-Z0-9_-]+$`, 127 at most).
    static func problem(with name: String) -> String? {
        if name.isEmpty { return "a topic name cannot be empty" }
        if name.utf8.count > Limits.maxTopicLength {
            return "the topic name has \(name.utf8.count) characters, at most \(Limits.maxTopicLength) are allowed"
        }
        return badCharacter(name).map { "the topic name \"\(name)\" holds \($0); letters, digits, % | - _ are allowed" }
    }

    /// Why a name cannot be a group's; nil when it can.
    static func problem(withGroup name: String) -> String? {
        if name.isEmpty { return "a group name cannot be empty" }
        if name.utf8.count > Limits.maxGroupLength {
            return "the group name has \(name.utf8.count) characters, at most \(Limits.maxGroupLength) are allowed"
        }
        return badCharacter(name).map { "the group name \"\(name)\" holds \($0); letters, digits, % | - _ are allowed" }
    }

    private static func badCharacter(_ name: String) -> String? {
        for character in name.unicodeScalars {
            switch character {
            case "a"..."z", "A"..."Z", "0"..."9", "%", "|", "-", "_": continue
            default: return character.value < 32 ? "a control character" : "the character \"\(character)\""
            }
        }
        return nil
    }
}
