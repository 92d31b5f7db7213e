import SluiceMessage

/// What a broker is told at its start.
public struct BrokerOptions: Sendable {
    public var name = "sluice"
    public var cluster = "DefaultCluster"
    public var version = "0.1.0"
    /// The address that stored messages and ids carry.
    public var host = HostAddress(address: 0x7F00_0001, port: 10_911)
    public var levels = DelayLevels.standard
    /// Topics that a served broker has by the names of itself and its cluster (semantics, 1).
    public var ownTopics: Set<String> { [name, cluster, cluster + "_REPLY_TOPIC"] }
    public var dataFolder = ""
    public var fileSystem = "unknown"
    /// Log bytes behind the tail that count as still in memory (RocketMQ: 40 % of it).
    public var memoryWindow: Int64 = 8 << 30
    /// Queues of a topic that is made by its first message.
    public var defaultQueues = 4
    public var autoCreateTopics = true
    /// Milliseconds before a half message is first checked (RocketMQ's transactionTimeOut).
    public var transactionTimeout: Int64 = 6_000
    /// Milliseconds between two checks of a half (RocketMQ's transactionCheckInterval).
    public var checkInterval: Int64 = 60_000
    /// Checks before a half is set aside (RocketMQ's transactionCheckMax).
    public var maxChecks: Int32 = 15
    /// Puts a half into its topic again at each check, as a stock broker of 4.9 does, instead of noting the check.
    public var reputsHalves = false
    /// Checks sent in one turn of the owner.
    public var checksPerTurn = 50
    /// Check-backs a second that one producer group is asked at most.
    public var checksPerSecond = 500
    /// Bytes from which the journals of topics and checks may be rewritten shorter.
    var journalBytes: Int64 = 8 << 20
    /// The longest delay taken, in ms: 40 days.
    public var longestDelay: Int64 = 40 * 86_400_000
    /// Answers what is asked and changes nothing: no timer fires, nothing is deleted, and what would change something is
    /// refused. For a folder over an ``OverlayDisk``.
    public var isReadOnly = false
    /// Pending delays in memory (24 bytes each) that are written as a file of the timer.
    public var delaysInMemory = 1 << 17
    public init() {}
}
