import Foundation
import SluiceAPI
import SluiceClient
import Synchronization

/// One topic between those who write logs and those who want them: each sink reads at its own pace, and none knows of the
/// others.
public final class HubScenario: Scenario {
    public static let about = ScenarioAbout(
        name: "hub", title: "Logs, one stream for many sinks",
        claim:
            "Collectors follow rotating files into one topic; each sink has its own pace and lag, joins and dies alone, "
            + "and exactly the lines that went in come out of each.",
        faults: [
            ScenarioFault("kill-sink", "kills the counting sink (SIGKILL where it has a process), or starts it again"),
            ScenarioFault("add-sink", "adds a sink that reads from the start"),
            ScenarioFault("slow-sink", "lets the search sink have 5 messages a second, or as many as it wants again"),
            ScenarioFault("burst", "doubles what is written"),
        ], outageSkips: ["packing_p99_ms", "stored_by_others_meanwhile"])

    struct State {
        var lastWritten = 0
        /// Nil in it where a sink could not be read.
        var lastStored: [String: Int?] = [:]
        var added = 0
        var isSlow = false
        var query = 0
        var part: PartProcess?
        /// Steps of a run without a console that were taken by themselves.
        var rehearsed = 0
        /// Lines that the other sinks had when one was killed, and those they stored until it was back.
        var othersAtKill: Int?
        var othersMeanwhile: Int?
        var problem: String?
    }
    /// Queries to go through by key; one of the caller's own comes first.
    static let queries = ["timeout checkout", "\"payment gateway\"", "WARN", "user7 OR user8"]
    let queries: [String]
    static let counting = "counts"

    let stage: ScenarioStage
    let writers: [LogWriter]
    let collectors: [LogCollector]
    let search: SearchSink
    let archive: ArchiveSink
    private let counts: CountSink
    private let runners: Mutex<[SinkRunner]>
    let state = Mutex(State())
    private let started = Mutex(monotonicSeconds())
    private let isClosed = Mutex(false)
    private let topic: String

    public convenience init(_ stage: ScenarioStage) throws { try self.init(stage, dropping: nil) }

    /// - Parameters:
    ///   - dropping: in tests, the name of a sink that drops.
    ///   - isHonest: in tests, false for collectors that leave lines out.
    init(_ stage: ScenarioStage, dropping: String?, isHonest: Bool = true) throws {
        self.stage = stage
        let topic = stage.name("logs")
        self.topic = topic
        queries = (stage.options.settings["query"].map { [$0] } ?? []) + Self.queries
        let brief = stage.options.seconds != nil
        let logs = stage.folder + "/logs"
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
        let plans: [(String, LogWriter.Rotation)] = [("web", .rename), ("api", .truncate)]
        writers = try plans.map { name, rotation in
            try LogWriter(
                stream: name, folder: logs, rotation: rotation, perSecond: 500, linesPerFile: brief ? 400 : 5_000)
        }
        collectors = writers.map {
            LogCollector(stage.connection, stream: $0.stream, path: $0.path, topic: topic, isHonest: isHonest)
        }
        search = try SearchSink(path: stage.folder + "/search.sqlite")
        archive = try ArchiveSink(folder: stage.folder + "/archive")
        counts = try CountSink(path: stage.folder + "/counts.sqlite")
        let bulk = BulkSink(server: try BulkServer(path: stage.folder + "/documents.sqlite"))
        let sinks: [(String, any LogSink)] = [
            ("search", search), ("archive", archive), (Self.counting, counts), ("elastic", bulk),
        ]
        runners = Mutex(
            try sinks.map { name, sink in
                SinkRunner(name, group: try stage.makeGroup("logs-\(name)"), sink: sink, drops: name == dropping)
            })
    }

    public func start() throws {
        _ = try stage.makeTopic("logs", queues: 4)
        for runner in sinks where runner.name != Self.counting || !hasProcesses {
            try runner.start(stage.connection, topic: topic)
        }
        if hasProcesses { try startPart() }
        started.withLock { $0 = monotonicSeconds() }
        for collector in collectors { collector.start() }
        for writer in writers { writer.start() }
    }

    /// True when the counting sink runs in a process of its own.
    private var hasProcesses: Bool { stage.hasProcesses }
    var sinks: [SinkRunner] { runners.withLock { $0 } }
    var elapsed: Double { monotonicSeconds() - started.withLock { $0 } }

    func isRunning(_ runner: SinkRunner) -> Bool {
        runner.name == Self.counting && hasProcesses
            ? state.withLock { $0.part?.isRunning ?? false } : runner.isRunning
    }

    // MARK: The counting sink's process

