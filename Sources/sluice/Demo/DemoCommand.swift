import ArgumentParser
import SluiceConsole
import SluiceScenarios

/// `sluice demo …`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Watch what a message queue is for: its uses, live.",
        discussion: """
            `sluice demo` opens a menu, `sluice demo NAME` a scenario in the console. Its keys break things on purpose; \
            what to look at stands on the screen.

            \(scenarioList)

            Broker, databases and files live in a temporary folder ($TMPDIR, else /var/tmp) that is removed at the end. \
            --data plays on the broker of a data folder, or of the process that has it open; --connect and --cluster \
            play on a `sluice serve` or a RocketMQ cluster; there topics and groups are named demo-…, and deleted at \
            the end. --broker-process serves the broker from a process of its own, which can be killed: K, or \
            --fault kill-broker@5s.

            --headless runs for --duration without a console, lets what is under way settle, and ends with 0 only if \
            all checks hold, else with 1. `sluice demo all --headless` runs each for a few seconds. --fault NAME@5s \
            causes a fault so long after the start.

            JSON, an object a second: t (seconds), time_ms, time, and the scenario's figures; last, an object with \
            summary (true), figures, durability, file_system and checks (name, value, expected, ok, and skipped with the \
            reason where it was not judged). With all, each object names its scenario first. `sluice demo all --headless` is brief: at most four minutes.
            """)

    @Argument(
        help: ArgumentHelp("Scenario, or 'all'. Without one: a menu.", valueName: "name"),
        completion: .list(ScenarioRegistry.all.map { $0.about.name } + ["all"]))
    var name: String?
    @Flag(help: "No console: a line a second and a summary.") var headless = false
    @Option(help: "How long work is made without a console, as 30s (all: 8s).") var duration: String?
    @Option(help: ArgumentHelp("Cause a fault: NAME@5s. May be repeated.", valueName: "fault"))
    var fault: [String] = []
    @Option(help: "What slow parts take, by what they take in life. Default: 1, without a console 0.1.")
    var slowness: Double?
    @Option(help: ArgumentHelp("A scenario's own option: name=value. May be repeated.", valueName: "option"))
    var set: [String] = []
    @OptionGroup var console: ConsoleOptions
    @OptionGroup var place: DemoPlace
    @Flag(help: "Print JSON Lines.") var json = false

    private static var scenarioList: String {
        ScenarioRegistry.all.map { scenario in
            let about = scenario.about
            let faults = about.faults.map { "  --fault \($0.name): \($0.effect)" }
            return (["\(about.name): \(about.claim)"] + faults).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    func validate() throws {
        if json && !headless { throw ValidationError("--json needs --headless.") }
        if headless && name == nil { throw ValidationError("--headless needs a scenario, or 'all'.") }
        if name == "all" && !headless { throw ValidationError("'all' runs without a console: add --headless.") }
        if name == "all" && !fault.isEmpty { throw ValidationError("--fault needs one scenario.") }
        if !headless && duration != nil { throw ValidationError("--duration needs --headless.") }
        if let slowness, !(0.001...10).contains(slowness) {
            throw ValidationError("Slowness '\(slowness)': it is 0.001 to 10.")
        }
        if let name, name != "all" { _ = try chosen(name) }
        _ = try seconds()
        _ = try faults()
        _ = try settings()
        try place.check()
    }

    func run() throws {
        if headless { return try DemoHeadless(self).run() }
        try DemoConsole(self).run()
    }

    func chosen(_ name: String) throws -> any Scenario.Type {
        if let scenario = ScenarioRegistry.find(name) { return scenario }
        let known = ScenarioRegistry.all.map { $0.about.name }.joined(separator: ", ")
        throw ValidationError("There is no scenario '\(name)'; there are \(known), and all.")
    }

    func seconds() throws -> Double {
        let text = duration ?? (name == "all" ? "8s" : "30s")
        guard let span = TimeInput.duration(text), span >= 2_000, span <= 86_400_000 else {
            throw ValidationError("Duration '\(text)': it is 2s to 24h.")
        }
        return Double(span) / 1000
    }

    func faults() throws -> [TimedFault] {
        try fault.map { text in
            let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
            let about = try name.flatMap { try chosen($0) }?.about
            guard parts.count == 2, let span = TimeInput.duration(parts[1]), let about else {
                throw ValidationError("Fault '\(text)': it is written as NAME@5s, for one scenario.")
            }
            guard about.faults.contains(where: { $0.name == parts[0] }) else {
                let known = about.faults.map(\.name).joined(separator: ", ")
                throw ValidationError(
                    "\(about.name) has no fault '\(parts[0])'; it has \(known.isEmpty ? "none" : known).")
            }
            if parts[0] == ScenarioFault.killBroker.name, !place.brokerProcess {
                throw ValidationError("\(parts[0]) needs a broker of its own to kill: add --broker-process.")
            }
            return TimedFault(parts[0], seconds: Double(span) / 1000)
        }
    }

    func settings() throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in set {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("Option '\(text)': it is written as name=value.") }
            settings[parts[0]] = parts[1]
        }
        return settings
    }
}
