import SluiceMessage

/// What a console can do or show that not every kind of broker has.
public enum Feature: String, Sendable, Codable, CaseIterable {
    /// Rates, depth and lag of topics and groups.
    case figures
    /// Messages by id, key, time and queue.
    case browsing
    /// Pending delays of the 18 levels with their countdown.
    case delayLevels = "delay_levels"
    /// Pending delays of an exact moment.
    case exactDelays = "exact_delays"
    case delayCancel = "delay_cancel"
    case delayNow = "delay_now"
    case delayReschedule = "delay_reschedule"
    /// The unresolved half messages.
    case halves
    /// How often a half was checked, and when it is next.
    case halfChecks = "half_checks"
    case resolve
    case recheck
    case reset
    /// Chosen messages again.
    case republish
    /// A time range again, at its own pace or faster.
    case pacedReplay = "paced_replay"
    case deadLetters = "dead_letters"
    /// Stopping a group's delivery and letting it go again.
    case pause
    /// Delivering to a group at so many messages a second.
    case gateLimit = "gate_limit"
    case publishLimit = "publish_limit"
    case editTopics = "edit_topics"
    case editGroups = "edit_groups"
    case clients
    /// Where the audit is kept: with the broker, or beside the console.
    case audit
}

/// How far a broker has a ``Feature``.
public enum Availability: Sendable, Codable, Equatable {
    case works
    /// It works by other means, which differ as said here in one sentence.
    case substitute(String)
    /// Why not, in one sentence.
    case unavailable(String)
}

/// What kind of broker answers.
public enum BrokerKind: String, Sendable, Codable {
    case sluice
    case rocketmq4
    case rocketmq5
}

/// One broker of what a console is connected to.
public struct BrokerNode: Sendable, Codable, Equatable {
    /// Its number here, counted from 0: the upper part of a queue's number (``ClusterQueue``).
    public var index: Int
    /// For example `broker-a`.
    public var name: String
    public var cluster: String
    /// `host:port` of its master, empty for a broker in this process.
    public var address: String
    public var kind: BrokerKind
    public var version: String
    /// Why it does not answer; nil while it does.
    public var failure: String?
    /// Addresses of its slaves.
    public var slaves: [String] = []
    /// Epoch ms at which it was last heard of.
    public var asOf: Int64
    /// Messages a second in and out, averaged by the broker over about ten seconds.
    public var inPerSecond: Double?
    public var outPerSecond: Double?
    /// Share of the disk that is used, 0...1.
    public var diskUsed: Double?
    /// Bytes of its commit log.
    public var logBytes: Int64?
    /// Average time a message takes to be stored, in ms, where the broker says so.
    public var putMilliseconds: Double?
    /// What else it tells of itself, in RocketMQ's names.
    public var runtime: [String: String] = [:]

    public init(
        index: Int, name: String, cluster: String, address: String, kind: BrokerKind, version: String, asOf: Int64
    ) {
        self.index = index
        self.name = name
        self.cluster = cluster
        self.address = address
        self.kind = kind
        self.version = version
        self.asOf = asOf
    }
}

/// A client that is connected, once for each group it is in.
public struct ConnectedClient: Sendable, Codable, Equatable {
    public enum Role: String, Sendable, Codable { case producer, consumer }
    public var client: ClientStatus
    public var group: String
    public var role: Role
    /// Of a consumer: topic and expression.
    public var subscriptions: [String: String] = [:]
    public var model: MessageModel?

    public init(client: ClientStatus, group: String, role: Role) {
        self.client = client
        self.group = group
        self.role = role
    }
}

/// Queue numbers where there are several brokers: the broker's number in the upper bits, the queue's own in the lower 16.
/// The first broker's queues keep their numbers, so that one broker alone looks as it always did.
public enum ClusterQueue {
    public static func number(broker: Int, queue: Int) -> Int { broker << 16 | queue }
    public static func broker(_ number: Int) -> Int { number >> 16 }
    public static func queue(_ number: Int) -> Int { number & 0xffff }
}

/// Which brokers a figure of a whole cluster is made of.
public struct Coverage: Sendable, Codable, Equatable {
    /// Names of the brokers that answered.
    public var counted: [String]
    /// Names of those that do not: what they hold now is not known, and their last known figures may be in the total.
    public var without: [String]

    public init(counted: [String], without: [String]) {
        self.counted = counted
        self.without = without
    }

    /// True where some broker would have more to say.
    public var isPartial: Bool { !without.isEmpty }
}
