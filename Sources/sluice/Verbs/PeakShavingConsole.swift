import Dispatch
import SluiceConsole
import SluiceScenarios
import Synchronization

/// Tells the console, once a second, how the scenario beside it is doing.
final class PeakShavingReporter: Sendable {
    private let demo: PeakShaving
    private let post: @Sendable (Event) -> Void
    private let points = Mutex<[ScenarioStatus.Point]>([])
    private let stopping = DispatchSemaphore(value: 0)
    private let stopped = DispatchSemaphore(value: 0)
    /// Seconds of database latency kept for the chart.
    private static let history = 600
    static let surgeKey: Character = "s"

    init(_ demo: PeakShaving, post: @escaping @Sendable (Event) -> Void) {
        self.demo = demo
        self.post = post
    }

    /// Begins to report, on a thread of its own.
    func start() {
        DispatchQueue(label: "scenario").async { [self] in
            while stopping.wait(timeout: .now() + 1) == .timedOut { post(.scenario(status(demo.sample()))) }
            stopped.signal()
        }
    }

    func stop() {
        stopping.signal()
        stopped.wait()
    }

    private func status(_ sample: PeakShavingSample) -> ScenarioStatus {
        let points = points.withLock { points in
            points.append(ScenarioStatus.Point(time: sample.time, value: sample.databaseP99))
            if points.count > Self.history { points.removeFirst() }
            return points
        }
        var lines = [
            ScenarioStatus.Line("orders", sample.rhythmText),
            ScenarioStatus.Line("publish p99", milliseconds(sample.publishP99)),
            ScenarioStatus.Line("database p99", milliseconds(sample.databaseP99)),
            ScenarioStatus.Line("commits", sample.commitText),
            ScenarioStatus.Line("landed", grouped(sample.landed)),
            ScenarioStatus.Line(
                "dropped", "\(grouped(sample.dropped.duplicates)) twice \(grouped(sample.dropped.late)) late"),
        ]
        if let seconds = sample.drainSecondsWithoutProducers, sample.backlog > 0 {
            lines.append(ScenarioStatus.Line("if orders stop", "drains in \(Int(seconds.rounded(.up))) s"))
        }
        if let problem = demo.problem {
            lines.append(ScenarioStatus.Line("problem", problem, needsAttention: true))
        }
        return ScenarioStatus(
            title: "Orders, levelled for a database", lines: lines,
            series: ScenarioStatus.Series(label: "database p99", unit: "ms", points: points),
            keys: [ScenarioStatus.KeyHint(Self.surgeKey, sample.isSurging ? "surge again" : "surge")])
    }

    private func milliseconds(_ value: Double?) -> String { value.map { decimal($0, places: 1) + " ms" } ?? "–" }
}

extension PeakShavingSample {
    /// What the order service does now, and next.
    var rhythmText: String {
        if let surgeSecondsLeft { return "surge, \(Int(surgeSecondsLeft.rounded(.up))) s left" }
        return "calm, surge in \(Int(secondsToSurge.rounded(.up))) s"
    }

    /// How many messages share a commit, or how many commits a message takes.
    var commitText: String {
        messagesPerCommit >= 1
            ? "one for \(decimal(messagesPerCommit, places: 1)) orders"
            : "\(decimal(1 / messagesPerCommit, places: 1)) an order"
    }
}