    private func startPart() throws {
        let group = stage.name("logs-\(Self.counting)")
        let part = try stage.part(Self.self, "sink", [topic, group])
        state.withLock { $0.part = part }
    }

    public static func run(part role: String, _ context: PartContext) throws {
        guard role == "sink", context.arguments.count == 2 else { throw unknownPart(role) }
        let runner = SinkRunner(
            counting, group: context.arguments[1], sink: try CountSink(path: context.folder + "/counts.sqlite"))
        try runner.start(context.broker.connection, topic: context.arguments[0])
        context.hear()
        runner.close()
    }

    // MARK: Faults

    public func press(_ key: Character) {
        let faults: [Character: String] = ["x": "kill-sink", "a": "add-sink", "s": "slow-sink", "b": "burst"]
        if key == "f" { state.withLock { $0.query = ($0.query + 1) % queries.count } }
        guard let fault = faults[key] else { return }
        do {
            try cause(fault)
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    public func cause(_ fault: String) throws {
        switch fault {
        case "kill-sink": try killOrRevive()
        case "add-sink": try addSink()
        case "slow-sink": try slow(!state.withLock { $0.isSlow })
        case "burst": for writer in writers { writer.speed(times: 2) }
        default: throw unknownFault(fault, of: Self.self)
        }
    }

    /// A run without a console shows by itself that sinks come and go.
    func rehearse() {
        guard let seconds = stage.options.seconds, hasProcesses else { return }
        let steps = [(0.15, "add-sink"), (0.3, "kill-sink"), (0.6, "kill-sink")]
        let next = state.withLock { $0.rehearsed }
        guard next < steps.count, elapsed >= steps[next].0 * seconds, elapsed < seconds else { return }
        state.withLock { $0.rehearsed += 1 }
        do {
            try cause(steps[next].1)
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    private func killOrRevive() throws {
        guard let runner = sinks.first(where: { $0.name == Self.counting }) else { return }
        let others = try sinks.filter { $0 !== runner }.reduce(0) { try $0 + $1.sink.count() }
        let isAlive = isRunning(runner)
        state.withLock { state in
            if let before = state.othersAtKill {
                state.othersMeanwhile = (state.othersMeanwhile ?? 0) + others - before
            }
            state.othersAtKill = isAlive ? others : nil
        }
        switch (isAlive, hasProcesses) {
        case (true, true): state.withLock { $0.part }?.kill()
        case (true, false): runner.stop()
        case (false, true): try startPart()
        case (false, false): try runner.start(stage.connection, topic: topic)
        }
    }

    private func addSink() throws {
        let number = state.withLock { state in
            state.added += 1
            return state.added
        }
        guard number <= 5 else { throw APIError(.refused, "five sinks were added already") }
        let sink = try CountSink(path: "\(stage.folder)/late-\(number).sqlite")
        let runner = SinkRunner("late-\(number)", group: try stage.makeGroup("logs-late-\(number)"), sink: sink)
        runners.withLock { $0.append(runner) }
        try runner.start(stage.connection, topic: topic)
    }

    private func slow(_ isSlow: Bool) throws {
        if let why = stage.whyNot(.gateLimit) { throw APIError(.unavailable, why) }
        let admin = stage.admin
        let group = stage.name("logs-search")
        let setting: GateSetting = isSlow ? .limited(perSecond: 5) : .open
        _ = try blocking { try await admin.act(.gate(group: group, setting), reason: "hub demo", dryRun: false) }
        state.withLock { $0.isSlow = isSlow }
    }

    // MARK: The end

    public func endLoad() {
        for writer in writers { writer.stop() }
        do {
            if state.withLock({ $0.isSlow }) { try slow(false) }
            if let runner = sinks.first(where: { $0.name == Self.counting }), !isRunning(runner) { try killOrRevive() }
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    var written: LineSum { writers.reduce(LineSum()) { $0 + $1.sum } }

    public var settleSeconds: Double { stage.isStock ? ScenarioStage.lockSeconds : 0 }

    public var isSettled: Bool {
        let written = written.lines
        guard collectors.reduce(0, { $0 + $1.sent.lines }) == written else { return false }
        return (try? sinks.allSatisfy { try $0.sink.count() == written }) ?? false
    }

    public func close() {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        guard !wasClosed else { return }
        halt()
        for runner in sinks { runner.close() }
        for writer in writers { writer.close() }
    }

    /// Ends all that reads and writes, so that what is stored stands still.
    func halt() {
        for writer in writers { writer.stop() }
        for collector in collectors { collector.stop() }
        state.withLock { $0.part }?.stop()
        for runner in sinks { runner.stop() }
    }
}
