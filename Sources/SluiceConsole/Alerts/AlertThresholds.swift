/// What is too much: the thresholds of `sluice watch` and of the console's banner and bell, each with a warning and a
/// critical level. A value *over* a level counts; one that is not known never does.
public struct AlertThresholds: Sendable, Equatable {
    /// From when a value needs a hand, and from when it is an emergency; nil never.
    public struct Levels: Sendable, Equatable {
        public var warning: Int64?
        public var critical: Int64?

        public init(warning: Int64? = nil, critical: Int64? = nil) {
            self.warning = warning
            self.critical = critical
        }

        /// `WARNING` or `WARNING,CRITICAL`; a warning alone may be left empty, as `,1000`. Nil when it is neither, or
        /// when the critical level is the lower one.
        /// - Parameter number: reads one of the two; nil when it is none.
        public init?(_ text: String, _ number: (String) -> Int64?) {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.filter { $0 != " " })
            }
            guard (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }) else { return nil }
            let values = parts.map { $0.isEmpty ? nil : number($0) }
            for (part, value) in zip(parts, values) where !part.isEmpty {
                guard let value, value >= 0 else { return nil }
            }
            warning = values[0]
            critical = values.count > 1 ? values[1] : nil
            if let warning, let critical, critical < warning { return nil }
        }

        public var isEmpty: Bool { warning == nil && critical == nil }

        /// The level that a value is over, with its limit.
        func reached(by value: Int64) -> (severity: AlertSeverity, limit: Int64)? {
            if let critical, value > critical { return (.critical, critical) }
            if let warning, value > warning { return (.warning, warning) }
            return nil
        }
    }

    /// Messages a clustering group has not consumed.
    public var lag: Levels
    /// Age in ms of the oldest message a group has not consumed.
    public var behind: Levels
    /// Age in ms of the oldest unresolved half message.
    public var oldestHalf: Levels
    /// Dead letters of a group.
    public var deadLetters: Levels

    public init(
        lag: Levels = Levels(), behind: Levels = Levels(), oldestHalf: Levels = Levels(warning: 600_000),
        deadLetters: Levels = Levels()
    ) {
        self.lag = lag
        self.behind = behind
        self.oldestHalf = oldestHalf
        self.deadLetters = deadLetters
    }

    /// True when groups have to be asked for to judge.
    public var needsGroups: Bool { !lag.isEmpty || !behind.isEmpty || !deadLetters.isEmpty }
}

/// How bad it is.
public enum AlertSeverity: String, Sendable, Comparable {
    case warning, critical

    public static func < (one: AlertSeverity, other: AlertSeverity) -> Bool { one == .warning && other == .critical }
}
