/// A condition that a run has to meet.
public struct ScenarioCheck: Sendable, Equatable {
    public var name: String
    public var value: Double
    /// As `<= 0.15`.
    public var expected: String
    public var isOK: Bool

    public static func equal(_ name: String, _ value: Int, _ wanted: Int) -> ScenarioCheck {
        ScenarioCheck(name: name, value: Double(value), expected: "== \(wanted)", isOK: value == wanted)
    }
    /// A value that could not be measured (NaN) fails.
    public static func atMost(_ name: String, _ value: Double, _ limit: Double) -> ScenarioCheck {
        ScenarioCheck(name: name, value: value, expected: "<= \(limit)", isOK: value <= limit)
    }
    public static func atLeast(_ name: String, _ value: Double, _ limit: Double) -> ScenarioCheck {
        ScenarioCheck(name: name, value: value, expected: ">= \(limit)", isOK: value >= limit)
    }
}

/// The result of a run: what was counted, and whether it holds what the scenario promises.
public struct ScenarioReport: Sendable, Equatable {
    public var figures: [Figure]
    public var checks: [ScenarioCheck]
    /// The run in a few sentences, a line each.
    public var sentences: [String]
    public var isOK: Bool { checks.allSatisfy(\.isOK) }
    /// Names of the checks that do not hold.
    public var failed: [String] { checks.filter { !$0.isOK }.map(\.name) }

    public init(figures: [Figure], checks: [ScenarioCheck], sentences: [String]) {
        self.figures = figures
        self.checks = checks
        self.sentences = sentences
    }
}
