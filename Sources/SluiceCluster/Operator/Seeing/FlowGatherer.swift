import SluiceAPI
import SluiceMessage

/// One broker's totals at a moment; nil where it did not tell.
struct FlowTotals: Sendable {
    var published: Int64?
    /// By group.
    var committed: [String: [QueueID: Int64]]
    var delivered: Int64?
    var backlog: Int64
    var hasFreshCommits: Bool
    /// These are the totals of a moment before, which stand in.
    var isSilent = false
}

/// Makes samples of totals that brokers count since they were started. Only what was added between two samples in a row
/// counts: totals that fell, brokers that are new or were silent for a while, and offsets that were set add nothing, since
/// nobody knows when it happened.
actor FlowGatherer {
    private struct Counters {
        var published: Int64?
        var delivered: Int64?
        var committed: [String: [QueueID: Int64]]
        /// The sample these are of.
        var sample: Int
        /// Fixed at the first sample: two ways of counting do not mix.
        var countsCommits: Bool
    }
    private var counters: [String: Counters] = [:]
    private var published: Int64 = 0
    private var consumed: Int64 = 0
    private var number = 0
    private var samples: [FlowSample] = []

    private static let kept: Int64 = 600_000

    func take(_ totals: [(String, FlowTotals)], at now: Int64, since: Int64) -> [FlowSample] {
        number += 1
        for (name, total) in totals where !total.isSilent { take(total, of: name) }
        let time = now / 1_000 * 1_000
        let sample = FlowSample(
            time: time, published: published, consumed: consumed, backlog: totals.reduce(0) { $0 + $1.1.backlog })
        if samples.last.map({ $0.time < time }) ?? true { samples.append(sample) }
        samples.removeAll { $0.time < now - Self.kept }
        return samples.filter { $0.time > since }
    }

    private func take(_ total: FlowTotals, of name: String) {
        let before = counters[name]
        let countsCommits = before?.countsCommits ?? total.hasFreshCommits
        counters[name] = Counters(
            published: total.published, delivered: total.delivered, committed: total.committed, sample: number,
            countsCommits: countsCommits)
        guard let before else {
            // The first sample of all begins with what there is, so that totals are those of the brokers.
            if number == 1 {
                published += total.published ?? 0
                consumed += countsCommits ? total.committedSum : total.delivered ?? 0
            }
            return
        }
        guard before.sample == number - 1 else { return }
        published += Self.growth(before.published, total.published)
        consumed +=
            countsCommits
            ? Self.growth(before.committed, total.committed) : Self.growth(before.delivered, total.delivered)
    }

    private static func growth(_ before: Int64?, _ after: Int64?) -> Int64 {
        guard let before, let after else { return 0 }
        return max(0, after - before)
    }

    /// Queue by queue, so that one that was set back does not hide what others did.
    private static func growth(
        _ before: [String: [QueueID: Int64]], _ after: [String: [QueueID: Int64]]
    ) -> Int64 {
        var sum: Int64 = 0
        for (group, queues) in after {
            guard let old = before[group] else { continue }
            for (queue, offset) in queues { sum += growth(old[queue], offset) }
        }
        return sum
    }
}

extension FlowTotals {
    fileprivate var committedSum: Int64 { committed.values.reduce(0) { $0 + $1.values.reduce(0, +) } }
}
