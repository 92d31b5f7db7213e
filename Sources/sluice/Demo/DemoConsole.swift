import Dispatch
import SluiceAPI
import SluiceClient
import SluiceConsole
import SluiceScenarios
import Synchronization

/// Demonstrations in the console: one from the start, or the menu; another takes the running one's place.
struct DemoConsole {
    let command: DemoCommand

    init(_ command: DemoCommand) { self.command = command }

    func run() throws {
        let first = try command.name.map { try command.chosen($0) }
        let stage = try ConsoleStage(command.console, ConsoleConfig(ConfigFile(asked: nil)))
        defer { stage.close() }
        let ground = try started { try DemoGround(command.place, levels: nil) }
        defer { ground.close() }
        var staying: [String] = []
        // When the screen is given back.
        defer {
            stage.close()
            for sentence in staying { writeToStandardError("sluice: \(sentence)\n") }
        }
        let player = DemoPlayer(
            ground,
            ScenarioOptions(slowness: command.slowness ?? 1, settings: try command.settings()))
        defer { staying = player.stop() }
        if let first { try player.play(first, faults: try command.faults()) }
        let screen: Screen = first?.about.name == PeakShaving.about.name ? .peakShaving : .scenarios
        try stage.run(
            admin: ground.broker.admin, name: ground.name.map { "demo · \($0)" } ?? "demo", place: screen.rawValue,
            canStartScenarios: true,
            prepare: { player.report(to: $0) }, onScenarioKey: { player.press($0) },
            onScenarioStart: { player.start($0) })
    }
}

/// Plays scenarios one at a time beside the console. All that may take a while is done on its own thread.
final class DemoPlayer: Sendable {
    private struct State {
        var scenario: (any Scenario)?
        var about: ScenarioAbout?
        var stage: ScenarioStage?
        /// Seconds of the history of each series, newest last.
        var history: [[ScenarioStatus.Point]] = []
        var plays = 0
        var faults: [TimedFault] = []
        var start = 0.0
        var isBrokerAway = false
        var isStopped = false
        /// What could not be deleted from a broker that is kept.
        var staying: [String] = []
        var problem: String?
        var post: (@Sendable (Event) -> Void)?
    }
    private let ground: DemoGround
    private let options: ScenarioOptions
    private let state = Mutex(State())
    /// Keys, starts and the second's report, one after the other.
    private let queue = DispatchQueue(label: "scenario")
    private let outages = DispatchQueue(label: "outages")
    /// Seconds of history that the charts can show.
    private static let kept = 600

    init(_ ground: DemoGround, _ options: ScenarioOptions) {
        self.ground = ground
        self.options = options
    }

    /// Begins to tell the console once a second.
    func report(to post: @escaping @Sendable (Event) -> Void) {
        state.withLock { $0.post = post }
        queue.async { [self] in tickEverySecond(from: monotonicSeconds()) }
    }

    private func tickEverySecond(from start: Double) {
        guard !state.withLock({ $0.isStopped }) else { return }
        tick()
        // By the clock, so that a slow tick does not push the later ones back.
        let next = start + (monotonicSeconds() - start).rounded(.down) + 1
        queue.asyncAfter(deadline: .now() + max(0.01, next - monotonicSeconds())) { [self] in
            tickEverySecond(from: start)
        }
    }

    /// Plays a scenario in place of the running one. Blocks while parts start and end.
    func play(_ type: any Scenario.Type, faults: [TimedFault] = []) throws {
        end()
        let number = state.withLock { state in
            state.plays += 1
            return state.plays
        }
        let stage = try ground.stage(number, options)
        let scenario: any Scenario
        do {
            scenario = try started { try type.init(stage) }
            do {
                try started { try scenario.start() }
            } catch {
                scenario.close()
                throw error
            }
        } catch {
            // What it made until then goes too.
            let left = stage.removeNames()
            state.withLock { $0.staying += left }
            throw error
        }
        state.withLock { state in
            state.scenario = scenario
            state.about = type.about
            state.stage = stage
            state.history = []
            state.faults = faults
            state.problem = nil
            state.start = monotonicSeconds()
        }
    }

    func start(_ name: String) {
        queue.async { [self] in
            guard let type = ScenarioRegistry.find(name) else { return }
            do {
                try play(type)
                tick()
            } catch {
                say(ScenarioStatus(name: name, title: type.about.title, claim: type.about.claim, lookAt: "\(error)"))
            }
        }
    }

