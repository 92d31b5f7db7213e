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
    /// Folder of a broker that other processes can attach to; nil where they cannot.
    public let dataFolder: String?
    /// This program's file, to run parts with; nil where there is none (in tests of a library).
    public let executable: String?
    /// Goes behind the names of topics and groups; empty on a broker that is there for this run only.
    public let suffix: String
    private let access: Mutex<any BrokerAccess>
    private let made = Mutex<[String]>([])
    private let process: BrokerProcess?

    /// - Parameter broker: stays the caller's, who closes it after the scenario.
    public init(
        broker: any BrokerAccess, folder: String, dataFolder: String? = nil, executable: String? = nil,
        suffix: String = "", options: ScenarioOptions = ScenarioOptions()
    ) {
        self.suffix = suffix
        self.options = options
        self.folder = folder
        self.dataFolder = dataFolder
        self.executable = executable
        access = Mutex(broker)
        process = nil
    }

    /// A stage whose broker is a process of its own, which may be killed.
    public init(
        process: BrokerProcess, folder: String, suffix: String = "", options: ScenarioOptions = ScenarioOptions()
    ) throws {
        self.options = options
        self.folder = folder
        self.process = process
        self.suffix = suffix
        dataFolder = process.dataFolder
        executable = process.executable
        access = Mutex(try process.attach())
    }

    /// The broker; after ``restartBroker()`` another access, and clients of the old one are dead.
    public var broker: any BrokerAccess { access.withLock { $0 } }
    public var connection: any Connection { broker.connection }
    public var admin: any Admin { broker.admin }

    /// True when the broker is a process that may be killed.
    public var canKillBroker: Bool { process != nil }

    /// Kills the broker's process with SIGKILL.
    public func killBroker() throws {
        guard let process else {
            throw APIError(
                .unavailable, "The broker runs in this process and cannot be killed: start with --broker-process.")
        }
        process.kill()
    }

    /// Starts the broker's process on its folder again and attaches to it.
    public func restartBroker() throws {
        guard let process else { return }
        try process.start()
        let new = try process.attach()
        let old = access.withLock { access in
            defer { access = new }
            return access
        }
        old.close()
    }

    /// Runs a part of a scenario in a process of its own: `Scenario.run(part:_:)` there.
    ///
    /// - Parameters:
    ///   - arguments: for the part.
    ///   - onLine: called on a thread of its own with each line the part says.
    /// - Throws: where processes cannot attach to the broker.
    public func part(
        _ scenario: any Scenario.Type, _ role: String, _ arguments: [String] = [],
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> PartProcess {
        guard let executable, let dataFolder else {
            throw APIError(
                .unavailable,
                "A part of \(scenario.about.name) needs a process of its own, and this broker has no way in for one.")
        }
        return try PartProcess(
            executable: executable,
            arguments: ["demo-part", scenario.about.name, role, dataFolder, folder, "--"] + arguments,
            log: folder + "/parts.log", onLine: onLine)
    }

    /// Makes a topic of this run.
    ///
    /// - Returns: its name: on a broker that outlives the run with a suffix, so that runs do not see each other's.
    public func makeTopic(_ name: String, queues: Int) throws -> String {
        let name = self.name(name)
        let admin = admin
        _ = try blocking {
            try await admin.updateTopic(TopicConfig(name: name, readQueues: queues, writeQueues: queues))
        }
        made.withLock { if !$0.contains(name) { $0.append(name) } }
        return name
    }

    /// The name of a topic or group in this run.
    public func name(_ name: String) -> String { suffix.isEmpty ? name : "\(name)-\(suffix)" }

    /// Deletes this run's topics from a broker that outlives it.
    public func removeTopics() {
        guard !suffix.isEmpty else { return }
        let admin = admin
        for name in made.withLock({ $0 }) { try? blocking { try await admin.deleteTopic(name) } }
    }
}
