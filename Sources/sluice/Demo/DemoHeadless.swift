import SluiceAPI
import SluiceClient
import SluiceScenarios

/// A demonstration without a console: a line a second, a summary, and an exit status.
struct DemoHeadless {
    let command: DemoCommand
    /// Of each scenario when all are run: with seven of them and their time to settle this stays below four minutes.
    private static let settleSeconds = 22.0

    init(_ command: DemoCommand) { self.command = command }

    func run() throws {
        let watch = SignalWatch.start()
        let isAll = command.name == "all"
        let scenarios = isAll ? ScenarioRegistry.all : [try command.chosen(command.name ?? "")]
        var failures: [String] = []
        for scenario in scenarios {
            let failed = try play(scenario, isAll: isAll, watch)
            if isAll {
                failures += failed.map { "\(scenario.about.name) \($0)" }
            } else {
                failures += failed
            }
        }
        guard !failures.isEmpty else { return }
        throw CommandFailure(.failed, "These checks do not hold: \(failures.joined(separator: ", ")).")
    }

    /// Names of the checks that do not hold.
    private func play(_ type: any Scenario.Type, isAll: Bool, _ watch: SignalWatch) throws -> [String] {
        let seconds = try command.seconds()
        let ground = try started { try DemoGround(command.place, levels: type.about.briefLevels) }
        defer { ground.close() }
        let stage = try ground.stage(
            1,
            ScenarioOptions(
                seconds: seconds, slowness: command.slowness ?? 0.1, settings: try command.settings()))
        defer { clear(stage) }
        let admin = stage.admin
        let status = try blocking { try await admin.broker() }
        if let names = stage.names {
            writeToStandardError(
                "sluice: playing on \(ground.name ?? "the broker"); topics and groups are named \(names) and go at the end.\n"
            )
        }
        let scenario = try started { try type.init(stage) }
        defer { scenario.close() }
        var output = Output()
        if isAll && !command.json { output.write("\n\(type.about.name): \(type.about.claim)\n") }
        let name = isAll ? type.about.name : nil
        let run = ScenarioRun(
            seconds: seconds, faults: try command.faults(), settleSeconds: isAll ? Self.settleSeconds : nil)
        let report = try run.run(
            scenario, on: stage, shouldStop: { watch.received != nil || Output.readerIsGone },
            onMoment: { moment in
                if command.json { output.write(moment.json(name)) } else { output.write(moment.text + "\n") }
                try output.flush()
            })
        try watch.throwIfReceived()
        guard let report else { throw CommandFailure(.closedPipe, "") }
        if command.json { output.write(report.json(name, status)) } else { output.write(report.text(status)) }
        try output.flush()
        return report.failed
    }

    /// Deletes what the run made on a broker that stays, and says what it could not.
    private func clear(_ stage: ScenarioStage) {
        for sentence in stage.removeNames() { writeToStandardError("sluice: \(sentence)\n") }
    }
}

extension JSONObject {
    fileprivate mutating func add(_ figure: Figure) {
        switch figure.value {
        case .count(let count): add(figure.name, count)
        case .number(let number, let places): add(figure.name, number, places: places)
        case .text(let text): add(figure.name, text)
        case .flag(let flag): add(figure.name, flag)
        }
    }
}

extension ScenarioMoment {
    /// - Parameter scenario: named where several run one after the other.
    fileprivate func json(_ scenario: String?) -> JSONObject {
        var line = JSONObject()
        if let scenario { line.add("scenario", scenario) }
        line.add("t", seconds, places: 3)
        line.addTime("time", time)
        for figure in figures { line.add(figure) }
        return line
    }
}

extension ScenarioReport {
    fileprivate func json(_ scenario: String?, _ broker: BrokerStatus) -> JSONObject {
        var line = JSONObject()
        if let scenario { line.add("scenario", scenario) }
        line.add("summary", true)
        for figure in figures { line.add(figure) }
        line.add("durability", broker.durability.rawValue)
        line.add("file_system", broker.fileSystem)
        line.add(
            "checks",
            checks.map { check in
                var item = JSONObject()
                item.add("name", check.name)
                item.add("value", check.value, places: 4)
                item.add("expected", check.expected)
                item.add("ok", check.isOK)
                if let skipped = check.skipped { item.add("skipped", skipped) }
                return item
            })
        return line
    }

    fileprivate func text(_ broker: BrokerStatus) -> String {
        var text = "\n" + sentences.map { $0 + "\n" }.joined()
        let place = [broker.durability.rawValue, broker.fileSystem].filter { !$0.isEmpty }
        text += "(\(place.joined(separator: ", ")))\n"
        for check in checks {
            let value = check.value.isFinite ? decimal(check.value, places: 3) : "not measured"
            let verdict = check.skipped != nil ? "skip  " : check.isOK ? "ok    " : "FAILED"
            text += "\(verdict) \(check.name) \(value), expected \(check.expected)"
            text += (check.skipped.map { " (not judged: \($0))" } ?? "") + "\n"
        }
        return text
    }
}
