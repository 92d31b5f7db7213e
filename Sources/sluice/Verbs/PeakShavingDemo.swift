import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceConsole
import SluiceScenarios
import Synchronization

/// `sluice demo peak-shaving`
struct PeakShavingDemo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peak-shaving", abstract: "A flood of orders, levelled for a database.",
        discussion: """
            An order service publishes about 500 events a second and surges to 12,000 a second for 10 s, by itself and \
            by key. A group of bounded concurrency checks the versions of each order and lands it in SQLite at about \
            2,000 a second, the pace of real commits. Broker and database live in a temporary folder ($TMPDIR, else \
            /var/tmp) that is removed at the end.

            --headless runs for --duration without a console, then lets the backlog drain for at most twice that, and \
            ends with 0 only if all checks hold, else with 1.

            JSON, an object a second: t (seconds), time_ms, time, in_per_s, out_per_s, backlog, state (growing, level, \
            draining, stalled), publish_p99_ms, db_p99_ms (null without publishes or commits), messages_per_commit, \
            surging, drain_s (null while it does not shrink).

            Last, an object: summary (true), published, consumed, written, lost, duplicates_dropped, \
            out_of_order_dropped, peak_in_per_s, peak_out_per_s, out_variation (coefficient of variation of the \
            outflow in seconds with a standing backlog; null with fewer than three), peak_backlog, drained, durability, \
            file_system, publish_p99_before_ms, publish_p99_surge_ms, and checks (name, value, expected, ok).
            """)
    @Flag(help: "No console: a line a second and a summary.") var headless = false
    @Option(help: "How long producers run without a console, as 30s.") var duration = "30s"
    @OptionGroup var console: ConsoleOptions
    @Option(help: "When an acknowledgement leaves.") var durability: Durability = .sync
    @Flag(help: "Print JSON Lines.") var json = false

    func validate() throws {
        _ = try seconds()
        if json && !headless { throw ValidationError("--json needs --headless.") }
    }

    private func seconds() throws -> Double {
        guard let span = TimeInput.duration(duration), span >= 5_000, span <= 86_400_000 else {
            throw ValidationError("Duration '\(duration)': it is 5s to 24h.")
        }
        return Double(span) / 1000
    }

    func run() throws { try headless ? runHeadless() : runConsole() }

    private func runConsole() throws {
        let refresh = try console.refreshMilliseconds()
        let stage = try ConsoleStage(console)
        defer { stage.close() }
        let demo = try started { try PeakShaving(PeakShavingOptions(durability: durability)) }
        defer { demo.close() }
        try blocking { try await demo.start() }
        let reporter = Mutex<PeakShavingReporter?>(nil)
        defer { reporter.withLock { $0 }?.stop() }
        try stage.run(
            admin: demo.broker.admin, name: "orders-demo", screen: .peakShaving, refresh: refresh,
            prepare: { post in
                let new = PeakShavingReporter(demo, post: post)
                reporter.withLock { $0 = new }
                new.start()
            },
            onScenarioKey: { if $0 == PeakShavingReporter.surgeKey { demo.surge() } })
    }

    private func runHeadless() throws {
        let seconds = try seconds()
        let watch = SignalWatch.start()
        let demo = try started { try PeakShaving(.timed(seconds: seconds, durability: durability)) }
        defer { demo.close() }
        let status = try blocking { try await demo.broker.admin.broker() }
        try blocking { try await demo.start() }
        var output = Output()
        let report = try demo.run(
            seconds: seconds, shouldStop: { watch.received != nil || Output.readerIsGone },
            onSample: {
                output.write($0, json: json)
                try output.flush()
            })
        try watch.throwIfReceived()
        guard let report else { throw CommandFailure(.closedPipe, "") }
        if json { output.write(report.json(status)) } else { output.write(report.text(status)) }
        try output.flush()
        guard !report.isOK else { return }
        let failed = report.checks.filter { !$0.isOK }.map(\.name).joined(separator: ", ")
        throw CommandFailure(.failed, "These checks do not hold: \(failed).")
    }
}

/// Runs what starts a demonstration; what goes wrong there is said in one sentence.
func started<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as APIError {
        throw error
    } catch {
        throw CommandFailure(.failed, "The demonstration could not start: \(error)")
    }
}
