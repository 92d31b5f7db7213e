import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice group reset`
struct GroupReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Move a group's offsets: shows what would happen queue by queue, --yes does it.",
        discussion: """
            Without --yes and without a terminal it shows the preview and refuses (6).

            JSON, an object a queue: group, topic, queue, from (null without an offset), to, min_offset, max_offset, \
            again (messages delivered again; negative: skipped), done (false in a preview).
            """)
    @OptionGroup var options: ActOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: "Topic whose offsets move.") var topic: String
    @Option(help: "Only this queue.") var queue: Int?
    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp("first, last, or a time: \(TimeInput.forms).", valueName: "where"))
    var place: String?
    @Option(help: "This offset on every queue concerned, cut to what there is.") var toOffset: Int64?

    func validate() throws {
        guard (place == nil) != (toOffset == nil) else {
            throw ValidationError("Say where to: one of --to and --to-offset.")
        }
        if let place { _ = try offsetTarget(place, now: TimeText.now) }
        if let toOffset, toOffset < 0 { throw ValidationError("Offset \(toOffset): offsets begin at 0.") }
        if let queue, queue < 0 { throw ValidationError("Queue \(queue): queues count from 0.") }
    }

    func run() throws {
        let target = try place.map { try offsetTarget($0, now: TimeText.now) } ?? .offset(toOffset ?? 0)
        let request = ResetRequest(group: group, topic: topic, queue: queue, target: target, dryRun: false)
        try options.common.withBroker(create: false) { broker in
            if !options.confirmation.yes || options.dryRun {
                var trial = options.context
                trial.dryRun = true
                let preview = try blocking { [admin = broker.admin, trial] in
                    try await admin.act(.reset(request), trial)
                }
                try show(preview.steps, done: false)
                if options.dryRun { return }
                try options.confirmation.confirm(
                    "This moves group \(group) on \(preview.steps.count) queues of \(topic).")
            }
            try show(try options.act(.reset(request), broker.admin).steps, done: true)
        }
    }

    private func show(_ steps: [ResetStep], done: Bool) throws {
        var output = Output()
        var table = Table([
            Table.Column("topic"), Table.Column("queue", .right), Table.Column("from", .right),
            Table.Column("to", .right), Table.Column("again", .right), Table.Column("skipped", .right),
        ])
        for step in steps {
            if options.common.json {
                output.write(step.json(group: group, done: done))
            } else {
                table.add([
                    step.id.topic, queueText(step.id.queue), step.from.map(grouped) ?? "-", grouped(step.to),
                    grouped(max(0, step.again)), grouped(max(0, -step.again)),
                ])
            }
        }
        if !options.common.json { output.write(table.text() + (done ? "Moved.\n" : "")) }
        try output.flush()
    }
}

extension ResetStep {
    func json(group: String, done: Bool) -> JSONObject {
        var line = JSONObject()
        line.add("group", group)
        line.add("topic", id.topic)
        line.add("queue", id.queue)
        line.add("from", from)
        line.add("to", to)
        line.add("min_offset", minOffset)
        line.add("max_offset", maxOffset)
        line.add("again", again)
        line.add("done", done)
        return line
    }
}

/// Where `first`, `last` or a time points.
func offsetTarget(_ text: String, now: Int64) throws -> OffsetTarget {
    switch text {
    case "first": return .first
    case "last": return .last
    default:
        guard let moment = TimeInput.moment(text, now: now, .back) else {
            throw ValidationError("\(text): it is first, last, or a time as \(TimeInput.forms).")
        }
        return .time(moment)
    }
}