    func press(_ key: Character) {
        queue.async { [self] in
            let (scenario, stage) = state.withLock { ($0.scenario, $0.stage) }
            guard let scenario, let stage else { return }
            if key == ScenarioFault.killBrokerKey, canKillBroker(scenario, stage) {
                loseBroker(stage)
            } else {
                scenario.press(key)
            }
        }
    }

    private func canKillBroker(_ scenario: any Scenario, _ stage: ScenarioStage) -> Bool {
        stage.canKillBroker && Swift.type(of: scenario).about.faults.contains(.killBroker)
    }

    /// On a thread of its own: the scenario goes on meanwhile. One outage at a time.
    private func loseBroker(_ stage: ScenarioStage) {
        let isFirst = state.withLock { state in
            defer { state.isBrokerAway = true }
            return !state.isBrokerAway
        }
        guard isFirst else { return }
        outages.async { [self] in
            var problem: String?
            do { try stage.loseBroker() } catch { problem = "\(error)" }
            state.withLock { state in
                state.isBrokerAway = false
                state.problem = problem
            }
        }
    }

    /// Ends the running scenario. Says what of it stays on a broker that is kept, a sentence each.
    func stop() -> [String] {
        state.withLock { $0.isStopped = true }
        return queue.sync {
            end()
            return state.withLock { $0.staying }
        }
    }

    private func end() {
        let (scenario, stage) = state.withLock { state in
            defer {
                state.scenario = nil
                state.stage = nil
            }
            return (state.scenario, state.stage)
        }
        scenario?.close()
        let staying = stage?.removeNames() ?? []
        state.withLock { $0.staying += staying }
    }

    private func say(_ status: ScenarioStatus) { state.withLock { $0.post }?(.scenario(status)) }

    private func tick() {
        let (scenario, about) = state.withLock { ($0.scenario, $0.about) }
        guard let scenario, let about else { return }
        guard let stage = state.withLock({ $0.stage }) else { return }
        for fault in dueFaults() {
            if fault.name == ScenarioFault.killBroker.name {
                loseBroker(stage)
                continue
            }
            do { try scenario.cause(fault.name) } catch { state.withLock { $0.problem = "\(error)" } }
        }
        let moment = scenario.moment()
        let history = state.withLock { state in
            while state.history.count < moment.series.count { state.history.append([]) }
            for (index, series) in moment.series.enumerated() {
                state.history[index].append(ScenarioStatus.Point(time: moment.time, value: series.value))
                if state.history[index].count > Self.kept { state.history[index].removeFirst() }
            }
            return state.history
        }
        var status = ScenarioStatus(moment, about, history)
        let (problem, isAway) = state.withLock { ($0.problem, $0.isBrokerAway) }
        if let names = stage.names { status.lines.append(.init("topics, groups", names)) }
        if canKillBroker(scenario, stage) {
            status.keys.append(.init(ScenarioFault.killBrokerKey, "kill the broker"))
            if isAway { status.lines.append(.init("broker", "killed, comes back", needsAttention: true)) }
        }
        if let problem { status.lines.append(.init("problem", problem, needsAttention: true)) }
        say(status)
    }

    private func dueFaults() -> [TimedFault] {
        state.withLock { state in
            let now = monotonicSeconds() - state.start
            let due = state.faults.filter { $0.seconds <= now }
            state.faults.removeAll { $0.seconds <= now }
            return due
        }
    }
}

extension ScenarioStatus {
    /// A scenario's moment as the console shows it.
    fileprivate init(_ moment: ScenarioMoment, _ about: ScenarioAbout, _ history: [[Point]]) {
        self.init(
            name: about.name, title: about.title, claim: about.claim, lookAt: moment.lookAt,
            lines: moment.lines.map { Line($0.label, $0.value, needsAttention: $0.needsAttention) },
            series: zip(moment.series, history).prefix(3).map {
                Series(label: $0.label, unit: $0.unit, points: $1)
            }, keys: moment.keys.map { KeyHint($0.key, $0.label) })
    }
}

extension ScenarioEntry {
    /// All scenarios there are, for the console's list.
    static let all: [ScenarioEntry] = ScenarioRegistry.all.map {
        ScenarioEntry(name: $0.about.name, title: $0.about.title, claim: $0.about.claim)
    }
}
