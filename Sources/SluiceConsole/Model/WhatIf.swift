import SluiceAPI
import SluiceMessage

/// A group under other circumstances than it is: more consumers, producers that stop, a gate.
struct WhatIf: Sendable, Equatable {
    var moreConsumers = 0
    var producersStop = false
    /// Messages a second through the gate; nil leaves it open.
    var gate: Double?

    var isAsItIs: Bool { self == WhatIf() }

    /// As `2 more consumers, producers stop, gate at 2.0k/s`.
    var words: String {
        var parts: [String] = []
        if moreConsumers > 0 { parts.append(Format.plural(moreConsumers, "more consumer")) }
        if producersStop { parts.append(tr("producers stop")) }
        if let gate { parts.append(tr("gate at \(Format.rate(gate))/s")) }
        return parts.isEmpty ? tr("as it is") : parts.joined(separator: tr(", "))
    }

    /// One queue as it is measured.
    struct Queue: Sendable, Equatable {
        var id: String
        var lag: Int64
        /// Messages a second that come in and that are consumed.
        var inflow: Double
        var outflow: Double
    }

    enum Forecast: Sendable, Equatable {
        /// Seconds until the last consumer has drained its queues, that consumer's queues, and consumers left without one.
        case drains(seconds: Double, worst: String, idle: Int)
        /// The queues that gain faster than they are consumed, per second.
        case never(worst: String, gain: Double, idle: Int)
        case nothingWaits
        /// Why it cannot be said.
        case unknown(String)
    }

    /// Consumers are taken to be alike: each as fast as those are now on average, with their queues shared out in equal
    /// runs as RocketMQ's clients do it. So it is an estimate for consumers that are the bottleneck.
    func forecast(_ queues: [Queue], consumers: Int) -> Forecast {
        guard queues.contains(where: { $0.lag > 0 }) else { return .nothingWaits }
        guard consumers > 0 else {
            return .unknown(tr("no consumer is connected: how fast one is, is not known"))
        }
        let active = min(consumers, queues.count)
        let total = queues.reduce(0) { $0 + $1.outflow }
        guard total >= 0.05 else { return .unknown(tr("nothing is consumed now: how fast consumers are is not known")) }
        let count = min(consumers + moreConsumers, queues.count)
        var pace = total / Double(active)
        if let gate { pace = min(pace, gate / Double(count)) }
        let idle = consumers + moreConsumers - count

        var slowest: (seconds: Double, queues: String)?
        for consumer in 0..<count {
            // The first ones get one more where it does not come out even.
            let each = queues.count / count
            let extra = queues.count % count
            let start = consumer * each + min(consumer, extra)
            let mine = queues[start..<(start + each + (consumer < extra ? 1 : 0))]
            let lag = mine.reduce(Int64(0)) { $0 + $1.lag }
            let inflow = producersStop ? 0 : mine.reduce(0) { $0 + $1.inflow }
            let name = mine.count == 1 ? mine[start].id : "\(mine[start].id) … \(mine[mine.endIndex - 1].id)"
            let net = pace - inflow
            guard lag > 0 || net < -0.05 else { continue }
            guard net > 0.05 else { return .never(worst: name, gain: max(0, -net), idle: idle) }
            let seconds = Double(lag) / net
            if seconds > (slowest?.seconds ?? -1) { slowest = (seconds, name) }
        }
        guard let slowest else { return .nothingWaits }
        return .drains(seconds: slowest.seconds, worst: slowest.queues, idle: idle)
    }
}

extension WhatIf.Forecast {
    var spans: [Span] {
        switch self {
        case .nothingWaits: return [Span(tr("nothing waits"), .dim)]
        case .unknown(let why): return [Span("? \(why)", .dim)]
        case .drains(let seconds, let worst, let idle):
            return [
                Span(tr("drains in "), .dim), Span(Format.drain(seconds), .number), Span(tr(", last \(worst)"), .dim),
            ]
                + Self.idle(idle)
        case .never(let worst, let gain, let idle):
            return [
                Span(tr("never drains"), .warning), Span(tr(": \(worst) gains "), .dim),
                Span("\(Format.rate(gain))/s", .number),
            ] + Self.idle(idle)
        }
    }

    private static func idle(_ count: Int) -> [Span] {
        count > 0 ? [Span(tr(" · \(Format.plural(count, "consumer")) without a queue"), .attention)] : []
    }
}

extension ConsoleModel {
    /// What a group would do; unknown while its queues' rates are not known.
    func forecast(_ what: WhatIf, of name: String) -> WhatIf.Forecast {
        guard let status = data.group[name]?.value else { return .unknown(tr("the group is not known yet")) }
        if status.summary.lag == nil {
            return .unknown(tr("each client of a broadcasting group keeps its own offsets"))
        }
        var queues: [WhatIf.Queue] = []
        for queue in status.queues {
            let key = GroupQueue(group: name, queue: queue.id)
            // A queue without an offset is not consumed; the others are measured after two looks.
            let rate = queue.offset == nil ? 0 : data.queueOffsets[key]?.shownRate
            guard let inflow = data.queueMax[key]?.shownRate, let out = rate else {
                return .unknown(tr("rates are known after two looks"))
            }
            queues.append(
                WhatIf.Queue(id: "\(queue.id.topic)/\(queue.id.queue)", lag: queue.lag, inflow: inflow, outflow: out))
        }
        let working = Set(status.queues.compactMap(\.client)).count
        return what.forecast(queues, consumers: max(working, min(status.summary.clients, queues.count)))
    }
}
