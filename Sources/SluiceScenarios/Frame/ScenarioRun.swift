import SluiceAPI
import Synchronization

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
    ///   - stage: causes what goes wrong with the broker itself; nil where nothing does.
    ///   - shouldStop: asked several times a second; true ends the run at once.
    ///   - onMoment: called once a second.
    /// - Returns: nil when the run was ended.
    public func run(
        _ scenario: any Scenario, on stage: ScenarioStage? = nil, shouldStop: () -> Bool = { false },
        onMoment: (ScenarioMoment) throws -> Void = { _ in }
    ) throws -> ScenarioReport? {
        try scenario.start()
        let helpers = Helpers()
        defer { helpers.finish() }
        let trouble = Mutex<(any Error)?>(nil)
        let start = monotonicSeconds()
        var due = faults[...]
        var isWorking = true
        var settle = settleSeconds
        for tick in 1... {
            let next = start + Double(tick)
            while monotonicSeconds() < next {
                if shouldStop() { return nil }
                let now = monotonicSeconds() - start
                while let fault = due.first, fault.seconds <= now {
                    due.removeFirst()
                    guard let stage, fault.name == ScenarioFault.killBroker.name else {
                        try scenario.cause(fault.name)
                        continue
                    }
                    helpers.run {
                        try stage.loseBroker()
                    } failed: { error in
                        trouble.withLock { $0 = error }
                    }
                }
                if isWorking && now >= seconds {
                    isWorking = false
                    scenario.endLoad()
                    settle = max(settle, scenario.settleSeconds)
                }
                if let error = trouble.withLock({ $0 }) { throw error }
                if !isWorking && scenario.isSettled { break }
                sleep(untilMonotonic: min(next, monotonicSeconds() + 0.05))
            }
            try onMoment(scenario.moment())
            if !isWorking && (scenario.isSettled || next - start >= seconds + settle) { break }
        }
        // A broker that is being started again is waited for: what is there is counted, and a failed start is told.
        helpers.finish()
        if let error = trouble.withLock({ $0 }) { throw error }
        let report = try scenario.report()
        guard let stage, stage.brokerKills > 0 else { return report }
        return report.skipping(type(of: scenario).about.outageSkips, "the broker was killed meanwhile")
    }
}
