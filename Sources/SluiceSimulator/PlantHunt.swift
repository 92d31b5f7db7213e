#if Plants
    import SluiceStorage

    /// Runs worlds with a bug put in on purpose, until it is found.
    public enum PlantHunt {
        public static var names: [String] { Plant.allCases.map(\.rawValue) }

        /// Seeds and steps within which each planted bug is to be found.
        public static let seeds: ClosedRange<UInt64> = 1...12
        public static let steps = 4_000

        /// Puts a bug in for everything that this process runs from now on. False where there is none by that name.
        public static func plant(_ name: String?) -> Bool {
            guard let name else {
                Plant.current = nil
                return true
            }
            guard let plant = Plant(rawValue: name) else { return false }
            Plant.current = plant
            return true
        }

        /// The first violation that a planted bug led to; nil where none did. One that the same world has without the bug
        /// says nothing of it.
        public static func hunt(_ name: String) -> Simulation.Found? {
            defer { Plant.current = nil }
            for seed in seeds {
                guard plant(name) else { return nil }
                guard let found = Simulation.run(seed: seed, steps: steps).violation else { continue }
                Plant.current = nil
                if Simulation.run(seed: seed, steps: steps).violation == nil { return found }
            }
            return nil
        }
    }
#endif
