/// Everything that can happen to the console.
public enum Event: Sendable {
    case key(Key)
    /// Text that the terminal pasted as a whole (bracketed paste).
    case paste(String)
    case mouse(Mouse)
    case resize(Size)
    /// Time went on; epoch ms. Every ``ConsoleModel/tickInterval`` ms is right.
    case tick(now: Int64)
    case answer(Answer)
    /// A call to the broker has ended; its answer comes as an event of its own.
    case called(CallRecord)
    /// What the scenario running beside the console says of itself.
    case scenario(ScenarioStatus)
}

/// A mouse event at a cell.
public struct Mouse: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case press, doublePress, wheelUp, wheelDown }
    public var x: Int
    public var y: Int
    public var kind: Kind
    public init(x: Int, y: Int, kind: Kind) {
        self.x = x
        self.y = y
        self.kind = kind
    }
}

/// What a scenario (the demo) adds to the peak shaving screen.
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
    /// A key that the scenario understands. It must not be one that the console uses on its peak shaving screen.
    public struct KeyHint: Sendable, Equatable {
        public var key: Character
        public var label: String
        public init(_ key: Character, _ label: String) {
            self.key = key
            self.label = label
        }
    }
    /// One number of the scenario over time, drawn below the flow on the same time axis.
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

    public var title: String
    public var lines: [Line]
    public var series: Series?
    public var keys: [KeyHint]

    public init(title: String, lines: [Line] = [], series: Series? = nil, keys: [KeyHint] = []) {
        self.title = title
        self.lines = lines
        self.series = series
        self.keys = keys
    }
}
