import SluiceAPI
import SluiceMessage
import SluiceStorage

/// A time range of a topic on its way to be stored again. Confined to the owner.
final class Replay {
    /// The next record, and when its moment has come.
    struct Next {
        var record: Fetch
        var queue: Int
        /// Epoch ms.
        var moment: Int64
    }
    var status: ReplayStatus
    let source: Topic
    let target: Topic
    var merge: QueueMerge
    var next: Next?
    /// Records that could not be read or copied.
    var unreadable: Int64 = 0
    /// When the first record's moment is or was, epoch ms; pauses move it.
    private var begin: Int64
    /// Store time of the first record.
    private var first: Int64?
    private var pausedAt: Int64?

    init(_ status: ReplayStatus, source: Topic, target: Topic, merge: QueueMerge) {
        self.status = status
        self.source = source
        self.target = target
        self.merge = merge
        begin = status.startedAt
    }

    var isRunning: Bool { status.state == .running }

    /// When a record that was stored at that time has its moment; epoch ms.
    func moment(of storeTimestamp: Int64) -> Int64 {
        let first = first ?? storeTimestamp
        self.first = first
        guard status.plan.speed > 0, storeTimestamp > first else { return begin }
        return begin + Int64((Double(storeTimestamp - first) / status.plan.speed).rounded(.up))
    }

    func pause(_ now: Int64) {
        status.state = .paused
        pausedAt = now
    }

    func resume(_ now: Int64) {
        let pause = now - (pausedAt ?? now)
        begin += pause
        next?.moment += pause
        pausedAt = nil
        status.state = .running
    }
}

/// Single records that are to be stored again, and who waits for it. Confined to the owner.
final class CopyList {
    enum Kind {
        /// To a topic, or each to its own.
        case republish(to: Topic?)
        /// To the group's retry topic where no topic is named.
        case deadLetters(group: String, to: Topic?)
    }
    let kind: Kind
    let places: [Int64]
    let isTrial: Bool
    let reply: Reply
    /// How many were looked at, before any is stored.
    var checked = 0
    /// Those that can be stored again.
    var good: [Int64] = []
    /// How many of these were.
    var copied = 0
    var stored: [StoredPlace] = []
    /// Records that could not be read.
    var leftOut: [Int64] = []

    init(_ kind: Kind, _ places: [Int64], isTrial: Bool, _ reply: @escaping Reply) {
        self.kind = kind
        self.places = places
        self.isTrial = isTrial
        self.reply = reply
    }

    var isChecking: Bool { checked < places.count }
}

/// What is being stored again, and what was.
struct Replays {
    private(set) var going: [Replay] = []
    private(set) var ended: [ReplayStatus] = []
    var lists: [CopyList] = []
    private var lastID = 0
    static let mostGoing = 16
    static let mostEnded = 100

    var isIdle: Bool { going.isEmpty && lists.isEmpty }
    var nextID: Int { lastID + 1 }

    mutating func add(_ replay: Replay) {
        lastID = replay.status.id
        going.append(replay)
    }

    mutating func end(_ replay: Replay, _ state: ReplayStatus.State, problem: String? = nil) {
        replay.status.state = state
        replay.status.problem = problem
        replay.next = nil
        going.removeAll { $0 === replay }
        ended.append(replay.status)
        if ended.count > Self.mostEnded { ended.removeFirst() }
    }

    /// By number.
    var all: [ReplayStatus] { (ended + going.map(\.status)).sorted { $0.id < $1.id } }
}

/// How much of the records of others is stored again in one turn of the owner.
struct CopySlice {
    private var records = 256
    private var bytes = 1 << 20
    var goesOn: Bool { records > 0 && bytes > 0 }

    mutating func spend(_ size: Int) {
        records -= 1
        bytes -= size
    }
}
