/// What a run of one or more seeds did and found.
public struct SimulationReport: Sendable {
    public private(set) var seeds = 0
    public private(set) var tally = Tally()
    /// The first violation of each seed that had one.
    public private(set) var found: [Simulation.Found] = []
    /// All traces as one: the same for each run of the same seeds.
    public private(set) var trace: UInt64 = 0

    public init() {}

    /// Steps from which on every fault and every invariant has to have had its turn.
    public static let stepsForAll = 20_000

    public mutating func add(_ outcome: Simulation.Outcome) {
        seeds += 1
        tally.add(outcome.tally)
        trace = (trace << 7 | trace >> 57) ^ outcome.trace
        if let violation = outcome.violation { found.append(violation) }
    }

    /// Faults that never came and invariants that were never tried, in a run that is long enough for all of them.
    public var missing: [String] {
        guard tally.steps >= Self.stepsForAll else { return [] }
        let faults = FaultKind.allCases.filter { tally.faults[$0] == nil }.map { "fault \($0.rawValue)" }
        let checks = Invariant.allCases.filter { tally.checks[$0] == nil }.map { "invariant \($0.rawValue)" }
        let requests = tally.requests.values.reduce(0, +)
        return faults + checks + (requests * 10 < tally.steps * 4 ? ["enough requests"] : [])
    }

    public var isGood: Bool { found.isEmpty && missing.isEmpty }
}
