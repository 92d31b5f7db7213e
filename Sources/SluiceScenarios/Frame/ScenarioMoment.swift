/// A named value of a sample or a report: one field of its JSON.
public struct Figure: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        /// Nil is what could not be read.
        case count(Int?)
        /// With so many decimal places at most; nil (or not finite) is what was not measured.
        case number(Double?, places: Int)
        case text(String?)
        case flag(Bool)
    }
    /// As a JSON field: `publish_p99_ms`.
    public var name: String
    public var value: Value

    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
    public init(_ name: String, _ value: Int?) { self.init(name, .count(value)) }
    public init(_ name: String, _ value: Double?, places: Int = 1) { self.init(name, .number(value, places: places)) }
}

/// What a second of a scenario looked like.
public struct ScenarioMoment: Sendable, Equatable {
    /// A line of the panel, as `database p99   3.1 ms`.
    public struct Line: Sendable, Equatable {
        public var label: String
        public var value: String
        /// True for what needs a hand, or was broken on purpose.
        public var needsAttention: Bool
        public init(_ label: String, _ value: String, needsAttention: Bool = false) {
            self.label = label
            self.value = value
            self.needsAttention = needsAttention
        }
    }
    /// A number that is drawn over time.
    public struct Series: Sendable, Equatable {
        public var label: String
        /// As `ms` or `/s`; empty for a count.
        public var unit: String
        /// Nil is a second without a measurement.
        public var value: Double?
        public init(_ label: String, unit: String, _ value: Double?) {
            self.label = label
            self.unit = unit
            self.value = value
        }
    }
    /// A key that does something now, and what. Not one of ``reserved``, which are the console's.
    public struct Key: Sendable, Equatable {
        public var key: Character
        public var label: String
        public init(_ key: Character, _ label: String) {
            self.key = key
            self.label = label
        }
        /// Keys that go somewhere else, scroll the screen or end it.
        public static let reserved: Set<Character> = Set("0123456789:?qjk+-=`[]")
    }

    /// Seconds since the scenario started, and epoch ms.
    public var seconds: Double
    public var time: Int64
    public var figures: [Figure]
    public var lines: [Line]
    /// Up to three, the same ones in every moment.
    public var series: [Series]
    /// What to look at now, in a sentence.
    public var lookAt: String
    public var keys: [Key]
    /// The second in one line, for a run without a console.
    public var text: String

    public init(
        seconds: Double, time: Int64 = wallMilliseconds(), figures: [Figure], lines: [Line], series: [Series],
        lookAt: String, keys: [Key], text: String
    ) {
        self.seconds = seconds
        self.time = time
        self.figures = figures
        self.lines = lines
        self.series = series
        self.lookAt = lookAt
        self.keys = keys
        self.text = text
    }
}
