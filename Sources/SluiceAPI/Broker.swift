/// When an acknowledgement leaves (RocketMQ's flushDiskType).
public enum Durability: String, Sendable, Codable, CaseIterable {
    /// After the batch is on the disk: a lost machine loses nothing acknowledged.
    case sync
    /// After the batch was handed to the operating system: a killed process loses nothing acknowledged.
    case async
}

/// What a broker says of itself.
public struct BrokerStatus: Sendable, Codable, Equatable {
    public var name: String
    public var cluster: String
    public var version: String
    public var durability: Durability
    /// For example `ext4`.
    public var fileSystem: String
    public var dataFolder: String
    /// Epoch ms.
    public var startedAt: Int64
    /// One line: what opening the folder found and did.
    public var recovery: String
    /// Bytes of the commit log kept, and the physical offsets it spans.
    public var logBytes: Int64
    public var minPhysicalOffset: Int64
    public var maxPhysicalOffset: Int64
    public var diskFreeBytes: Int64
    public var diskTotalBytes: Int64
    /// Counters since the broker started.
    public var published: Int64
    public var delivered: Int64
    public var publishErrors: Int64
    /// Records whose sum did not match when they were read.
    public var damagedRecords: Int64
    /// Why publishing is refused (disk full, read-only); nil when it is not.
    public var refusing: String?
    public var pendingDelays: Int
    public var unresolvedHalves: Int
    public var oldestHalf: Int64?
    public var topics: Int
    public var groups: Int
    /// Of a cluster: which brokers the figures are made of; nil where one broker is the whole.
    public var coverage: Coverage?

    public init(
        name: String, cluster: String, version: String, durability: Durability, fileSystem: String, dataFolder: String,
        startedAt: Int64, recovery: String, logBytes: Int64, minPhysicalOffset: Int64, maxPhysicalOffset: Int64,
        diskFreeBytes: Int64, diskTotalBytes: Int64, published: Int64, delivered: Int64, publishErrors: Int64,
        damagedRecords: Int64, refusing: String?, pendingDelays: Int, unresolvedHalves: Int, oldestHalf: Int64?,
        topics: Int, groups: Int
    ) {
        self.name = name
        self.cluster = cluster
        self.version = version
        self.durability = durability
        self.fileSystem = fileSystem
        self.dataFolder = dataFolder
        self.startedAt = startedAt
        self.recovery = recovery
        self.logBytes = logBytes
        self.minPhysicalOffset = minPhysicalOffset
        self.maxPhysicalOffset = maxPhysicalOffset
        self.diskFreeBytes = diskFreeBytes
        self.diskTotalBytes = diskTotalBytes
        self.published = published
        self.delivered = delivered
        self.publishErrors = publishErrors
        self.damagedRecords = damagedRecords
        self.refusing = refusing
        self.pendingDelays = pendingDelays
        self.unresolvedHalves = unresolvedHalves
        self.oldestHalf = oldestHalf
        self.topics = topics
        self.groups = groups
    }
}

/// The broker's counters at one moment, taken once a second on the second.
public struct FlowSample: Sendable, Codable, Equatable {
    /// Epoch ms, a multiple of 1,000.
    public var time: Int64
    /// Messages stored in normal topics so far.
    public var published: Int64
    /// Messages whose offset clustering groups have committed so far (retries not counted twice).
    public var consumed: Int64
    /// Lag of all clustering groups.
    public var backlog: Int64

    public init(time: Int64, published: Int64, consumed: Int64, backlog: Int64) {
        self.time = time
        self.published = published
        self.consumed = consumed
        self.backlog = backlog
    }
}

/// An error that an answer carries: what failed, where, and what to do, in one or two sentences.
public struct APIError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// What a program decides by.
    public enum Code: String, Sendable, Codable {
        /// The caller's input is wrong (bad name, too large, out of range).
        case invalid
        /// A body or properties over the limit (RocketMQ's MESSAGE_ILLEGAL).
        case tooLarge = "too_large"
        case notFound = "not_found"
        /// Resolved, delivered or created by somebody else meanwhile.
        case conflict
        /// Not allowed: read-only, permission, not confirmed.
        case refused
        /// The broker cannot take it now: disk full, shutting down.
        case unavailable
        /// More than a limit allows was sent: worth another try a moment later.
        case throttled
        /// Nobody answers.
        case unreachable
        /// Something failed inside: an I/O error, a damaged record.
        case failed
    }
    public var code: Code
    public var message: String
    /// True when a request that changes something had left before its answer was lost: it may have been carried out.
    /// Known at this end of a connection only, and never sent on.
    public var mayBeDone = false

    private enum CodingKeys: String, CodingKey { case code, message }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }

    /// This error of an act that was done in part before it.
    public func after(_ done: String) -> APIError {
        var error = self
        error.message = "\(done), then: \(message)"
        error.mayBeDone = true
        return error
    }

    /// This error of a request whose answer was lost after it had left.
    public var afterSending: APIError {
        var error = APIError(code, message + "; it may have been done: look before doing it again")
        error.mayBeDone = true
        return error
    }
}
