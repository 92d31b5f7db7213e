import SluiceMessage

/// How a consumer group's gate stands: what of its messages the broker hands out.
public enum GateSetting: Sendable, Codable, Equatable {
    /// As fast as the consumers ask.
    case open
    /// So many messages a second, 0.1...1,000,000.
    case limited(perSecond: Double)
    /// Nothing, until it is opened.
    case paused
}

/// A gate as it is.
public struct GateStatus: Sendable, Codable, Equatable {
    public var group: String
    public var setting: GateSetting
    /// Messages handed out to clients and not yet committed by them.
    public var held: Int64
    /// Messages a second handed out, over the last ten seconds.
    public var perSecond: Double
    /// Messages not yet handed out.
    public var waiting: Int64
    /// Commits of this group's clients that went backwards, since the broker started.
    public var backwardCommits: Int

    public init(
        group: String, setting: GateSetting, held: Int64, perSecond: Double, waiting: Int64, backwardCommits: Int
    ) {
        self.group = group
        self.setting = setting
        self.held = held
        self.perSecond = perSecond
        self.waiting = waiting
        self.backwardCommits = backwardCommits
    }
}

/// A time range of a topic that is to be stored again.
public struct ReplayPlan: Sendable, Codable, Equatable {
    public var topic: String
    /// Messages stored in `from ..< to`, epoch ms.
    public var from: Int64
    public var to: Int64
    /// Where they go; nil is the topic itself.
    public var target: String?
    /// 1 keeps the original pace, N is N times as fast; 0 goes as fast as the disk takes it.
    public var speed: Double

    public init(topic: String, from: Int64, to: Int64, target: String? = nil, speed: Double = 1) {
        self.topic = topic
        self.from = from
        self.to = to
        self.target = target
        self.speed = speed
    }
}

public enum ReplayControl: String, Sendable, Codable {
    case pause, resume, cancel
}

/// A replay as it stands. Finished ones are kept until the broker stops, a hundred at most.
public struct ReplayStatus: Sendable, Codable, Equatable {
    public enum State: String, Sendable, Codable { case running, paused, done, cancelled, failed }
    public var id: Int
    public var plan: ReplayPlan
    public var state: State
    /// Messages stored again, and messages in the range.
    public var done: Int64
    public var total: Int64
    /// Records of the range that could not be read and were left out.
    public var damaged: Int64
    /// Epoch ms.
    public var startedAt: Int64
    /// Why it failed.
    public var problem: String?

    public init(
        id: Int, plan: ReplayPlan, state: State, done: Int64, total: Int64, damaged: Int64, startedAt: Int64,
        problem: String? = nil
    ) {
        self.id = id
        self.plan = plan
        self.state = state
        self.done = done
        self.total = total
        self.damaged = damaged
        self.startedAt = startedAt
        self.problem = problem
    }
}

/// Dead letters of a group.
public struct DeadLetterSelection: Sendable, Codable, Equatable {
    public var group: String
    /// Offsets in the dead letter queue; nil is all of them.
    public var offsets: [Int64]?
    /// The queue that the offsets are of, where several brokers hold dead letters of the group (``ClusterQueue``); nil is
    /// the only one that holds any.
    public var queue: Int?
    /// Where they go; nil is the group's retry topic, which only that group reads.
    public var target: String?

    public init(group: String, offsets: [Int64]?, queue: Int? = nil, target: String? = nil) {
        self.group = group
        self.offsets = offsets
        self.queue = queue
        self.target = target
    }
}

/// A line of the audit: an action that was begun, or how it ended.
public struct AuditEntry: Sendable, Codable, Equatable {
    public enum Phase: String, Sendable, Codable { case before, after }
    /// Counts from 1.
    public var number: Int64
    /// Epoch ms.
    public var time: Int64
    public var phase: Phase
    /// Of an `after`: the number of its `before`.
    public var begun: Int64?
    public var actor: Actor
    /// As `commit`, `delay_cancel`, `gate_limit`.
    public var action: String
    public var target: String
    public var reason: String
    /// The target's state in words: in a `before` as it was, in an `after` as it is.
    public var state: String
    /// Of an `after`: `done`, mostly with what was done behind a colon, or why it was not.
    public var outcome: String?
    /// SHA-256 in hex: of the line before (64 zeros in the first), and of this one without its own hash.
    public var previous: String
    public var hash: String

    public init(
        number: Int64, time: Int64, phase: Phase, begun: Int64?, actor: Actor, action: String, target: String,
        reason: String, state: String, outcome: String?, previous: String, hash: String
    ) {
        self.number = number
        self.time = time
        self.phase = phase
        self.begun = begun
        self.actor = actor
        self.action = action
        self.target = target
        self.reason = reason
        self.state = state
        self.outcome = outcome
        self.previous = previous
        self.hash = hash
    }

    /// True of an `after` of what was done, not refused.
    public var isDone: Bool { outcome == Self.done || outcome?.hasPrefix(Self.done + ": ") == true }

    /// The ``outcome`` of what was done.
    public static func outcome(done text: String) -> String { text.isEmpty ? done : "\(done): \(text)" }
    private static let done = "done"
}

/// Whether the audit's chain holds.
public struct AuditVerification: Sendable, Codable, Equatable {
    public var entries: Int64
    /// Number of the first entry that does not fit the one before it; nil when the chain holds.
    public var brokenAt: Int64?
    public var problem: String?
    /// Actions begun without an end: the broker stopped in between.
    public var unfinished: [Int64]
    /// Hash of the last entry, to be kept elsewhere.
    public var head: String

    public init(entries: Int64, brokenAt: Int64?, problem: String?, unfinished: [Int64], head: String) {
        self.entries = entries
        self.brokenAt = brokenAt
        self.problem = problem
        self.unfinished = unfinished
        self.head = head
    }
}
