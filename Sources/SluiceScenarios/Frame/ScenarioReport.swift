/// A condition that a run has to meet.
public struct ScenarioCheck: Sendable, Equatable {
    public var name: String
    public var value: Double
    /// As `<= 0.15`.
    public var expected: String
    public var isOK: Bool
    /// Why it was not judged, in a few words; nil where it was. What was not judged does not fail.
    public var skipped: String?

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

    /// The same, but not judged.
    public func skipped(_ why: String) -> ScenarioCheck {
        var check = self
        check.isOK = true
        check.skipped = why
        return check
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

    /// The same report, in which checks of some names were not judged.
    public func skipping(_ names: Set<String>, _ why: String) -> ScenarioReport {
        var report = self
        report.checks = checks.map { names.contains($0.name) ? $0.skipped(why) : $0 }
        return report
    }
}
