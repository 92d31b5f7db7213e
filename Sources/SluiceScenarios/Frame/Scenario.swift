/// One use of a message queue, running: services written as a user of the client would write them, with the faults that
/// life has and the figures that show what the queue is for.
///
/// No method is called on Swift's cooperative pool, so all of them may block (for a database, a socket, an answer).
public protocol Scenario: AnyObject, Sendable {
    static var about: ScenarioAbout { get }

    /// Prepares its parts: opens databases, binds ports. Nothing runs yet.
    init(_ stage: ScenarioStage) throws

    /// Makes its topics and begins.
    func start() throws
    /// What the last second looked like; called once a second, by one thread.
    func moment() -> ScenarioMoment
    /// A key that the last moment declared was pressed.
    func press(_ key: Character)
    /// Causes a fault that ``about`` names.
    func cause(_ fault: String) throws
    /// Ends what makes work and repairs what was broken on purpose; what is under way goes on.
    func endLoad()
    /// True when nothing is under way any more.
    var isSettled: Bool { get }
    /// Seconds that settling may take on this broker; 0 leaves it to the caller. Asked when the load has ended.
    var settleSeconds: Double { get }
    /// Judges the run, by the scenario's own books and by what its databases and files really hold.
    func report() throws -> ScenarioReport
    /// Ends all parts. The broker and the folder belong to the stage. A second call does nothing.
    func close()

    /// Runs a part in a process of its own (see ``ScenarioStage/part(_:_:_:onLine:)``); returns when it is to end.
    static func run(part role: String, _ context: PartContext) throws
}

extension Scenario {
    public var settleSeconds: Double { 0 }

    public static func run(part role: String, _ context: PartContext) throws {
        throw unknownPart(role)
    }
}

/// What can be said of a scenario before it runs.
public struct ScenarioAbout: Sendable, Equatable {
    /// As the command line has it: `async`, `peak-shaving`.
    public var name: String
    /// As `Orders, levelled for a database`.
    public var title: String
    /// What it shows, in one sentence.
    public var claim: String
    public var faults: [ScenarioFault]
    /// Checks that mean nothing once the broker was killed: what was measured in time, and what nobody could hand over.
    public var outageSkips: Set<String>
    /// Delay levels (and so pauses between retries) of a broker that is there for a run without a console only; nil
    /// leaves RocketMQ's.
    public var briefLevels: String?

    public init(
        name: String, title: String, claim: String, faults: [ScenarioFault] = [], outageSkips: Set<String> = [],
        briefLevels: String? = nil
    ) {
        self.name = name
        self.title = title
        self.claim = claim
        // A scenario that kills its broker in a way of its own needs no other.
        self.faults = faults + (faults.contains { $0.killsBroker } ? [] : [.killBroker])
        self.outageSkips = outageSkips
        self.briefLevels = briefLevels
    }
}

/// Something that can be broken on purpose, by key or by `--fault NAME@5s`.
public struct ScenarioFault: Sendable, Equatable {
    public var name: String
    /// What it does, as `kills the ticketing gateway with SIGKILL`.
    public var effect: String
    /// It ends the broker, or one of the scenario's own.
    public var killsBroker: Bool
    public init(_ name: String, _ effect: String, killsBroker: Bool = false) {
        self.name = name
        self.effect = effect
        self.killsBroker = killsBroker
    }

    /// What every scenario lives through whose broker is a process of its own; its stage causes it.
    public static let killBroker = ScenarioFault(
        "kill-broker", "kills the broker with SIGKILL for two seconds (with --broker-process)", killsBroker: true)
    /// Its key in the console.
    public static let killBrokerKey: Character = "K"
}
