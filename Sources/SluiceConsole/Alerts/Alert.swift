import SluiceAPI

/// A value that is over a threshold.
public struct Alert: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case lag, behind
        case oldestHalf = "oldest_half"
        case deadLetters = "dead_letters"
    }
    public var kind: Kind
    /// The group; nil for what is the broker's.
    public var group: String?
    public var severity: AlertSeverity
    /// A count, or an age in ms.
    public var value: Int64
    /// The threshold it is over, in the same unit.
    public var limit: Int64

    /// The same thing over time, whatever its value.
    public var id: String { "\(kind.rawValue) \(group ?? "")" }

    /// As `billing: 1,204 behind (over 1,000)`.
    public var text: String {
        switch kind {
        case .lag: tr("\(group ?? ""): lag \(Format.exact(value)) (over \(Format.exact(limit)))")
        case .behind: tr("\(group ?? ""): \(Format.age(value)) behind (over \(Format.age(limit)))")
        case .oldestHalf: tr("oldest half message \(Format.age(value)) unresolved (over \(Format.age(limit)))")
        case .deadLetters: tr("\(group ?? ""): \(Format.plural(value, "dead letter")) (over \(Format.exact(limit)))")
        }
    }
}

extension AlertThresholds {
    /// What is over a threshold, the worst first.
    /// - Parameters:
    ///   - oldestHalf: store time of the oldest unresolved half, epoch ms; nil when there is none or it is not known.
    ///   - only: looks at one group alone.
    public func alerts(groups: [GroupSummary], oldestHalf: Int64?, now: Int64, only: String? = nil) -> [Alert] {
        var alerts: [Alert] = []
        func judge(_ levels: Levels, _ value: Int64?, _ kind: Alert.Kind, _ group: String?) {
            guard let value, let (severity, limit) = levels.reached(by: value) else { return }
            alerts.append(Alert(kind: kind, group: group, severity: severity, value: value, limit: limit))
        }
        if only == nil { judge(self.oldestHalf, oldestHalf.map { now - $0 }, .oldestHalf, nil) }
        guard needsGroups else { return alerts }
        for group in groups where only == nil || only == group.config.name {
            judge(lag, group.lag, .lag, group.config.name)
            judge(behind, group.behind, .behind, group.config.name)
            judge(deadLetters, group.deadLetters, .deadLetters, group.config.name)
        }
        return alerts.enumerated().sorted { one, other in
            one.element.severity == other.element.severity
                ? one.offset < other.offset : one.element.severity > other.element.severity
        }.map(\.element)
    }
}

/// Alerts over time: what has come, become worse, and gone.
public struct AlertWatch: Sendable {
    public enum Change: Sendable, Equatable {
        case raised(Alert)
        /// The same, at another severity.
        case changed(Alert, from: AlertSeverity)
        case cleared(Alert)
    }
    /// What is over a threshold now, the worst first.
    public private(set) var current: [Alert] = []

    public init() {}

    public var worst: AlertSeverity? { current.first?.severity }

    /// Takes what is over a threshold now and says what is different.
    public mutating func take(_ alerts: [Alert]) -> [Change] {
        let before = Dictionary(current.map { ($0.id, $0) }) { first, _ in first }
        let ids = Set(alerts.map(\.id))
        var changes: [Change] = alerts.compactMap { alert in
            guard let old = before[alert.id] else { return .raised(alert) }
            return old.severity == alert.severity ? nil : .changed(alert, from: old.severity)
        }
        changes += current.filter { !ids.contains($0.id) }.map { .cleared($0) }
        current = alerts
        return changes
    }
}
