import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage

/// How to open an embedded broker.
public struct EmbeddedOptions: Sendable {
    /// The data folder; created when `create` is true.
    public var dataFolder: String
    public var durability: Durability
    public var create: Bool
    /// Bytes of commit log kept before whole old segments go; nil keeps by age only.
    public var retainBytes: Int64?
    /// Milliseconds a segment is kept after its last write (RocketMQ's fileReservedTime, 72 h).
    public var retainMilliseconds: Int64
    /// Bytes of one commit log segment; a multiple of 4096, at least 8 MiB.
    public var segmentBytes: Int
    /// Log bytes between two checkpoints.
    public var checkpointBytes: Int
    /// Index entries in memory that make a checkpoint due sooner; 28 bytes of memory each, with the message's unit.
    public var indexEntries = 1 << 20
    /// Names that routes and messages carry, and the address that stored messages and their ids do.
    public var brokerName = "sluice"
    public var cluster = "DefaultCluster"
    public var advertised = "127.0.0.1:10911"
    public var levels = DelayLevels.standard
    public var autoCreateTopics = true
    /// Behaves like a stock broker of 4.9 in its check-backs: each one puts the half into its topic again.
    public var isCompatible = false
    /// The longest delay taken, in ms: 40 days.
    public var longestDelay: Int64 = 40 * 86_400_000
    /// Pending delays in memory (24 bytes each) before they are written as a file of the timer.
    public var delaysInMemory = 1 << 17
    /// Check-backs a second that one producer group is asked at most.
    public var checksPerSecond = 500
    /// Reads the folder beside other readers and leaves it as it is: no timer fires, and changes are refused.
    public var isReadOnly = false
    /// Told now and then how many bytes of how many a recovery has read.
    public var progress: @Sendable (Int64, Int64) -> Void = { _, _ in }

    public init(
        dataFolder: String, durability: Durability = .sync, create: Bool = true, retainBytes: Int64? = nil,
        retainMilliseconds: Int64 = 72 * 3_600_000, segmentBytes: Int = 256 << 20, checkpointBytes: Int = 256 << 20
    ) {
        self.dataFolder = dataFolder
        self.durability = durability
        self.create = create
        self.retainBytes = retainBytes
        self.retainMilliseconds = retainMilliseconds
        self.segmentBytes = segmentBytes
        self.checkpointBytes = checkpointBytes
    }
}

/// A broker in this process, with its data folder.
public final class EmbeddedBroker: Sendable {
    /// For a server that lets other processes at this broker.
    package let host: Host
    /// What clients in this process connect through.
    public let connection: any Connection
    public let admin: any Admin

    /// Opens the folder, recovers it and starts the broker's threads.
    /// - Throws: `.conflict` when another process owns the folder (its pid is named), `.notFound` when there is none and
    ///   `create` is false, `.invalid` when it is not ours or of a newer format, `.failed` for an I/O error.
    public static func open(_ options: EmbeddedOptions) throws(APIError) -> EmbeddedBroker {
        var store = StoreOptions()
        store.durable = options.durability == .sync
        store.segmentBytes = Int64(max(options.segmentBytes, 8 << 20) / 4_096 * 4_096)
        store.checkpointBytes = Int64(max(options.checkpointBytes, 1 << 20))
        store.indexEntries = max(options.indexEntries, 1 << 10)
        store.retainBytes = options.retainBytes
        store.retainMilliseconds = options.retainMilliseconds
        var broker = BrokerOptions()
        broker.name = options.brokerName
        broker.cluster = options.cluster
        broker.host = HostAddress(options.advertised)
        broker.levels = options.levels
        broker.autoCreateTopics = options.autoCreateTopics
        broker.reputsHalves = options.isCompatible
        broker.longestDelay = max(options.longestDelay, 0)
        broker.delaysInMemory = max(options.delaysInMemory, 16)
        broker.checksPerSecond = max(options.checksPerSecond, 1)
        var hostOptions = HostOptions(
            dataFolder: options.dataFolder, create: options.create, store: store, broker: broker)
        hostOptions.progress = options.progress
        hostOptions.isReadOnly = options.isReadOnly
        return EmbeddedBroker(try Host.open(hostOptions))
    }

    private init(_ host: Host) {
        self.host = host
        connection = InProcessConnection(host: host)
        admin = ConnectionAdmin(connection)
    }

    /// Drains, flushes, checkpoints and releases the folder. Blocks until done; a second call does nothing.
    public func close() { host.close() }
}
