import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice replay …`
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Store a time range of a topic, or single messages, once more.",
        subcommands: [
            ReplayStart.self, ReplayList.self, ReplayPause.self, ReplayResume.self, ReplayCancel.self,
            ReplayMessage.self,
        ], defaultSubcommand: ReplayStart.self)
}

struct ReplayList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the replays since the broker started.",
        discussion: "JSON, an object a replay: \(ReplayStatus.fields).")
    @OptionGroup var common: CommonOptions

    func run() throws {
        let answer = try common.look { admin in try await admin.ask(.replays) }
        guard case .replays(let replays) = answer else { throw unexpectedAnswer }
        var output = Output()
        var table = Table([
            Table.Column("id", .right), Table.Column("topic"), Table.Column("target"), Table.Column("from"),
            Table.Column("to"), Table.Column("speed", .right), Table.Column("state"), Table.Column("stored", .right),
            Table.Column("of", .right), Table.Column("damaged", .right),
        ])
        for replay in replays {
            if common.json {
                output.write(replay.json)
            } else {
                table.add([
                    String(replay.id), replay.plan.topic, replay.plan.target ?? replay.plan.topic,
                    TimeText.local(replay.plan.from), TimeText.local(replay.plan.to),
                    replay.plan.speed > 0 ? decimal(replay.plan.speed, places: 2) : "full",
                    replay.problem.map { "\(replay.state.rawValue): \($0)" } ?? replay.state.rawValue,
                    grouped(replay.done), grouped(replay.total), grouped(replay.damaged),
                ])
            }
        }
        if !common.json { output.write(table.text()) }
        try output.flush()
    }
}

/// What the verbs that steer a replay share.
struct ReplayTarget: ParsableArguments {
    @OptionGroup var options: ActOptions
    @Argument(help: "Number as `replay list` prints it.") var id: Int

    static let fields = "JSON, one object: \(ActOptions.fields), and of the replay \(ReplayStatus.fields)."

    func control(_ control: ReplayControl) throws {
        try options.run(.controlReplay(id: id, control)) { line, outcome in
            if let replay = outcome.replay { replay.add(to: &line) } else { line.add("id", id) }
        }
    }
}

struct ReplayPause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop a replay where it is.", discussion: ReplayTarget.fields)
    @OptionGroup var target: ReplayTarget
    func run() throws { try target.control(.pause) }
}

struct ReplayResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused replay go on.", discussion: ReplayTarget.fields)
    @OptionGroup var target: ReplayTarget
    func run() throws { try target.control(.resume) }
}

struct ReplayCancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a replay; what it stored stays.", discussion: ReplayTarget.fields)
    @OptionGroup var target: ReplayTarget
    func run() throws { try target.control(.cancel) }
}

struct ReplayMessage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Store single messages once more, in their own topic or another.",
        discussion: """
            Ends with 3 when one of them is not there; then none is stored.

            JSON, one object: \(ActOptions.fields), stored (id, topic, queue, offset).
            """)
    @OptionGroup var options: ActOptions
    @Option(help: "Topic they are in; without it all are looked at.") var topic: String?
    @Option(name: .customLong("to"), help: ArgumentHelp("Another topic.", valueName: "topic")) var target: String?
    @Argument(help: "Ids as listings print them.") var ids: [String]

    func run() throws {
        let (ids, topic) = (ids, topic)
        let outcome = try options.common.withBroker(create: false) { broker in
            let admin = broker.admin
            let places = try blocking {
                var places: [Int64] = []
                for id in ids { places.append(try await admin.message(id, in: topic).physicalOffset) }
                return places
            }
            return try options.act(.republish(places, to: target), admin)
        }
        try options.show(outcome) { line, outcome in line.add("stored", outcome.stored) }
    }
}

extension ReplayStatus {
    static let fields = """
        id, topic, target, from_ms, from, to_ms, to, speed (0: as fast as the disk takes it), state (running, paused, \
        done, cancelled, failed), replayed, total, damaged (left out since they cannot be read), started_ms, started, \
        problem (null unless it failed)
        """

    var json: JSONObject {
        var line = JSONObject()
        add(to: &line)
        return line
    }

    func add(to line: inout JSONObject) {
        line.add("id", id)
        line.add("topic", plan.topic)
        line.add("target", plan.target ?? plan.topic)
        line.addTime("from", plan.from)
        line.addTime("to", plan.to)
        line.add("speed", plan.speed, places: 3)
        line.add("state", state.rawValue)
        line.add("replayed", done)
        line.add("total", total)
        line.add("damaged", damaged)
        line.addTime("started", startedAt)
        line.add("problem", problem)
    }
}
