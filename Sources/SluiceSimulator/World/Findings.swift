/// What has to hold in every world, at every moment.
public enum Invariant: String, Sendable, CaseIterable, Codable {
    /// What was acknowledged stays where the acknowledgement said, byte for byte, as far as the mode promises.
    case durability
    /// No half message is visible before its commit, and none after a rollback.
    case halves
    /// No delayed message is early, and each one comes once it is due.
    case delays
    /// Offsets of a queue are dense, and a producer's messages stand in the order it sent them.
    case order
    /// A group's offsets are what its clients and operators made them.
    case offsets
    /// Each half is resolved once, the first one wins, and a later one is told by whom.
    case resolutions
    /// Each delivered record names its source, and no two name the same one.
    case sources
    /// Min, max, lag and depth are what a naive count makes of them.
    case lag
    /// What is still to be delivered or resolved outlives retention.
    case owed
    /// A look-up by key finds what was stored under it.
    case lookUp = "look_up"
    /// After a clean restart everything is as before.
    case restart
    /// Each request is answered once, and reads are answered whatever the disk does.
    case answers
    /// An ordered consumer's lock holds until it is given back or its time is over.
    case locks
    /// Gates and publish limits are as operators set them, and no topic takes more than its limit lets it.
    case limits
}

/// What a world asks of its broker.
public enum RequestKind: String, Sendable, CaseIterable, Codable {
    case publish
    case publishBatch = "publish_batch"
    case publishDelayed = "publish_delayed"
    case publishHalf = "publish_half"
    case publishAgain = "publish_again"
    case endTransaction = "end_transaction"
    case answerCheck = "answer_check"
    case pull
    case waitingPull = "waiting_pull"
    case readBroadcast = "read_broadcast"
    case commit
    case commitBackward = "commit_backward"
    case sendBack = "send_back"
    case lock, unlock, register, unregister
    case resolve, recheck, recall, reset
    case createTopic = "create_topic"
    case changeQueues = "change_queues"
    case deleteTopic = "delete_topic"
    case updateGroup = "update_group"
    case deleteGroup = "delete_group"
    case browse
    case lookUp = "look_up"
    case listHalves = "list_halves"
    case listDelays = "list_delays"
    case askOffsets = "ask_offsets"
    case askGroup = "ask_group"
    case checkpoint
    /// An operator's action beyond RocketMQ's requests.
    case act
}

/// What goes wrong in a world.
public enum FaultKind: String, Sendable, CaseIterable, Codable {
    case kill
    case powerCut = "power_cut"
    /// The process is killed while jobs of the disk are half done.
    case killInJobs = "kill_in_jobs"
    case powerCutInJobs = "power_cut_in_jobs"
    case cleanRestart = "clean_restart"
    case diskFull = "disk_full"
    case roomAgain = "room_again"
    case failedWrite = "failed_write"
    case failedSync = "failed_sync"
    case rot
    case lostDerivedFiles = "lost_derived_files"
    case clockJump = "clock_jump"
    case clockBack = "clock_back"
}

/// An invariant that does not hold, in one sentence.
struct Violation: Error, Equatable {
    var invariant: Invariant
    var text: String

    init(_ invariant: Invariant, _ text: String) {
        self.invariant = invariant
        self.text = text
    }
}

/// What a world did, and what was checked in it on something that could have been wrong.
public struct Tally: Sendable, Equatable {
    public internal(set) var steps = 0
    public internal(set) var requests: [RequestKind: Int] = [:]
    public internal(set) var faults: [FaultKind: Int] = [:]
    public internal(set) var checks: [Invariant: Int] = [:]

    public init() {}

    mutating func count(_ kind: RequestKind) { requests[kind, default: 0] += 1 }
    mutating func count(_ kind: FaultKind) { faults[kind, default: 0] += 1 }
    mutating func count(_ invariant: Invariant, _ times: Int = 1) { checks[invariant, default: 0] += times }

    public mutating func add(_ other: Tally) {
        steps += other.steps
        requests.merge(other.requests, uniquingKeysWith: +)
        faults.merge(other.faults, uniquingKeysWith: +)
        checks.merge(other.checks, uniquingKeysWith: +)
    }
}

/// A hash of everything a world saw: two runs of a seed have the same one.
struct Trace: Sendable {
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func note(_ value: Int64) {
        hash = (hash ^ UInt64(bitPattern: value)) &* 0x100_0000_01b3
        hash ^= hash >> 29
    }

    mutating func note(_ text: String) { for byte in text.utf8 { note(Int64(byte)) } }
}
