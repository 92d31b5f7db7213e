/// Runs worlds: one for each seed, until their steps are done or an invariant does not hold.
public enum Simulation {
    /// What became of one seed.
    public struct Outcome: Sendable, Equatable {
        public var seed: UInt64
        public var tally: Tally
        /// The same for each run of a seed.
        public var trace: UInt64
        public var violation: Found?
    }

    /// An invariant that did not hold.
    public struct Found: Sendable, Equatable {
        public var invariant: Invariant
        public var seed: UInt64
        /// Counts from 1.
        public var step: Int
        public var text: String
    }

    /// - Parameters:
    ///   - wrongModelAt: a step at which the model is made wrong, to see that it is noticed.
    ///   - narrate: told what happens, step by step.
    public static func run(
        seed: UInt64, steps: Int, wrongModelAt: Int? = nil, narrate: ((String) -> Void)? = nil
    ) -> Outcome {
        let world: World
        do { world = try World(seed: seed) } catch {
            let found = Found(invariant: .durability, seed: seed, step: 0, text: "the world does not open: \(error)")
            return Outcome(seed: seed, tally: Tally(), trace: 0, violation: found)
        }
        world.wrongModelAt = wrongModelAt
        world.narrate = narrate
        var violation: Found?
        do throws(Violation) {
            for _ in 0..<steps { try world.step() }
            try world.finish()
        } catch {
            violation = Found(invariant: error.invariant, seed: seed, step: world.tally.steps, text: error.text)
        }
        return Outcome(seed: seed, tally: world.tally, trace: world.trace.hash, violation: violation)
    }
}
