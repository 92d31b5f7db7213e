import SluiceAPI
import SluiceMessage

/// Moves one queue's committed offset.
public struct OffsetCommit: Sendable, Codable {
    public var group: String
    public var queue: QueueID
    public var offset: Int64

    public init(group: String, queue: QueueID, offset: Int64) {
        self.group = group
        self.queue = queue
        self.offset = offset
    }
}

/// A consumer could not handle a message and wants it again later (RocketMQ's CONSUMER_SEND_MSG_BACK).
public struct SendBack: Sendable, Codable {
    public var group: String
    public var physicalOffset: Int64
    /// 0 takes the ladder, a positive number that level, a negative one the dead letters at once.
    public var delayLevel: Int
    /// Overrides the group's limit.
    public var maxReconsumeTimes: Int?
    /// The number of the broker that has the message, where there are several (``ClusterQueue``).
    public var broker: Int?

    /// The topic it is stored in, where the client tells it: RocketMQ 5 cannot make a dead letter without it.
    public var topic: String?

    public init(
        group: String, physicalOffset: Int64, delayLevel: Int = 0, maxReconsumeTimes: Int? = nil, broker: Int? = nil,
        topic: String? = nil
    ) {
        self.topic = topic
        self.broker = broker
        self.group = group
        self.physicalOffset = physicalOffset
        self.delayLevel = delayLevel
        self.maxReconsumeTimes = maxReconsumeTimes
    }
}

/// A producer's word on its transaction (RocketMQ's END_TRANSACTION).
public struct EndTransaction: Sendable, Codable {
    public var producerGroup: String
    /// Physical offset of the half message.
    public var physicalOffset: Int64
    /// Its offset in the half queue.
    public var queueOffset: Int64
    /// Nil is "unknown": the broker asks again later.
    public var resolution: Resolution?
    public var origin: ResolutionOrigin
    /// The half's unique key where the producer tells it: with it a half is found that was copied meanwhile.
    public var id: String?
    /// The number of the broker that has the half, where there are several (``ClusterQueue``).
    public var broker: Int?

    public init(
        producerGroup: String, physicalOffset: Int64, queueOffset: Int64, resolution: Resolution?,
        origin: ResolutionOrigin, id: String? = nil, broker: Int? = nil
    ) {
        self.broker = broker
        self.producerGroup = producerGroup
        self.physicalOffset = physicalOffset
        self.queueOffset = queueOffset
        self.resolution = resolution
        self.origin = origin
        self.id = id
    }
}
