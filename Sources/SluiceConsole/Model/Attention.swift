import SluiceAPI

/// Something on the overview that needs a hand.
struct Attention: Sendable, Equatable {
    var id: String
    var text: String
    /// True for what somebody suffers from now.
    var isUrgent: Bool
    /// Where Enter goes.
    var target: Location?
}

extension ConsoleModel {
    /// Age in ms from which an unresolved half is somebody's job.
    var oldHalf: Int64 { settings.alerts.oldestHalf.warning ?? settings.alerts.oldestHalf.critical ?? .max }

    /// What needs a hand, the most urgent first.
    var attention: [Attention] { brokerAttention + halfAttention + groupAttention }

    private var brokerAttention: [Attention] {
        guard let broker = data.broker.value else { return [] }
        var list: [Attention] = []
        if let reason = broker.refusing {
            list.append(
                Attention(id: "refusing", text: tr("publishing is refused: \(reason)"), isUrgent: true, target: nil))
        }
        if let silent = Self.sentence(broker.coverage) {
            list.append(Attention(id: "silent", text: silent, isUrgent: true, target: .brokers))
        }
        if broker.damagedRecords > 0 {
            let text = tr("\(Format.plural(broker.damagedRecords, "damaged record")) met while reading")
            list.append(Attention(id: "damaged", text: text, isUrgent: true, target: nil))
        }
        if broker.diskTotalBytes > 0, broker.diskFreeBytes < broker.diskTotalBytes / 10 {
            let text = tr("disk: \(Format.bytes(broker.diskFreeBytes)) left of \(Format.bytes(broker.diskTotalBytes))")
            list.append(Attention(id: "disk", text: text, isUrgent: true, target: nil))
        }
        return list
    }

    private var halfAttention: [Attention] {
        guard let page = data.halves.value, page.total > 0 else { return [] }
        var list: [Attention] = []
        if let oldest = page.oldest, now - oldest >= oldHalf {
            let old = page.items.filter { now - $0.storeTimestamp >= oldHalf }.count
            // Only the oldest few are known: when all of them are old, there may be more.
            let more = old == page.items.count && page.total > old ? "+" : ""
            let topic = page.items.first.map { " · \($0.topic)" } ?? ""
            let age = Self.minutes(oldHalf)
            let text =
                old == 1 && more.isEmpty
                ? tr("1 half older than \(age)\(topic)") : tr("\(old)\(more) halves older than \(age)\(topic)")
            list.append(Attention(id: "halves", text: text, isUrgent: true, target: .transactions))
        }
        if page.setAside > 0 {
            let text =
                page.setAside == 1
                ? tr("1 half set aside: only you can end it")
                : tr("\(Format.count(page.setAside)) halves set aside: only you can end them")
            list.append(Attention(id: "set aside", text: text, isUrgent: true, target: .transactions))
        }
        return list
    }

    private static func minutes(_ age: Int64) -> String {
        age % 60_000 == 0 && age < 3_600_000 ? tr("\(age / 60_000) min") : Format.age(age)
    }

    /// Groups over a threshold.
    private var alertAttention: [Attention] {
        alertWatch.current.compactMap { alert in
            guard let group = alert.group else { return nil }
            let text = alert.severity == .critical ? tr("critical · \(alert.text)") : alert.text
            return Attention(id: alert.id, text: text, isUrgent: true, target: .group(group))
        }
    }

    private var groupAttention: [Attention] {
        var urgent: [Attention] = alertAttention
        let isOver = Set(alertWatch.current.filter { $0.kind == .deadLetters }.compactMap(\.group))
        var rest: [Attention] = []
        for group in data.groups.value ?? [] {
            let name = group.config.name
            let target = Location.group(name)
            if let lag = group.lag, lag > 0 {
                let since = group.behind.map { " \(Format.age($0))" } ?? ""
                if group.clients == 0 {
                    let text = tr("\(name): no consumer, \(Format.count(lag)) wait\(since)")
                    urgent.append(Attention(id: "group " + name, text: text, isUrgent: true, target: target))
                } else if gate(name) == .paused {
                    let text = tr("\(name): paused by its gate, \(Format.count(lag)) wait\(since)")
                    rest.append(Attention(id: "group " + name, text: text, isUrgent: false, target: target))
                } else if groupState(group) == .stalled {
                    let text = tr("\(name): stalled\(since), \(Format.count(lag)) behind")
                    urgent.append(Attention(id: "group " + name, text: text, isUrgent: true, target: target))
                }
            }
            if group.deadLetters > 0, !isOver.contains(name) {
                let text = "\(name): \(Format.plural(group.deadLetters, "dead letter"))"
                rest.append(Attention(id: "dead " + name, text: text, isUrgent: false, target: .deadLetters))
            }
        }
        return urgent + rest
    }

    /// Where a group's lag is going.
    func groupState(_ group: GroupSummary) -> FlowState? {
        guard let lag = group.lag else { return nil }
        return FlowState.judge(
            backlog: lag, slope: data.lag[group.config.name]?.slope, out: data.committed[group.config.name]?.steadyRate)
    }

    /// Seconds until a group has drained once nothing more comes in, from its lag and its steady rate.
    func groupDrain(_ group: GroupSummary) -> Double? {
        guard let lag = group.lag, lag > 0, let rate = data.committed[group.config.name]?.steadyRate, rate >= 0.05
        else {
            return nil
        }
        return Double(lag) / rate
    }

    /// The queue of a group that drains last, and in how many seconds; nil where none moves or none has lag.
    ///
    /// One that does not move is worse than any that does; one whose rate is not known yet is not judged.
    func worstQueue(_ status: GroupStatus) -> (queue: GroupQueueStatus, seconds: Double?)? {
        var worst: (queue: GroupQueueStatus, seconds: Double?)?
        for queue in status.queues where queue.lag > 0 {
            guard data.queueOffsets[GroupQueue(group: status.summary.config.name, queue: queue.id)]?.steadyRate != nil
            else {
                continue
            }
            let seconds = queueDrain(status.summary.config.name, queue)
            guard let before = worst else {
                worst = (queue, seconds)
                continue
            }
            switch (seconds, before.seconds) {
            case (nil, nil): if queue.lag > before.queue.lag { worst = (queue, nil) }
            case (nil, _?): worst = (queue, nil)
            case (let mine?, let other?): if mine > other { worst = (queue, mine) }
            case (_?, nil): break
            }
        }
        return worst
    }

    func queueDrain(_ group: String, _ queue: GroupQueueStatus) -> Double? {
        guard queue.lag > 0,
            let rate = data.queueOffsets[GroupQueue(group: group, queue: queue.id)]?.steadyRate, rate >= 0.05
        else { return nil }
        return Double(queue.lag) / rate
    }
}
