import ArgumentParser
import SluiceAPI

/// `sluice gate …`
struct GateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate", abstract: "Hold back, slow down and release what groups get and topics take.",
        subcommands: [GateShow.self, GateLimit.self, GatePause.self, GateRelease.self, PublishLimit.self])
}

struct GateShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the gates that are not open, or a group's.",
        discussion: "JSON, an object a gate: \(GateStatus.fields).")
    @OptionGroup var common: CommonOptions
    @Argument(help: "Group name.") var group: String?

    func run() throws {
        let group = group
        let answer = try common.look { admin in try await admin.ask(.gates(group: group)) }
        guard case .gates(let gates) = answer else { throw unexpectedAnswer }
        var output = Output()
        var table = Table([
            Table.Column("group"), Table.Column("gate"), Table.Column("held", .right), Table.Column("a second", .right),
            Table.Column("waiting", .right), Table.Column("backward commits", .right),
        ])
        for gate in gates {
            if common.json {
                output.write(gate.json)
            } else {
                table.add([
                    gate.group, gate.setting.text, grouped(gate.held), decimal(gate.perSecond, places: 1),
                    grouped(gate.waiting), grouped(gate.backwardCommits),
                ])
            }
        }
        if !common.json { output.write(gates.isEmpty ? "All gates are open.\n" : table.text()) }
        try output.flush()
    }
}

/// What the verbs that set a gate share.
struct GateTarget: ParsableArguments {
    @OptionGroup var options: ActOptions
    @Argument(help: "Group name.") var group: String

    static let fields = "JSON, one object: \(ActOptions.fields), and of the gate \(GateStatus.fields)."

    func set(_ setting: GateSetting) throws {
        try options.run(.gate(group: group, setting)) { line, outcome in
            if let gate = outcome.gate { gate.add(to: &line) } else { line.add("group", group) }
        }
    }
}

struct GateLimit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Hand out at most so many messages a second to a group.",
        discussion: GateTarget.fields)
    @OptionGroup var target: GateTarget
    @Argument(help: "Messages a second, 0.1 to 1000000.") var rate: Double

    func validate() throws { try checkRate(rate) }
    func run() throws { try target.set(.limited(perSecond: rate)) }
}

struct GatePause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Hand out nothing to a group until its gate is released.",
        discussion: GateTarget.fields)
    @OptionGroup var target: GateTarget
    func run() throws { try target.set(.paused) }
}

struct GateRelease: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Hand out to a group as fast as it asks.", discussion: GateTarget.fields)
    @OptionGroup var target: GateTarget
    func run() throws { try target.set(.open) }
}

struct PublishLimit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish-limit", abstract: "Take at most so many messages a second for a topic, or lift that.",
        discussion: """
            Without a number it shows the limits there are.

            JSON, one object: \(ActOptions.fields), topic, per_second (null: off). Without a number an object a topic: \
            topic, per_second.
            """)
    @OptionGroup var options: ActOptions
    @Argument(help: "Topic name.") var topic: String?
    @Argument(help: "Messages a second, 0.1 to 1000000, or off.") var rate: String?

    func validate() throws { _ = try limit() }

    func run() throws {
        guard let topic, rate != nil else { return try list() }
        let limit = try limit()
        try options.run(.limitPublishing(topic: topic, perSecond: limit)) { line, _ in
            line.add("topic", topic)
            line.add("per_second", limit, places: 3)
        }
    }

    /// Nil lifts it, and where there is no number.
    private func limit() throws -> Double? {
        guard let rate, rate != "off" else { return nil }
        guard let limit = Double(rate) else { throw ValidationError("Rate '\(rate)': it is a number or off.") }
        try checkRate(limit)
        return limit
    }

    private func list() throws {
        let answer = try options.common.look { admin in try await admin.ask(.publishLimits) }
        guard case .publishLimits(let limits) = answer else { throw unexpectedAnswer }
        var output = Output()
        var table = Table([Table.Column("topic"), Table.Column("a second", .right)])
        for (name, limit) in limits.sorted(by: { $0.key < $1.key }) where topic == nil || topic == name {
            if options.common.json {
                var line = JSONObject()
                line.add("topic", name)
                line.add("per_second", limit, places: 3)
                output.write(line)
            } else {
                table.add([name, decimal(limit, places: 3)])
            }
        }
        if !options.common.json { output.write(table.text()) }
        try output.flush()
    }
}

private func checkRate(_ rate: Double) throws {
    guard (0.1...1_000_000).contains(rate) else {
        throw ValidationError("\(decimal(rate, places: 3)) a second: it is 0.1 to 1000000.")
    }
}

extension GateSetting {
    /// As `paused` or `100 a second`.
    var text: String {
        switch self {
        case .open: "open"
        case .limited(let rate): "\(decimal(rate, places: 3)) a second"
        case .paused: "paused"
        }
    }
}

extension GateStatus {
    static let fields = """
        group, gate (open, limited, paused), limit_per_second (null unless limited), held (handed out and not committed), \
        per_second (over ten seconds), waiting, backward_commits
        """

    var json: JSONObject {
        var line = JSONObject()
        add(to: &line)
        return line
    }

    func add(to line: inout JSONObject) {
        line.add("group", group)
        switch setting {
        case .open: line.add("gate", "open")
        case .limited: line.add("gate", "limited")
        case .paused: line.add("gate", "paused")
        }
        if case .limited(let rate) = setting {
            line.add("limit_per_second", rate, places: 3)
        } else {
            line.add("limit_per_second", nil, places: 3)
        }
        line.add("held", held)
        line.add("per_second", perSecond, places: 1)
        line.add("waiting", waiting)
        line.add("backward_commits", backwardCommits)
    }
}
