/// A scenario in the list of all.
public struct ScenarioEntry: Sendable, Equatable {
    /// As `peak-shaving`.
    public var name: String
    public var title: String
    /// What it shows, in one sentence.
    public var claim: String
    public init(name: String, title: String, claim: String) {
        self.name = name
        self.title = title
        self.claim = claim
    }
}

/// What the scenario that runs beside the console says of itself, once a second.
public struct ScenarioStatus: Sendable, Equatable {
    /// A line of the panel, as `database p99   3.1 ms`.
    public struct Line: Sendable, Equatable {
        public var label: String
        public var value: String
        /// True draws the value in the accent for what needs a hand.
        public var needsAttention: Bool
        public init(_ label: String, _ value: String, needsAttention: Bool = false) {
            self.label = label
            self.value = value
            self.needsAttention = needsAttention
        }
    }
    /// A key that the scenario understands. On its screens it goes before a meaning that the console has for it.
    public struct KeyHint: Sendable, Equatable {
        public var key: Character
        public var label: String
        public init(_ key: Character, _ label: String) {
            self.key = key
            self.label = label
        }
    }
    /// One number of the scenario over time.
    public struct Series: Sendable, Equatable {
        /// As `database latency`.
        public var label: String
        /// As `ms`.
        public var unit: String
        /// Newest last; each at an epoch ms. Nil is a moment without a measurement.
        public var points: [Point]
        public init(label: String, unit: String, points: [Point]) {
            self.label = label
            self.unit = unit
            self.points = points
        }
    }
    public struct Point: Sendable, Equatable {
        public var time: Int64
        public var value: Double?
        public init(time: Int64, value: Double?) {
            self.time = time
            self.value = value
        }
    }

    /// As in the list of scenarios; empty for one that is not in it.
    public var name: String
    public var title: String
    /// What it shows, and what to look at now, in a sentence each.
    public var claim: String
    public var lookAt: String
    public var lines: [Line]
    /// Up to three.
    public var series: [Series]
    public var keys: [KeyHint]

    public init(
        name: String = "", title: String, claim: String = "", lookAt: String = "", lines: [Line] = [],
        series: [Series] = [], keys: [KeyHint] = []
    ) {
        self.name = name
        self.title = title
        self.claim = claim
        self.lookAt = lookAt
        self.lines = lines
        self.series = series
        self.keys = keys
    }
}
