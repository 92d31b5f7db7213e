import Foundation
import SluiceAPI
import SluiceClient
import Testing

/// A publisher under load is killed by SIGKILL over and over; what it had acknowledged must be there, and nothing twice.
///
/// `SLUICE_KILL_ROUNDS` sets the rounds of each durability mode (10), `SLUICE_KILL_SEED` repeats the choices of a run.
@Suite(.serialized) struct SurvivalTests {
    private static let rounds = environment("SLUICE_KILL_ROUNDS").flatMap { Int($0) } ?? 10
    /// Lives on one folder before a fresh one, so that recoveries of recovered folders are tested too.
    private static let roundsOnAFolder = 5
    /// Round by round. A roll is the shortest moment of all, and missed more often than hit.
    private static let aims: [Killee.Aim] = [.segmentRoll, .checkpoint, .segmentRoll, .transaction, .anyMoment]

    @Test(.timeLimit(.minutes(30)), arguments: Durability.allCases)
    func acknowledgedIsThereOnceAfterAKill(_ durability: Durability) async throws {
        let seed = Self.environment("SLUICE_KILL_SEED").flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        var tally = Tally(seed: seed, durability: durability)
        defer { print(tally) }
        var folder = try KillFolder(durability)
        var ledger = Ledger()
        for round in 0..<Self.rounds {
            if round > 0, round % Self.roundsOnAFolder == 0 {
                folder = try KillFolder(durability)
                ledger = Ledger()
            }
            var random = SeededGenerator(seed &+ UInt64(round))
            var killee = try Killee(
                folder: folder.path, durability: durability, round: round, seed: random.next() >> 1, ledger: ledger)
            let aim = Self.aims[round % Self.aims.count]
            try killee.live(
                milliseconds: .random(in: 30...700, using: &random), then: aim,
                delay: aim == .transaction ? .random(in: 0...800, using: &random) : 0)
            ledger = killee.ledger
            tally.add(killee.landing, acknowledged: ledger.count)
            let checker = Checker(ledger)
            try await checker.check(folder: folder.path, durability: durability)
            guard !checker.problems.isEmpty else { continue }
            Issue.record(
                """
                round \(round) of seed \(seed), aimed at \(aim), \(killee.landing); the folder stays at \(folder.keep()):
                \(checker.problems.joined(separator: "\n"))
                """)
            folder = try KillFolder(durability)
            ledger = Ledger()
        }
        guard Self.rounds >= 50 else { return }
        #expect(tally.rolls >= 10 && tally.checkpoints >= 10 && tally.transactions >= 10, "too few hits: \(tally)")
    }

    private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}

/// Where the kills of a run landed.
private struct Tally: CustomStringConvertible {
    let seed: UInt64
    let durability: Durability
    private(set) var kills = 0
    private(set) var rolls = 0
    private(set) var checkpoints = 0
    private(set) var transactions = 0
    private var acknowledged = 0

    init(seed: UInt64, durability: Durability) {
        self.seed = seed
        self.durability = durability
    }

    mutating func add(_ landing: Killee.Landing, acknowledged: Int) {
        kills += 1
        if landing.inSegmentRoll { rolls += 1 }
        if landing.inCheckpoint { checkpoints += 1 }
        if landing.inTransaction { transactions += 1 }
        self.acknowledged = max(self.acknowledged, acknowledged)
    }

    var description: String {
        """
        kill test, \(durability): \(kills) kills, \(rolls) in a segment roll, \(checkpoints) in a checkpoint, \
        \(transactions) in a transaction; up to \(acknowledged) acknowledgements on a folder; seed \(seed)
        """
    }
}

/// A data folder for some rounds, made by a broker that was closed in order; removed in the end.
private final class KillFolder {
    let path: String
    private var isKept = false

    init(_ durability: Durability) throws {
        path = NSTemporaryDirectory() + "sluice-kill-" + UUID().uuidString
        try EmbeddedBroker.open(
            EmbeddedOptions(dataFolder: path, durability: durability, segmentBytes: Int(Killee.segmentBytes))
        ).close()
    }
    deinit { if !isKept { try? FileManager.default.removeItem(atPath: path) } }

    /// Leaves it to whoever looks into what went wrong; its path.
    func keep() -> String {
        isKept = true
        return path
    }
}

/// The choices of a run, repeated by its seed (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
