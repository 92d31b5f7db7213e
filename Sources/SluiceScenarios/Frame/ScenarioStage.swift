import SluiceAPI
import SluiceClient
import Synchronization

/// How a scenario is run.
public struct ScenarioOptions: Sendable, Equatable {
    /// Seconds that a run without a console makes work for; nil beside a console.
    public var seconds: Double?
    /// What slow parts take, by what they take in life: 0.1 makes a gateway of up to 5 s one of up to half a second.
    public var slowness: Double
    /// Options of one scenario (`--set halves=3`), by name.
    public var settings: [String: String]

    public init(seconds: Double? = nil, slowness: Double = 1, settings: [String: String] = [:]) {
        self.seconds = seconds
        self.slowness = slowness
        self.settings = settings
    }
}

/// What a scenario plays on: a broker, a folder for its databases and files, and the means to run parts in processes of
/// their own.
public final class ScenarioStage: Sendable {
    public let options: ScenarioOptions
    /// An empty folder of the scenario's own; it goes with the stage.
    public let folder: String
    /// Words of this program's command line that lead a process of its own to the broker; nil where there is no way.
    public let way: [String]?
    /// This program's file, to run parts with; nil where there is none (in tests of a library).
    public let executable: String?
    /// Goes behind the names of topics and groups; empty on a broker that is there for this run only.
    public let suffix: String
    public let broker: any BrokerAccess
    let made = Mutex(Made())
    private let process: BrokerProcess?
    private let kills = Mutex(0)

    /// What this run made on a broker that outlives it.
    struct Made {
        var topics: [String] = []
        var groups: [String] = []
        var features: [Feature: Availability]?
    }

    /// - Parameters:
    ///   - broker: stays the caller's, who closes it after the scenario. Where there is a `process`, it finds that again
    ///     by itself after a restart.
    ///   - process: the broker's, which may be killed.
    public init(
        broker: any BrokerAccess, folder: String, way: [String]? = nil, executable: String? = nil, suffix: String = "",
        process: BrokerProcess? = nil, options: ScenarioOptions = ScenarioOptions()
    ) {
        self.broker = broker
        self.folder = folder
        self.way = way
        self.executable = executable
        self.suffix = suffix
        self.process = process
        self.options = options
    }

    public var connection: any Connection { broker.connection }
    public var admin: any Admin { broker.admin }
    /// True where parts can run in processes of their own.
    public var hasProcesses: Bool { way != nil && executable != nil }

    // MARK: The broker's process

    /// True when the broker is a process that may be killed.
    public var canKillBroker: Bool { process != nil }
    /// How often it was killed: what is measured in time means nothing then, and some requests are refused.
    public var brokerKills: Int { kills.withLock { $0 } }

    /// Kills the broker's process with SIGKILL.
    public func killBroker() throws {
        guard let process else {
            throw APIError(
                .unavailable, "The broker is not a process of ours to kill: start with --broker-process.")
        }
        kills.withLock { $0 += 1 }
        process.kill()
    }

    /// Starts the broker's process on its folder again. Clients find it by themselves. Blocks.
    public func restartBroker() throws { try process?.start() }

    /// Kills the broker and starts it again after a time. Blocks.
    public func loseBroker(seconds: Double = 2) throws {
        try killBroker()
        sleep(untilMonotonic: monotonicSeconds() + seconds)
        try restartBroker()
    }

    // MARK: Parts

    /// Runs a part of a scenario in a process of its own: `Scenario.run(part:_:)` there.
    ///
    /// - Parameters:
    ///   - arguments: for the part.
    ///   - onLine: called on a thread of its own with each line the part says.
    /// - Throws: where processes cannot reach the broker.
    public func part(
        _ scenario: any Scenario.Type, _ role: String, _ arguments: [String] = [],
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> PartProcess {
        guard let executable, let way else {
            throw APIError(
                .unavailable,
                "A part of \(scenario.about.name) needs a process of its own, and this broker has no way in for one.")
        }
        return try PartProcess(
            executable: executable,
            arguments: ["demo-part"] + way + [scenario.about.name, role, folder, "--"] + arguments,
            log: folder + "/parts.log", onLine: onLine)
    }

    // MARK: What the broker can

    /// Why a feature is not there, in a sentence; nil where it works, or something else stands for it.
    public func whyNot(_ feature: Feature) -> String? {
        guard case .unavailable(let why)? = availability(of: feature) else { return nil }
        return why
    }

    /// True where a feature works as on a broker of ours.
    func works(_ feature: Feature) -> Bool { availability(of: feature) == .works }

    /// True on a RocketMQ broker, or on one of ours that behaves like it. RocketMQ keeps the queue locks of an ordered
    /// consumer that was killed for up to a minute.
    var isStock: Bool { whyNot(.gateLimit) != nil }
    static let lockSeconds = 90.0

    /// Nil while the broker does not say. It is asked once.
    private func availability(of feature: Feature) -> Availability? {
        if let known = made.withLock({ $0.features }) { return known[feature] }
        let admin = admin
        guard case .features(let features)? = try? blocking({ try await admin.ask(.features) }) else { return nil }
        made.withLock { $0.features = features }
        return features[feature]
    }

    /// Milliseconds of the broker's delay levels, level 1 first.
    func delayLevels() throws -> [Int64] {
        let admin = admin
        return try blocking { try await admin.delays(DelayQuery(limit: 1)).levels }
    }
}
