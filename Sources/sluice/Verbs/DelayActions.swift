import ArgumentParser
import SluiceAPI

/// Which delayed message an action is about.
struct DelayTarget: ParsableArguments {
    @OptionGroup var options: ActOptions
    @Option(help: "Topic it waits for; without it all are looked at.") var topic: String?
    @Argument(help: "Id as `delay list` prints it.") var id: String

    static let fields = "\(ActOptions.statuses)\n\nJSON, one object: \(ActOptions.fields), id, due_ms, due."

    func run(_ action: OperatorAction, isFinal: Bool = false) throws {
        try options.run(action, isFinal: isFinal) { line, outcome in
            line.add("id", id)
            line.addTime("due", outcome.due)
        }
    }
}

struct DelayCancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Withdraw a delayed message: it is never delivered.",
        discussion: "Not reversible. \(DelayTarget.fields)")
    @OptionGroup var target: DelayTarget
    func run() throws { try target.run(.cancelDelay(id: target.id, topic: target.topic), isFinal: true) }
}

struct DelayNow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "now", abstract: "Deliver a delayed message now.", discussion: DelayTarget.fields)
    @OptionGroup var target: DelayTarget
    func run() throws { try target.run(.deliverNow(id: target.id, topic: target.topic)) }
}

struct DelayReschedule: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reschedule", abstract: "Give a delayed message another moment.", discussion: DelayTarget.fields)
    @OptionGroup var target: DelayTarget
    @Option(parsing: .unconditional, help: ArgumentHelp("Due at a time: \(TimeInput.forms).", valueName: "time"))
    var at: String?
    @Option(
        name: .customLong("in"), help: ArgumentHelp("Due so much from now, as 90s or 1h30m.", valueName: "duration"))
    var span: String?

    func validate() throws {
        guard (at == nil) != (span == nil) else { throw ValidationError("Say when: one of --at and --in.") }
        _ = try due()
    }

    func run() throws { try target.run(.reschedule(id: target.id, topic: target.topic, due: try due())) }

    private func due() throws -> Int64 {
        if let at { return try typedMoment(at, .ahead) }
        guard let milliseconds = TimeInput.duration(span ?? "") else {
            throw ValidationError("Duration '\(span ?? "")': it is one as 90s, 1h30m or 500ms.")
        }
        let (due, overflow) = TimeText.now.addingReportingOverflow(milliseconds)
        guard !overflow else { throw ValidationError("Duration '\(span ?? "")' is too long.") }
        return due
    }
}
