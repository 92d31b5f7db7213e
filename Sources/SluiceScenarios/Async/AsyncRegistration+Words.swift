import Synchronization

// MARK: The second, and the report
extension AsyncRegistration {
    public func moment() -> ScenarioMoment {
        let (now, sent) = (monotonicSeconds(), gateway.sentCount)
        let waiting = openTasks
        let (recent, inLine, users, refused, problem, perSecond) = state.withLock { state in
            defer {
                state.recent = LatencyHistogram()
                state.recentInLine = LatencyHistogram()
                state.lastSent = sent
                state.lastMoment = now
            }
            let perSecond = Double(sent - state.lastSent) / max(now - state.lastMoment, 1e-3)
            return (state.recent, state.recentInLine, state.users.count, state.refused, state.problem, perSecond)
        }
        let (p50, p99) = (recent.quantile(0.5), recent.quantile(0.99))
        let (work, deadCount) = (tasks.counts, dead.keys.count)
        let figures = [
            Figure("registered", users), Figure("refused", refused), Figure("queued_p50_ms", p50, places: 3),
            Figure("queued_p99_ms", p99, places: 3), Figure("in_line_p50_ms", inLine.quantile(0.5), places: 3),
            Figure("in_line_p99_ms", inLine.quantile(0.99), places: 3), Figure("sms_per_s", perSecond),
            Figure("sms_sent", sent), Figure("waiting", waiting), Figure("failed_attempts", work.failed),
            Figure("dead_letters", deadCount), Figure("gateway", .text(gatewayState)),
        ]
        var lines = [
            ScenarioMoment.Line("registered", Words.grouped(users)),
            ScenarioMoment.Line("SMS sent", Words.grouped(sent)),
            ScenarioMoment.Line("SMS queued", "p99 \(Words.milliseconds(p99))"),
            ScenarioMoment.Line("SMS in line", "p99 \(Words.milliseconds(inLine.quantile(0.99)))"),
            ScenarioMoment.Line("gateway", gatewayState, needsAttention: isTroubled),
            ScenarioMoment.Line("waiting", Words.grouped(waiting), needsAttention: isTroubled && waiting > 0),
            ScenarioMoment.Line("failed attempts", Words.grouped(work.failed)),
            ScenarioMoment.Line("dead letters", Words.grouped(deadCount)),
        ]
        if refused > 0 { lines.append(.init("refused", Words.grouped(refused), needsAttention: true)) }
        if let problem { lines.append(.init("problem", problem, needsAttention: true)) }
        return ScenarioMoment(
            seconds: seconds, figures: figures, lines: lines,
            series: [
                .init("registration p99, SMS queued", unit: "ms", p99),
                .init("registration p99, SMS in line", unit: "ms", inLine.quantile(0.99)),
                .init("SMS waiting", unit: "", Double(waiting)),
            ], lookAt: lookAt, keys: keys,
            text: Words.padded(Words.decimal(seconds), 6) + " s  registered \(Words.grouped(users))"
                + "  p99 queued \(Words.milliseconds(p99))  in line \(Words.milliseconds(inLine.quantile(0.99)))"
                + "  SMS sent \(Words.grouped(sent)) waiting \(Words.grouped(waiting))"
                + "  dead letters \(deadCount)  gateway \(gatewayState)")
    }

    private var gatewayState: String {
        if gateway.isBroken { return "broken" }
        if gateway.interface != tasks.interface { return "changed its interface" }
        return gateway.interface == .first ? "up" : "up, second interface"
    }

    private var lookAt: String {
        if gateway.isBroken {
            return "The gateway is broken. Registering is as quick as before; who waits in line is turned away."
        }
        if gateway.interface != tasks.interface {
            return "The gateway speaks another interface now. Only the task service has to learn it: press v to deploy."
        }
        if waitingTasks > 200 { return "The tasks that waited go out now, at the pace of the gateway." }
        return "Compare the two p99: the same registration, its SMS queued and in line. Press b to break the gateway."
    }

    private var keys: [ScenarioMoment.Key] {
        var keys: [ScenarioMoment.Key] = [.init("b", gateway.isBroken ? "mend the gateway" : "break the gateway")]
        if gateway.interface == .first {
            keys.append(.init("v", "change its interface"))
        } else if tasks.interface == .first {
            keys.append(.init("v", "deploy the new task service"))
        }
        if !dead.keys.isEmpty { keys.append(.init("d", "resend dead letters")) }
        return keys
    }

    func asyncReport() -> ScenarioReport {
        let state = state.withLock { $0 }
        let keys = dead.keys
        let lost = state.users.keys.count { !gateway.hasSent("user-\($0)") && !keys.contains("user-\($0)") }
        let landlines = state.users.filter { !$0.value.hasPrefix("1") }
        let notDead = landlines.keys.count { !keys.contains("user-\($0)") }
        let (queued, inLine) = (state.queued.quantile(0.99) ?? .nan, state.inLine.quantile(0.99) ?? .nan)
        var checks: [ScenarioCheck] = [
            .equal("lost", lost, 0), .equal("registrations_refused", state.refused, 0),
            .equal("landlines_not_dead_letters", notDead, 0),
            .atLeast("registered", Double(state.users.count), 1),
            .atLeast("p99_in_line_by_queued", inLine / queued, 2),
        ]
        if let troubled = state.troubled.quantile(0.5), let calm = state.queued.quantile(0.5) {
            checks.append(.atMost("p50_in_trouble_by_all", troubled / calm, 3))
        }
        let (work, asked) = (tasks.counts, gateway.counts)
        return ScenarioReport(
            figures: [
                Figure("registered", state.users.count), Figure("refused", state.refused),
                Figure("refused_in_line", state.refusedInLine), Figure("sms_sent", gateway.sentCount),
                Figure("lost", lost), Figure("dead_letters", keys.count), Figure("failed_attempts", work.failed),
                Figure("delivered_again", work.repeated), Figure("gateway_asked_again_for_sent", asked.repeated),
                Figure("queued_p50_ms", state.queued.quantile(0.5), places: 3),
                Figure("queued_p99_ms", queued, places: 3),
                Figure("in_line_p50_ms", state.inLine.quantile(0.5), places: 3),
                Figure("in_line_p99_ms", inLine, places: 3),
                Figure("in_trouble_p99_ms", state.troubled.quantile(0.99), places: 3),
            ], checks: checks,
            sentences: [
                "\(Words.grouped(state.users.count)) registered, \(state.refused) refused; \(Words.grouped(lost)) of "
                    + "their SMS lost, \(keys.count) with the dead letters (\(landlines.count) landline numbers)",
                "registering takes \(Words.milliseconds(queued)) (p99) with the SMS queued, "
                    + "\(Words.milliseconds(inLine)) with it in line, where \(state.refusedInLine) were turned away",
            ])
    }
}
