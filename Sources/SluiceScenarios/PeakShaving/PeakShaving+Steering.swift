import Dispatch
import SluiceAPI
import SluiceClient
import Synchronization

// MARK: Keys and faults
extension PeakShaving {
    public func press(_ key: Character) {
        switch key {
        case "s": orders.surge()
        case ">": inBackground { try self.addConsumer() }
        case "<": if landing.consumerCount > 1 { inBackground { self.landing.removeConsumer() } }
        case "d": stall.isHeld ? stall.release() : inBackground { try self.stall.hold() }
        case "g": inBackground { self.set(self.nextGate) }
        case "w": inBackground { try self.runStraight() }
        default: break
        }
    }

    public func cause(_ fault: String) throws {
        switch fault {
        case "surge": orders.surge()
        case "stall": inBackground { try self.stall.hold(seconds: 2) }
        case "pause":
            inBackground {
                self.set(.paused)
                sleep(untilMonotonic: monotonicSeconds() + 2)
                self.set(.open)
            }
        case "straight": inBackground { try self.runStraight() }
        default: throw unknownFault(fault, of: Self.self)
        }
    }

    /// Lets go of everything, half the database's pace where the broker can do that, nothing, everything again.
    private var nextGate: GateSetting {
        switch controls.withLock({ $0.gate }) {
        case .open: stage.whyNot(.gateLimit) == nil ? .limited(perSecond: options.outPerSecond / 2) : .paused
        case .limited: .paused
        case .paused: .open
        }
    }

    func set(_ gate: GateSetting) {
        let (admin, group) = (stage.admin, group)
        do {
            _ = try blocking {
                try await admin.act(.gate(group: group, gate), reason: "peak shaving", dryRun: false)
            }
            controls.withLock { $0.gate = gate }
        } catch {
            controls.withLock { $0.problem = "\(error)" }
        }
    }

    /// The surge without a queue, on a database of its own, for at most three seconds; one at a time.
    func runStraight() throws {
        let isFirst = controls.withLock { controls in
            defer { controls.isStraightRunning = true }
            return !controls.isStraightRunning
        }
        guard isFirst else { return }
        defer { controls.withLock { $0.isStraightRunning = false } }
        let result = try StraightSurge.run(
            path: stage.folder + "/straight.sqlite", perSecond: options.rhythm.surge,
            seconds: min(3, options.rhythm.surgeSeconds), pace: options.outPerSecond)
        controls.withLock { $0.straight = result }
    }

    private func inBackground(_ work: @escaping @Sendable () throws -> Void) {
        helpers.async { [self] in
            do { try work() } catch { controls.withLock { $0.problem = "\(error)" } }
        }
    }
}

// MARK: The second in words
extension PeakShaving {
    public func moment() -> ScenarioMoment {
        let sample = sample()
        return ScenarioMoment(
            seconds: sample.seconds, time: sample.time, figures: sample.figures, lines: lines(sample),
            series: [
                .init("database p99", unit: "ms", sample.databaseP99),
                .init("publish p99", unit: "ms", sample.publishP99),
                .init("backlog", unit: "", Double(sample.backlog)),
            ], lookAt: lookAt(sample), keys: keys(sample), text: sample.text)
    }

    private func keys(_ sample: PeakShavingSample) -> [ScenarioMoment.Key] {
        let gate =
            switch nextGate {
            case .open: "open the gate"
            case .limited: "narrow the gate"
            case .paused: "shut the gate"
            }
        return [
            .init("s", sample.isSurging ? "surge again" : "surge"), .init(">", "consumer +"),
            .init("<", "consumer -"), .init("d", stall.isHeld ? "free the database" : "stall database"),
            .init("g", gate), .init("w", "without the queue"),
        ]
    }

    private func lines(_ sample: PeakShavingSample) -> [ScenarioMoment.Line] {
        typealias Line = ScenarioMoment.Line
        let (gate, straight, isRunning) = controls.withLock { ($0.gate, $0.straight, $0.isStraightRunning) }
        var lines = [
            Line("orders", sample.rhythmText), Line("publish p99", Words.milliseconds(sample.publishP99)),
            Line(
                "database p99", Words.milliseconds(sample.databaseP99) + (stall.isHeld ? ", stalled" : ""),
                needsAttention: stall.isHeld),
            Line("commits", sample.commitText), Line("landed", Words.grouped(sample.landed)),
            Line(
                "dropped",
                "\(Words.grouped(sample.dropped.duplicates)) twice \(Words.grouped(sample.dropped.late)) late"),
            Line("consumers", "\(landing.consumerCount)"), Line("gate", gate.words, needsAttention: gate != .open),
        ]
        if isRunning {
            lines.append(Line("without queue", "running"))
        } else if let straight {
            lines.append(
                Line(
                    "without queue",
                    "p99 \(Words.milliseconds(straight.latency.quantile(0.99))), \(straight.percentInTime) % in time"))
        }
        if let seconds = sample.drainSecondsWithoutProducers, sample.backlog > 0 {
            lines.append(Line("if orders stop", "drains in \(Int(seconds.rounded(.up))) s"))
        }
        if let problem { lines.append(Line("problem", problem, needsAttention: true)) }
        return lines
    }

    private func lookAt(_ sample: PeakShavingSample) -> String {
        if stall.isHeld { return "The database is locked: orders still go in as fast, and wait in the backlog." }
        if controls.withLock({ $0.gate }) == .paused {
            return "The gate is shut: nothing is handed out, nothing is lost; the backlog holds it."
        }
        switch sample.state {
        case .growing:
            return "In is far above out: the backlog takes the difference, and publishing is as quick as before."
        case .draining: return "The surge is over: out stays at the database's pace until the backlog is gone."
        case .stalled: return "Nothing lands while messages wait: look at the landing group."
        case .level: return "In and out are level. Press s for a surge, w for the same one without the queue."
        }
    }
}

extension GateSetting {
    fileprivate var words: String {
        switch self {
        case .open: "open"
        case .limited(let perSecond): "\(Words.grouped(Int(perSecond)))/s"
        case .paused: "shut"
        }
    }
}
