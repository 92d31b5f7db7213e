import SluiceAPI

// MARK: Alerts
extension ConsoleModel {
    /// Judges what was answered anew. What has come or become worse rings once and is said on the status line; a
    /// critical one stays there as a banner.
    mutating func judgeAlerts(by query: Query, _ effects: inout [Effect]) {
        let alerts = settings.alerts.alerts(
            groups: data.groups.value ?? [], oldestHalf: data.broker.value?.oldestHalf, now: now)
        let changes = alertWatch.take(alerts)
        guard !alertsHeard.insert(query).inserted else { return }
        let worse: [Alert] = changes.compactMap { change in
            switch change {
            case .raised(let alert): alert
            case .changed(let alert, let before): alert.severity > before ? alert : nil
            case .cleared: nil
            }
        }
        guard let first = worse.first else { return }
        effects.append(.bell)
        let more = worse.count > 1 ? tr(", and \(worse.count - 1) more") : ""
        if notice?.kind != .bad { say(first.text + more, .bad) }
    }

    /// The critical alert that the banner shows, with how many more there are.
    var alarm: String? {
        let critical = alertWatch.current.filter { $0.severity == .critical }
        guard let first = critical.first else { return nil }
        return tr("CRITICAL · ") + first.text + (critical.count > 1 ? tr(" · and \(critical.count - 1) more") : "")
    }
}
