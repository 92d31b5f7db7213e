import ArgumentParser
import Glibc
import SluiceAPI
import SluiceClient

/// `sluice replay [start]`
struct ReplayStart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Store a time range of a topic once more, at its own pace or faster.",
        discussion: """
            The broker does it; --wait stays until it is done. Where no other process owns the data folder this one \
            does for its time, and waits in any case; a signal ends the replay with it.

            Ends with 1 when it failed or was cancelled, with 2 when records could not be read and were left out.

            JSON, one object: \(ActOptions.fields), and of the replay \(ReplayStatus.fields).
            """)
    @OptionGroup var options: ActOptions
    @Argument(help: "Topic name.") var topic: String
    @Option(parsing: .unconditional, help: ArgumentHelp("Stored from: \(TimeInput.forms).", valueName: "time"))
    var from: String
    @Option(parsing: .unconditional, help: ArgumentHelp("Stored before.", valueName: "time")) var to: String
    @Option(help: ArgumentHelp("Where they go; their own topic without it.", valueName: "topic")) var target: String?
    @Option(help: "1 keeps the pace, 10 is ten times as fast, 0 as fast as the disk takes it.") var speed = 1.0
    @Flag(help: "Stay until it is done, with its progress on a terminal's standard error.") var wait = false

    func validate() throws {
        let plan = try plan()
        guard plan.from < plan.to else { throw ValidationError("The range is empty: --from lies before --to.") }
        guard speed.isFinite, speed >= 0 else { throw ValidationError("Speed \(speed): it is 0 or more.") }
    }

    func run() throws {
        let plan = try plan()
        let watch = SignalWatch.start()
        let outcome = try options.common.withBroker(create: false) { broker in
            let admin = broker.admin
            var outcome = try options.act(.replay(plan), admin)
            if !options.dryRun, let begun = outcome.replay, wait || !(broker is AttachedBroker) {
                outcome.replay = try follow(begun, admin, watch)
            }
            return outcome
        }
        try options.show(outcome) { line, outcome in outcome.replay?.add(to: &line) }
        if let replay = outcome.replay { try end(replay) }
    }

    private func plan() throws -> ReplayPlan {
        ReplayPlan(
            topic: topic, from: try typedMoment(from, .back), to: try typedMoment(to, .back), target: target,
            speed: speed)
    }

    /// Looks at it until it is over.
    private func follow(_ begun: ReplayStatus, _ admin: any Admin, _ watch: SignalWatch) throws -> ReplayStatus {
        var replay = begun
        var progress = Progress()
        defer { progress.finish() }
        while replay.state == .running || replay.state == .paused {
            try watch.throwIfReceived()
            progress.update("\(grouped(replay.done)) of \(grouped(replay.total)) messages, \(replay.state.rawValue)")
            usleep(100_000)
            guard case .replays(let all) = try blocking({ try await admin.ask(.replays) }) else {
                throw unexpectedAnswer
            }
            guard let now = all.first(where: { $0.id == begun.id }) else {
                throw CommandFailure(.notFound, "Replay \(begun.id) is gone.")
            }
            replay = now
        }
        return replay
    }

    private func end(_ replay: ReplayStatus) throws(CommandFailure) {
        let so = "\(grouped(replay.done)) of \(grouped(replay.total)) messages were stored"
        switch replay.state {
        case .failed:
            throw CommandFailure(.failed, "The replay failed: \(replay.problem ?? "it does not say why"); \(so).")
        case .cancelled: throw CommandFailure(.failed, "The replay was cancelled; \(so).")
        case .done where replay.damaged > 0:
            throw CommandFailure(
                .partlyDone, "\(grouped(replay.damaged)) records of the range could not be read and were left out.")
        case .done, .running, .paused: return
        }
    }
}
