import SluiceSimulator
import Testing

@Suite("Simulated worlds")
struct WorldTests {
    /// Seeds and steps of every run of the tests, and one more seed for each commit.
    private static let seeds = CommitSeed.with(1...20)
    private static let steps = 5_000

    @Test("nothing that has to hold is violated, and everything had its turn")
    func everythingHolds() {
        var report = SimulationReport()
        for seed in Self.seeds { report.add(Simulation.run(seed: seed, steps: Self.steps)) }
        for found in report.found {
            Issue.record("seed \(found.seed), step \(found.step): \(found.invariant.rawValue): \(found.text)")
        }
        #expect(report.missing == [])
        #expect(report.tally.steps == Self.seeds.count * Self.steps)
        let crashes = [FaultKind.kill, .powerCut, .killInJobs, .powerCutInJobs].reduce(0) {
            $0 + (report.tally.faults[$1] ?? 0)
        }
        #expect(crashes * 2_000 >= report.tally.steps)
        #expect(report.isGood)
    }

    @Test("a seed does the same each time, and another seed something else")
    func seedsRepeat() {
        let first = Simulation.run(seed: 77, steps: 1_500)
        #expect(Simulation.run(seed: 77, steps: 1_500) == first)
        #expect(Simulation.run(seed: 78, steps: 1_500).trace != first.trace)
    }

    @Test("what is wrong is told with its seed and its step")
    func noticed() throws {
        let outcome = Simulation.run(seed: 5, steps: 3_000, wrongModelAt: 300)
        let found = try #require(outcome.violation)
        #expect(found.seed == 5 && found.step >= 300 && found.step <= 3_000)
        #expect(found.invariant == .durability && found.text.contains("offset"))
        var report = SimulationReport()
        report.add(outcome)
        #expect(!report.isGood && report.found == [found])
    }

    @Test("a long run in which something never had its turn is not good")
    func missing() {
        var report = SimulationReport()
        var outcome = Simulation.run(seed: 9, steps: 200)
        report.add(outcome)
        #expect(report.missing.isEmpty)
        outcome.tally = Tally()
        #expect(SimulationReport().missing.isEmpty)
    }

    #if Plants
        @Test("each planted bug is found", arguments: PlantHunt.names)
        func planted(name: String) throws {
            let found = try #require(PlantHunt.hunt(name), "\(name) was not found")
            #expect(found.step <= PlantHunt.steps)
        }
    #endif
}
