import SluiceAPI
import SluiceClient
import Synchronization

extension HubScenario {
    /// A sink as it stands.
    private struct View {
        var name: String
        /// Lines in it; nil where it could not be read.
        var stored: Int?
        var perSecond: Int?
        /// Messages behind; nil where the broker does not say.
        var lag: Int64?
        var isRunning: Bool
        var problem: String?

        var text: String {
            let pace = isRunning ? "\(Words.count(perSecond))/s" : "killed"
            return "\(Words.count(stored)) \(pace) lag \(Words.count(lag.map { Int($0) }))"
        }
    }

    public func moment() -> ScenarioMoment {
        rehearse()
        let written = written.lines
        let views = sinks.map(view)
        let (rate, isSlow) = state.withLock { state in
            defer {
                state.lastWritten = written
                for view in views { state.lastStored.updateValue(view.stored, forKey: view.name) }
            }
            return (written - state.lastWritten, state.isSlow)
        }
        let lags = views.compactMap(\.lag)
        var text = "written \(written) (\(rate)/s)"
        for view in views {
            text += ", \(view.name) \(Words.count(view.stored)) lag \(view.lag.map(String.init) ?? "?")"
        }
        return ScenarioMoment(
            seconds: elapsed, figures: figures(views, written, rate), lines: lines(views, written, rate, isSlow),
            series: [
                .init("written", unit: "/s", Double(rate)),
                .init("largest lag", unit: "", lags.max().map(Double.init)),
                .init("smallest lag", unit: "", lags.min().map(Double.init)),
            ], lookAt: lookAt(views, isSlow), keys: keys(views, isSlow), text: text)
    }

    private var messages: Int { collectors.reduce(0) { $0 + $1.messages } }
    private var rotations: Int { writers.reduce(0) { $0 + $1.rotations } }

    private func figures(_ views: [View], _ written: Int, _ rate: Int) -> [Figure] {
        var figures = [
            Figure("written", written), Figure("written_per_s", rate), Figure("messages", messages),
            Figure("rotations", rotations),
        ]
        for view in views {
            let name = view.name.replacing("-", with: "_")
            figures.append(Figure("\(name)_lines", view.stored))
            figures.append(Figure("\(name)_lag", view.lag.map(Double.init), places: 0))
        }
        return figures
    }

    private func lines(_ views: [View], _ written: Int, _ rate: Int, _ isSlow: Bool) -> [ScenarioMoment.Line] {
        let messages = messages
        var lines: [ScenarioMoment.Line] = [
            .init("written", "\(Words.grouped(written)) \(Words.grouped(rate))/s"),
            .init("rotations", Words.grouped(rotations)),
            .init("a message", messages > 0 ? "\(written / messages) lines" : "–"),
        ]
        for view in views {
            let isHurt = !view.isRunning || isSlow && view.name == "search"
            lines.append(.init(view.name, view.text, needsAttention: isHurt))
        }
        if let sizes = try? archive.sizes() {
            lines.append(
                .init("archived", "\(Words.grouped(sizes.plain >> 10)) in \(Words.grouped(sizes.packed >> 10)) KiB"))
        }
        lines += queryLines()
        if let why = stage.whyNot(.gateLimit) { lines.append(.init("slow search", why)) }
        var problems = [state.withLock { $0.problem }]
        problems += views.map(\.problem)
        problems += collectors.map(\.problem)
        problems += writers.map(\.problem)
        if let problem = problems.compactMap({ $0 }).first {
            lines.append(.init("problem", problem, needsAttention: true))
        }
        return lines
    }

    private func queryLines() -> [ScenarioMoment.Line] {
        let query = queries[state.withLock { $0.query }]
        do {
            let found = try search.search(query)
            // Behind time, stream, level and number.
            let newest = found.newest?.split(separator: " ", maxSplits: 4).last.map(String.init)
            return [
                .init("query", query), .init("hits", "\(found.hits)\(found.hits == 1_000 ? " or more" : "")"),
                .init("newest hit", newest ?? "–"),
            ]
        } catch {
            return [.init("query", query + ": no query of FTS5", needsAttention: true)]
        }
    }

    private func view(_ runner: SinkRunner) -> View {
        let admin = stage.admin
        let group = runner.group
        let stored = try? runner.sink.count()
        let lag = (try? blocking { try await admin.group(group).summary.lag }) ?? nil
        // A sink that is new begins at nothing; one that could not be read a second ago has no pace.
        let last: Int? = state.withLock { $0.lastStored[runner.name] ?? .some(0) }
        return View(
            name: runner.name, stored: stored, perSecond: stored.flatMap { stored in last.map { stored - $0 } },
            lag: lag, isRunning: isRunning(runner),
            problem: runner.problem)
    }

