import ArgumentParser
import SluiceSimulator

/// `sluice simulate`
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the broker in simulated worlds with faults, and check what has to hold.",
        discussion: """
            Time, disk, clients and faults come from the seed: the same seed does the same. Each world has producers, \
            consumers and operators around a broker whose disk tears, fills up and rots and whose process and machine end \
            at any moment. Ends with 1 when an invariant did not hold: the seed and the step are named. A run of 20,000 \
            steps or more also fails when a fault or an invariant never had its turn.

            JSON, one object: ok, seeds, steps, trace, requests, faults and checks (counts by name), missing (what never \
            had its turn), violations (invariant, seed, step, text).
            """)
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Seeds to run, one after the other.") var seeds = 1
    @Option(help: "Steps of each seed.") var steps = 10_000
    @Option(
        help: ArgumentHelp("Tell on stderr what happens from this step of a single seed on.", valueName: "step"))
    var narrateFrom: Int?
    @Flag(help: "One JSON object.") var json = false
    #if Plants
        @Option(help: "A bug to put in; `list` names them, `each` looks for all of them.") var plant: String?
    #endif

    func validate() throws {
        guard (1...1_000_000).contains(seeds), (1...100_000_000).contains(steps) else {
            throw ValidationError("There are 1 to 1,000,000 seeds and 1 to 100,000,000 steps.")
        }
        guard narrateFrom == nil || seeds == 1 else { throw ValidationError("Only one seed can be narrated.") }
    }

    func run() throws {
        #if Plants
            if let plant, try hunt(plant) { return }
        #endif
        var report = SimulationReport()
        for number in 0..<UInt64(seeds) {
            report.add(Simulation.run(seed: seed &+ number, steps: steps, narrate: narrator))
        }
        var output = Output()
        if json { output.write(report.json) } else { output.write(report.text) }
        try output.flush()
        guard report.isGood else { throw CommandFailure(.failed, "the simulation found something") }
    }

    /// Each line begins with the number of its step.
    private var narrator: ((String) -> Void)? {
        guard let narrateFrom else { return nil }
        return { line in
            if let step = Int(line.prefix { $0 != " " }), step >= narrateFrom { writeToStandardError(line + "\n") }
        }
    }

    #if Plants
        /// True when that was all there is to do.
        private func hunt(_ plant: String) throws -> Bool {
            var output = Output()
            guard plant == "list" || plant == "each" else {
                guard PlantHunt.plant(plant) else {
                    throw ValidationError("There is no plant '\(plant)'; `list` names them.")
                }
                return false
            }
            var missed = 0
            for name in PlantHunt.names {
                guard plant == "each" else {
                    output.write(name + "\n")
                    continue
                }
                let found = PlantHunt.hunt(name)
                missed += found == nil ? 1 : 0
                output.write(found.map { "\(name): found, \($0.sentence)\n" } ?? "\(name): not found\n")
                try output.flush()
            }
            try output.flush()
            guard missed == 0 else { throw CommandFailure(.failed, "\(missed) planted bugs were not found") }
            return true
        }
    #endif
}

extension Simulation.Found {
    var sentence: String { "\(invariant.rawValue), seed \(seed), step \(step): \(text)" }
}

extension SimulationReport {
    private func counts<Kind: RawRepresentable & Hashable>(_ all: [Kind], _ counted: [Kind: Int]) -> JSONObject
    where Kind.RawValue == String {
        var object = JSONObject()
        for kind in all { object.add(kind.rawValue, counted[kind] ?? 0) }
        return object
    }

    var json: JSONObject {
        var object = JSONObject()
        object.add("ok", isGood)
        object.add("seeds", seeds)
        object.add("steps", tally.steps)
        object.add("trace", String(trace, radix: 16))
        object.add("requests", counts(RequestKind.allCases, tally.requests))
        object.add("faults", counts(FaultKind.allCases, tally.faults))
        object.add("checks", counts(Invariant.allCases, tally.checks))
        object.add("missing", missing)
        object.add(
            "violations",
            found.map { found in
                var violation = JSONObject()
                violation.add("invariant", found.invariant.rawValue)
                violation.add("seed", found.seed)
                violation.add("step", found.step)
                violation.add("text", found.text)
                return violation
            })
        return object
    }

    var text: String {
        func line<Kind: RawRepresentable & Hashable>(_ title: String, _ all: [Kind], _ counted: [Kind: Int]) -> String
        where Kind.RawValue == String {
            title + all.map { "\($0.rawValue) \(counted[$0] ?? 0)" }.joined(separator: ", ") + "\n"
        }
        var text = "\(grouped(seeds)) seeds, \(grouped(tally.steps)) steps, trace \(String(trace, radix: 16))\n"
        text += line("requests: ", RequestKind.allCases, tally.requests)
        text += line("faults: ", FaultKind.allCases, tally.faults)
        text += line("checks: ", Invariant.allCases, tally.checks)
        for name in missing { text += "never had its turn: \(name)\n" }
        for found in found { text += "violated: \(found.sentence)\n" }
        return text + (isGood ? "everything held\n" : "")
    }
}
