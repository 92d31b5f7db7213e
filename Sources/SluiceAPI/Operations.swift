import SluiceMessage

/// Who acts, as far as it is known.
public struct Actor: Sendable, Codable, Equatable {
    /// The account or user name.
    public var name: String
    /// Where from: a host name or address.
    public var host: String
    /// True where the name was proven (a signature, or the socket's peer credentials), false where it is only claimed.
    public var isProven: Bool

    public init(name: String, host: String, isProven: Bool) {
        self.name = name
        self.host = host
        self.isProven = isProven
    }
}

/// What goes with an operator's action.
public struct ActionContext: Sendable, Codable, Equatable {
    public var actor: Actor
    /// Why, in the operator's words; may be empty.
    public var reason: String
    /// True says only what would happen.
    public var dryRun: Bool

    public init(actor: Actor, reason: String = "", dryRun: Bool = false) {
        self.actor = actor
        self.reason = reason
        self.dryRun = dryRun
    }
}

/// Everything an operator can do by hand. Each is audited, and each can be tried without effect (``ActionContext/dryRun``).
public enum OperatorAction: Sendable, Codable, Equatable {
    /// Commits or rolls back an unresolved half message.
    case resolve(id: String, Resolution)
    /// Asks a half's producer again at once and counts its checks anew, also of one that was set aside.
    case recheck(id: String)
    /// Withdraws a delayed message for good. `topic` is where it was to go; nil looks at all.
    case cancelDelay(id: String, topic: String?)
    /// Delivers a delayed message now.
    case deliverNow(id: String, topic: String?)
    /// Gives a delayed message another moment, epoch ms.
    case reschedule(id: String, topic: String?, due: Int64)
    /// Moves a group's offsets.
    case reset(ResetRequest)
    /// Stores messages again, by physical offset, in their own topic or another.
    case republish([Int64], to: String?)
    /// Stores a time range of a topic again, at its own pace or faster.
    case replay(ReplayPlan)
    case controlReplay(id: Int, ReplayControl)
    /// Sends dead letters to their group again.
    case resendDeadLetters(DeadLetterSelection)
    case gate(group: String, GateSetting)
    /// Messages a second that a topic takes from producers; nil lifts the limit.
    case limitPublishing(topic: String, perSecond: Double?)
    case updateTopic(TopicConfig, mustBeNew: Bool)
    case deleteTopic(String)
    case updateGroup(GroupConfig)
    case deleteGroup(String)
    /// Puts a group where another one stands; `topic` nil is every topic of that one.
    case copyOffsets(from: String, to: String, topic: String?)
    /// Changes an option of the broker by RocketMQ's name, until it is closed.
    case setOption(name: String, value: String)
}

/// What an action did, or in a dry run would do.
public struct ActionOutcome: Sendable, Codable, Equatable {
    /// One or two sentences for people.
    public var text: String
    /// Things concerned: messages, queues.
    public var count: Int
    /// The state before and after, in words, as the audit keeps them.
    public var before = ""
    public var after = ""
    /// Of a commit or rollback.
    public var resolution: ResolutionOutcome?
    /// Of a reset.
    public var steps: [ResetStep] = []
    /// Of what was stored anew: where it is now.
    public var stored: [StoredPlace] = []
    /// Of a delay: its new moment, epoch ms.
    public var due: Int64?
    public var gate: GateStatus?
    public var replay: ReplayStatus?

    public init(_ text: String, count: Int = 1, before: String = "", after: String = "") {
        self.text = text
        self.count = count
        self.before = before
        self.after = after
    }
}

/// Where a message was stored.
public struct StoredPlace: Sendable, Codable, Equatable {
    public var id: String
    public var queue: QueueID
    public var queueOffset: Int64

    public init(id: String, queue: QueueID, queueOffset: Int64) {
        self.id = id
        self.queue = queue
        self.queueOffset = queueOffset
    }
}

/// What an operator can ask that RocketMQ has no request for.
public enum OperatorQuestion: Sendable, Codable, Hashable {
    /// The gates that are not open, or those of one group.
    case gates(group: String?)
    case replays
    /// Unresolved halves and waiting check-backs by producer group.
    case checks
    /// Entries of the audit from a number on, oldest first; a negative `from` counts from the end.
    case audit(from: Int64, limit: Int)
    case verifyAudit
    /// Topics with a publish limit, by name.
    case publishLimits
    /// Producers and consumers that are connected.
    case clients
    /// The brokers behind this connection: one, but for a cluster.
    case brokers
    /// What these brokers can do, so that nothing is offered that they cannot.
    case features
}

public enum OperatorAnswer: Sendable, Codable, Equatable {
    case gates([GateStatus])
    case replays([ReplayStatus])
    case checks([CheckQueue])
    case audit([AuditEntry], total: Int64)
    case auditVerified(AuditVerification)
    case publishLimits([String: Double])
    case clients([ConnectedClient])
    case brokers([BrokerNode])
    case features([Feature: Availability])
}

/// Unresolved halves of one producer group, and how its check-backs go.
public struct CheckQueue: Sendable, Codable, Equatable {
    public var group: String
    public var unresolved: Int
    public var setAside: Int
    /// Checks that are due and wait for their turn (``perSecond``).
    public var waiting: Int
    /// Check-backs a second that the group is asked at most.
    public var perSecond: Int
    public var producersOnline: Int

    public init(group: String, unresolved: Int, setAside: Int, waiting: Int, perSecond: Int, producersOnline: Int) {
        self.group = group
        self.unresolved = unresolved
        self.setAside = setAside
        self.waiting = waiting
        self.perSecond = perSecond
        self.producersOnline = producersOnline
    }
}