    private func lookAt(_ views: [View], _ isSlow: Bool) -> String {
        if views.contains(where: { !$0.isRunning }) {
            return "One sink is dead and its lag grows; the others go on. Start it again: it misses nothing."
                + (stage.isStock ? " RocketMQ keeps the locks of its queues for up to a minute." : "")
        }
        if isSlow { return "The search sink is held back and falls behind; nobody else waits for it." }
        return "Every sink stores the same lines, each at its own pace; add one and it begins at the start."
    }

    private func keys(_ views: [View], _ isSlow: Bool) -> [ScenarioMoment.Key] {
        let isAlive = views.first { $0.name == Self.counting }?.isRunning ?? false
        var keys: [ScenarioMoment.Key] = [
            .init("f", "next query"), .init("a", "add a sink"),
            .init("x", isAlive ? "kill the counts" : "start the counts"),
        ]
        if stage.whyNot(.gateLimit) == nil { keys.append(.init("s", isSlow ? "let search go" : "slow search")) }
        return keys + [.init("b", "write more")]
    }

    // MARK: Judging

    public func report() throws -> ScenarioReport {
        halt()
        var facts = HubFacts()
        facts.written = written
        facts.collected = collectors.reduce(LineSum()) { $0 + $1.sent }
        facts.sinks = try sinks.map { ($0.name, try $0.sink.sum()) }
        facts.lies = sinks.reduce(0) { max($0, $1.lies) }
        facts.repeats = sinks.reduce(0) { $0 + $1.repeats }
        facts.gaps = collectors.reduce(0) { $0 + $1.gaps }
        facts.rotations = writers.map(\.rotations)
        facts.messages = collectors.reduce(0) { $0 + $1.messages }
        facts.largest = collectors.map(\.largest).max() ?? 0
        for collector in collectors { facts.waits.add(collector.waits) }
        facts.sizes = try archive.sizes()
        facts.othersMeanwhile = state.withLock { $0.othersMeanwhile }
        return facts.report()
    }
}

/// What a run is judged by.
struct HubFacts: Sendable {
    var written = LineSum()
    var collected = LineSum()
    /// By name, what each sink holds.
    var sinks: [(String, LineSum)] = []
    /// Messages that do not hold as many lines as they say.
    var lies = 0
    var repeats = 0
    var gaps = 0
    /// Of each writer.
    var rotations: [Int] = []
    var messages = 0
    var largest = 0
    var waits = LatencyHistogram()
    var sizes = (packed: 0, plain: 0)
    /// Lines that the others stored while one sink was dead; nil when none was.
    var othersMeanwhile: Int?

    func report() -> ScenarioReport {
        var checks: [ScenarioCheck] = [
            .atLeast("written", Double(written.lines), 1), .equal("collected", collected.lines, written.lines),
            .equal("files_lost", gaps, 0), .equal("untrue_line_counts", lies, 0),
            .atLeast("rotations_of_each", Double(rotations.min() ?? 0), 1),
            .atMost("largest_message_bytes", Double(largest), Double(LogCollector.largestBody)),
            .atMost("packing_p99_ms", waits.quantile(0.99) ?? .nan, 250),
        ]
        for (name, sum) in sinks {
            let name = name.replacing("-", with: "_")
            checks.append(.equal("\(name)_lines", sum.lines, written.lines))
            checks.append(.equal("\(name)_hash_differs", sum.hash == written.hash ? 0 : 1, 0))
        }
        if let othersMeanwhile {
            checks.append(.atLeast("stored_by_others_meanwhile", Double(othersMeanwhile), 1))
        }
        let ratio = sizes.packed > 0 ? Double(sizes.plain) / Double(sizes.packed) : .nan
        return ScenarioReport(
            figures: [
                Figure("written", written.lines), Figure("messages", messages), Figure("repeats_ignored", repeats),
                Figure("rotations", rotations.reduce(0, +)), Figure("largest_message_bytes", largest),
                Figure("packing_p50_ms", waits.quantile(0.5)), Figure("archive_bytes", sizes.packed),
                Figure("archive_ratio", ratio),
            ], checks: checks,
            sentences: [
                "\(written.lines) lines in \(messages) messages, over \(rotations.reduce(0, +)) rotations.",
                sinks.map { "\($0.0) \($0.1.lines)" }.joined(separator: ", ") + " lines came out.",
            ])
    }
}
