import SluiceRemoting
import Synchronization

/// Counters of topics and groups, sampled every ten seconds for a day, from which rates are told (requests, 315).
final class StatsSampler: Sendable {
    struct Sample: Sendable {
        /// Epoch ms.
        var time: Int64
        /// Messages since the broker started.
        var published: Int64 = 0
        var delivered: Int64 = 0
        /// Offsets of all queues of a topic added up.
        var topics: [String: Int64] = [:]
        /// Committed offsets by `topic@group`.
        var groups: [String: Int64] = [:]
    }

    struct Figures {
        var minute: Span
        var hour: Span
        var day: Span
    }

    struct Span {
        var sum: Int64
        /// Messages a second.
        var rate: Double
        var json: JSONValue {
            .fields(["avgpt": .double(0), "sum": .int(sum), "tps": .double((rate * 100).rounded() / 100)])
        }
    }

    private struct State {
        /// The last ten minutes, and of the day one each ten minutes.
        var recent: [Sample] = []
        var day: [Sample] = []
        var earliest: Int64?
    }
    private let state = Mutex(State())

    func add(_ sample: Sample, earliest: Int64?) {
        state.withLock { state in
            state.recent.append(sample)
            state.earliest = earliest
            if state.recent.count > 61 { state.recent.removeFirst() }
            if sample.time - (state.day.last?.time ?? 0) >= 600_000 {
                state.day.append(sample)
                if state.day.count > 145 { state.day.removeFirst() }
            }
        }
    }

    /// Store time of the oldest message kept, epoch ms.
    var earliest: Int64? { state.withLock(\.earliest) }

    /// `10s 1min 10min` in messages a second.
    func rates(_ counter: @Sendable (Sample) -> Int64) -> String {
        state.withLock { state in
            [1, 6, 60].map { back -> String in
                guard let last = state.recent.last, state.recent.count > 1 else { return "0.0" }
                let first = state.recent[max(0, state.recent.count - 1 - back)]
                return String(Self.span(counter(first), counter(last), last.time - first.time).rate)
            }.joined(separator: " ")
        }
    }

    /// The counter when the day began, as far as it was seen.
    func todayMorning(_ counter: @Sendable (Sample) -> Int64) -> Int64 {
        state.withLock { state in
            guard let last = state.recent.last else { return 0 }
            let morning = last.time - last.time % 86_400_000
            return state.day.last { $0.time <= morning }.map(counter) ?? 0
        }
    }

    func groupRate(_ group: String) -> Double {
        state.withLock { state in
            guard let last = state.recent.last, state.recent.count > 1 else { return 0 }
            let first = state.recent[max(0, state.recent.count - 7)]
            let keys = last.groups.keys.filter { $0.hasSuffix("@" + group) }
            return keys.reduce(0) {
                $0 + Self.span(first.groups[$1] ?? 0, last.groups[$1] ?? 0, last.time - first.time).rate
            }
        }
    }

    /// Messages a second of every group, in one walk.
    var groupRates: [String: Double] {
        state.withLock { state in
            guard let last = state.recent.last, state.recent.count > 1 else { return [:] }
            let first = state.recent[max(0, state.recent.count - 7)]
            return last.groups.reduce(into: [:]) { rates, item in
                // No name holds an @.
                let group = item.key.split(separator: "@").last.map(String.init) ?? ""
                rates[group, default: 0] +=
                    Self.span(first.groups[item.key] ?? 0, item.value, last.time - first.time).rate
            }
        }
    }

    /// Nil for a name or key that was never counted.
    func figures(_ name: String, key: String) -> Figures? {
        let counter: @Sendable (Sample) -> Int64?
        switch name {
        case "TOPIC_PUT_NUMS", "TOPIC_PUT_SIZE": counter = { $0.topics[key] }
        case "GROUP_GET_NUMS", "GROUP_GET_SIZE": counter = { $0.groups[key] }
        case "BROKER_PUT_NUMS": counter = { $0.published }
        case "BROKER_GET_NUMS": counter = { $0.delivered }
        default: return nil
        }
        return state.withLock { state in
            guard let last = state.recent.last, let now = counter(last) else { return nil }
            func span(_ samples: [Sample], _ milliseconds: Int64) -> Span {
                let first = samples.first { last.time - $0.time <= milliseconds } ?? last
                return Self.span(counter(first) ?? 0, now, last.time - first.time)
            }
            return Figures(
                minute: span(state.recent, 60_000), hour: span(state.day, 3_600_000), day: span(state.day, 86_400_000))
        }
    }

    private static func span(_ before: Int64, _ after: Int64, _ milliseconds: Int64) -> Span {
        let sum = max(0, after - before)
        return Span(sum: sum, rate: milliseconds > 0 ? Double(sum) * 1_000 / Double(milliseconds) : 0)
    }
}
