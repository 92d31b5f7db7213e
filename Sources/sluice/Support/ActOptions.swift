import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceConsole
import SluiceMessage

/// What every verb that acts takes.
struct ActOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @OptionGroup var confirmation: ConfirmOptions
    @Flag(help: "Say what would happen, and do nothing.") var dryRun = false
    @Option(parsing: .unconditional, help: "Why; it goes into the audit.") var reason = ""

    /// For the help of these verbs.
    static let fields = """
        done (false with --dry-run), text, count (messages or queues concerned), before and after (the state in words, as \
        the audit has it; null where there is none)
        """
    static let statuses = """
        Ends with 3 when there is no such thing, with 4 when somebody was faster, with 6 when it is refused.
        """

    var context: ActionContext { ActionContext(actor: .current, reason: reason, dryRun: dryRun) }

    /// Acts, or says what it would do.
    /// - Parameter isFinal: it cannot be taken back: without --yes it is tried first, shown, and confirmed.
    func act(_ action: OperatorAction, _ admin: any Admin, isFinal: Bool = false) throws -> ActionOutcome {
        if isFinal, !dryRun, !confirmation.yes {
            var trial = context
            trial.dryRun = true
            let preview = try blocking { [trial] in try await admin.act(action, trial) }
            try confirmation.confirm("\(sentence(preview.text)) This cannot be taken back.")
        }
        let context = context
        return try blocking { try await admin.act(action, context) }
    }

    /// Opens the data folder's broker, acts, and prints what came of it.
    /// - Parameter more: adds fields to the JSON object.
    func run(
        _ action: OperatorAction, isFinal: Bool = false, create: Bool = false,
        _ more: (inout JSONObject, ActionOutcome) -> Void = { _, _ in }
    ) throws {
        let outcome = try common.withBroker(create: create) { broker in
            try act(action, broker.admin, isFinal: isFinal)
        }
        try show(outcome, more)
    }

    func show(_ outcome: ActionOutcome, _ more: (inout JSONObject, ActionOutcome) -> Void = { _, _ in }) throws {
        var output = Output()
        if common.json {
            var line = outcome.json(done: !dryRun)
            more(&line, outcome)
            output.write(line)
        } else {
            output.write(sentence(outcome.text) + "\n")
        }
        try output.flush()
    }
}

extension ActionOutcome {
    func json(done: Bool) -> JSONObject {
        var line = JSONObject()
        line.add("done", done)
        line.add("text", text)
        line.add("count", count)
        line.add("before", before.isEmpty ? nil : before)
        line.add("after", after.isEmpty ? nil : after)
        return line
    }
}

extension JSONObject {
    /// Where messages were stored anew.
    mutating func add(_ name: String, _ places: [StoredPlace]) {
        add(
            name,
            places.map { place in
                var item = JSONObject()
                item.add("id", place.id)
                item.add("topic", place.queue.topic)
                item.add("queue", place.queue.queue)
                item.add("offset", place.queueOffset)
                return item
            })
    }
}

/// A broker's words as a sentence, safe for a terminal.
func sentence(_ text: String) -> String {
    let text = TextSanitiser.sanitise(text)
    guard let first = text.first else { return text }
    return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
}

/// A time that was typed.
func typedMoment(_ text: String, _ direction: TimeInput.Direction) throws -> Int64 {
    guard let moment = TimeInput.moment(text, now: TimeText.now, direction) else {
        throw ValidationError("Time '\(text)': it is \(TimeInput.forms).")
    }
    return moment
}
