import SluiceAPI

/// A fault and when it comes.
public struct TimedFault: Sendable, Equatable {
    public var name: String
    /// Seconds after the start.
    public var seconds: Double
    public init(_ name: String, seconds: Double) {
        self.name = name
        self.seconds = seconds
    }
}

/// Runs a scenario without a console: a time of work, the time to settle, and the judgement.
public struct ScenarioRun {
    public var seconds: Double
    public var faults: [TimedFault]
    /// Seconds that what is under way may still take after the work ends.
    public var settleSeconds: Double

    public init(seconds: Double, faults: [TimedFault] = [], settleSeconds: Double? = nil) {
        self.seconds = seconds
        self.faults = faults.sorted { $0.seconds < $1.seconds }
        self.settleSeconds = settleSeconds ?? max(10, 2 * seconds)
    }

    /// Starts the scenario, runs and judges it; it is not closed.
    ///
    /// - Parameters:
    ///   - shouldStop: asked several times a second; true ends the run at once.
    ///   - onMoment: called once a second.
    /// - Returns: nil when the run was ended.
    public func run(
        _ scenario: any Scenario, shouldStop: () -> Bool = { false },
        onMoment: (ScenarioMoment) throws -> Void = { _ in }
    ) throws -> ScenarioReport? {
        try scenario.start()
        let start = monotonicSeconds()
        var due = faults[...]
        var isWorking = true
        for tick in 1... {
            let next = start + Double(tick)
            while monotonicSeconds() < next {
                if shouldStop() { return nil }
                let now = monotonicSeconds() - start
                while let fault = due.first, fault.seconds <= now {
                    due.removeFirst()
                    try scenario.cause(fault.name)
                }
                if isWorking && now >= seconds {
                    isWorking = false
                    scenario.endLoad()
                }
                if !isWorking && scenario.isSettled { break }
                sleep(untilMonotonic: min(next, monotonicSeconds() + 0.05))
            }
            try onMoment(scenario.moment())
            if !isWorking && (scenario.isSettled || next - start >= seconds + settleSeconds) { break }
        }
        return try scenario.report()
    }
}
