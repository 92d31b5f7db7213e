#if Plants
    /// Bugs put in on purpose, to see that the simulator finds them. Only there with the package's trait `Plants`, which no
    /// shipped build has.
    public enum Plant: String, Sendable, CaseIterable {
        /// Acknowledges before the sync.
        case ackBeforeSync = "ack_before_sync"
        /// Shows a half message where it is to go.
        case showsHalf = "shows_half"
        /// Delays fall due too soon.
        case earlyDelay = "early_delay"
        /// Puts a message into its queue twice.
        case unitTwice = "unit_twice"
        /// Moves a group's offset when retention has passed it.
        case movesOffset = "moves_offset"
        /// Leaves a half among the unresolved that an operator resolved.
        case resolvesTwice = "resolves_twice"
        /// A start forgets which delays were delivered.
        case deliversTwice = "delivers_twice"
        /// A group's lag leaves its last queue out.
        case lagForgetsQueue = "lag_forgets_queue"
        /// Retention takes what is still owed.
        case expiresOwed = "expires_owed"
        /// A start does not put keys back into the index.
        case forgetsKeys = "forgets_keys"
        /// A start takes a topic's write queues for its read queues.
        case forgetsQueues = "forgets_queues"
        /// A start forgets how often halves were checked.
        case forgetsChecks = "forgets_checks"
        /// A commit of offsets is not answered now and then.
        case unanswered
        /// An ordered consumer gets a lock that another holds.
        case locksTwice = "locks_twice"

        /// The one that is in force; set before a broker is opened, in a process of one thread.
        nonisolated(unsafe) public static var current: Plant?

        @inline(__always)
        public static func isOn(_ plant: Plant) -> Bool { current == plant }
    }
#endif
