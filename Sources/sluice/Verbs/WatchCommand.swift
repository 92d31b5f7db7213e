import ArgumentParser
import Glibc
import SluiceAPI
import SluiceClient
import SluiceConsole

/// `sluice watch`: says when something is too much, and when it is well again.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Watch lag, unresolved halves and dead letters against thresholds.",
        discussion: """
            A threshold is a warning level, or a warning and a critical one: --lag 1000 or --lag 1000,10000, --behind \
            5m,30m. Without any it takes those of [alerts] in the configuration, else --oldest-half 10m. It prints what \
            goes over a threshold and what comes back; a value that is not known is over nothing.

            Ends after --for with 0 when all is well, with 10 when a warning threshold is exceeded at that moment, with \
            11 when a critical one is, and with 5 when nobody answered the last look. --for 0s looks once. Without --for \
            it goes on until a signal ends it (130, 143).

            JSON, an object a change: time_ms, time, event (raised, changed, cleared, unreachable, reachable), severity \
            (warning, critical), alert (lag, behind, oldest_half, dead_letters), group, value, limit (counts, or ms), \
            text; at the end one with event (end), severity (ok, warning, critical) and the number of alerts.
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Messages a group has not consumed.", valueName: "n[,n]")) var lag: String?
    @Option(help: ArgumentHelp("Age of what it has not consumed.", valueName: "time[,time]")) var behind: String?
    @Option(help: ArgumentHelp("Age of the oldest unresolved half message.", valueName: "time[,time]"))
    var oldestHalf: String?
    @Option(help: ArgumentHelp("Dead letters of a group.", valueName: "n[,n]")) var deadLetters: String?
    @Option(help: "Look at this group alone.") var group: String?
    @Option(help: ArgumentHelp("Time between two looks.", valueName: "duration")) var interval = "2s"
    @Option(name: .customLong("for"), help: ArgumentHelp("How long to watch.", valueName: "duration"))
    var length: String?

    private var asked: [(name: String, text: String?)] {
        [("lag", lag), ("behind", behind), ("oldest_half", oldestHalf), ("dead_letters", deadLetters)]
    }

    func validate() throws {
        guard let span = TimeInput.duration(interval), (100...3_600_000).contains(span) else {
            throw ValidationError("Interval '\(interval)': it is a duration of 100ms to 1h.")
        }
        if let length, TimeInput.duration(length) == nil {
            throw ValidationError("Length '\(length)': it is a duration as 60s.")
        }
        _ = try thresholds(AlertThresholds())
    }

    private func thresholds(_ configured: AlertThresholds) throws -> AlertThresholds {
        guard asked.contains(where: { $0.text != nil }) else { return configured }
        var thresholds = AlertThresholds(oldestHalf: AlertThresholds.Levels())
        for (name, text) in asked {
            guard let text else { continue }
            do throws(AlertInput.Problem) {
                try AlertInput.set(name, text, &thresholds)
            } catch {
                throw ValidationError("'\(text)': \(error.reason).")
            }
        }
        return thresholds
    }

    func run() throws {
        let signals = SignalWatch.start()
        let thresholds = try thresholds(ConsoleConfig(ConfigFile(asked: common.connect.config)).alerts)
        let end = length.flatMap { TimeInput.duration($0) }.map { TimeText.monotonicSeconds + Double($0) / 1000 }
        var watcher = Watcher(thresholds: thresholds, group: group, json: common.json)
        try common.withBroker(create: false) { broker in
            while true {
                try watcher.look(broker.admin)
                let left = end.map { Int64(($0 - TimeText.monotonicSeconds) * 1000) }
                if let left, left <= 0 { break }
                signals.wait(milliseconds: min(TimeInput.duration(interval) ?? 2000, left ?? .max))
                try signals.throwIfReceived()
                if Output.readerIsGone { throw CommandFailure(.closedPipe, "") }
            }
        }
        try watcher.finish()
    }
}

/// Looks, compares with the look before, and prints what is different.
private struct Watcher {
    let thresholds: AlertThresholds
    let group: String?
    let json: Bool
    private var watch = AlertWatch()
    /// Why the last look was not answered.
    private var failure: APIError?

    init(thresholds: AlertThresholds, group: String?, json: Bool) {
        self.thresholds = thresholds
        self.group = group
        self.json = json
    }

    mutating func look(_ admin: any Admin) throws {
        var output = Output()
        do {
            let (thresholds, group) = (thresholds, group)
            let alerts = try blocking {
                let groups = thresholds.needsGroups ? try await admin.groups() : []
                if let group, thresholds.needsGroups, !groups.contains(where: { $0.config.name == group }) {
                    throw APIError(.notFound, "There is no group \(group).")
                }
                let oldest = thresholds.oldestHalf.isEmpty ? nil : try await admin.broker().oldestHalf
                return thresholds.alerts(groups: groups, oldestHalf: oldest, now: TimeText.now, only: group)
            }
            if failure != nil { print("reachable", nil, "The broker answers again.", &output) }
            failure = nil
            for change in watch.take(alerts) {
                switch change {
                case .raised(let alert): print("raised", alert, alert.text, &output)
                case .changed(let alert, _): print("changed", alert, alert.text, &output)
                case .cleared(let alert): print("cleared", alert, alert.text, &output)
                }
            }
        } catch let error as APIError where error.code != .notFound {
            if failure == nil { print("unreachable", nil, error.message, &output) }
            failure = error
        }
        try output.flush()
    }

    private func print(_ event: String, _ alert: Alert?, _ text: String, _ output: inout Output) {
        let now = TimeText.now
        guard json else {
            let word = event == "cleared" || alert == nil ? event : alert?.severity.rawValue ?? event
            return output.write("\(TimeText.rfc3339(now))  \(TextSanitiser.sanitise("\(word): \(text)"))\n")
        }
        var line = JSONObject()
        line.addTime("time", now)
        line.add("event", event)
        line.add("severity", alert?.severity.rawValue)
        line.add("alert", alert?.kind.rawValue)
        line.add("group", alert?.group)
        line.add("value", alert?.value)
        line.add("limit", alert?.limit)
        line.add("text", text)
        output.write(line)
    }

    /// Says how it stands and ends accordingly.
    func finish() throws {
        if let failure { throw CommandFailure(.unreachable, failure.message) }
        var output = Output()
        if json {
            var line = JSONObject()
            line.addTime("time", TimeText.now)
            line.add("event", "end")
            line.add("severity", watch.worst?.rawValue ?? "ok")
            line.add("alerts", watch.current.count)
            output.write(line)
        } else if watch.current.isEmpty {
            output.write("\(TimeText.rfc3339(TimeText.now))  ok: nothing is over its threshold\n")
        }
        try output.flush()
        switch watch.worst {
        case .critical: throw CommandFailure(.critical, "")
        case .warning: throw CommandFailure(.warning, "")
        case nil: return
        }
    }
}

extension SignalWatch {
    /// Waits so long, or until a signal asks for the end.
    func wait(milliseconds: Int64) {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&ready, 1, Int32(clamping: milliseconds))
    }
}
