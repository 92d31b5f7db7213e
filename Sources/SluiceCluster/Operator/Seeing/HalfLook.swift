import SluiceAPI
import SluiceMessage
import SluiceRemoting

/// An unresolved half of one broker, by its newest copy: a stock broker stores a half anew at each check (semantics, 6).
struct StockHalf: Sendable {
    var message: StoredMessage
    /// Set aside in TRANS_CHECK_MAX_TIME_TOPIC after the last check.
    var isSetAside = false
    /// Offsets of the half topic at which it stood, oldest first.
    var copies: [Int64] = []
    /// An older copy was resolved: the broker was told an end, but goes on asking for this copy.
    var wasResolvedBefore = false

    var id: String { message.id }
    var checks: Int { message.property(PropertyName.checkTimes).flatMap { Int($0) } ?? 0 }
    var producerGroup: String { message.property(PropertyName.producerGroup) ?? "" }
    /// Where it goes when it is committed, in its broker's own numbers.
    var target: QueueID {
        QueueID(
            message.property(PropertyName.realTopic) ?? message.topic,
            Int(message.property(PropertyName.realQueue) ?? "") ?? message.queue)
    }
}

/// The unresolved halves of one broker: its half topic from where its own group stands, without those that its op topic
/// names. Looked at incrementally.
actor HalfLook {
    private let broker: StockBroker
    /// Halves read and not passed over, by offset.
    private var halves: [Int64: StoredMessage] = [:]
    private var resolved: Set<Int64> = []
    private var nextHalf: Int64 = 0
    private var nextOp: Int64 = 0
    /// Ids that were seen once, resolved or not.
    private var seen: Set<String> = []
    /// Store time of the newest copy in the half topic, by id.
    private var newest: [String: Int64] = [:]
    private var setAside: [StoredMessage] = []
    private var nextSetAside: Int64 = 0
    /// Store time from which on every copy in the half topic is in `newest`.
    private var putBackFrom: Int64 = .max
    private(set) var note: String?
    /// Halves before this offset were not looked at.
    private var skippedTo: Int64 = 0
    private var lookedAt: Int64 = .min / 2
    private var flight: Task<APIError?, Never>?

    /// Halves that are kept at most; more than that is said, not shown.
    static let most = 20_000
    /// TRANS_CHECK_MAX_TIME_TOPIC keeps what was given up until retention takes it.
    private static let mostSetAside: Int64 = 1_000
    private static let group = "CID_RMQ_SYS_TRANS"

    init(_ broker: StockBroker) { self.broker = broker }

    /// The unresolved halves, oldest first. `fresh` looks in any case.
    func unresolved(now: Int64, fresh: Bool = false) async throws(APIError) -> (halves: [StockHalf], note: String?) {
        if let flight { _ = await flight.value }
        if fresh || now - lookedAt >= 900 {
            let task = Task { () -> APIError? in
                do throws(APIError) {
                    try await self.update()
                    return nil
                } catch { return error }
            }
            flight = task
            let failure = await task.value
            if flight == task { flight = nil }
            if let failure { throw failure }
            lookedAt = now
        }
        return (listed(), note)
    }

    /// True for a half that was looked at before, unresolved or not.
    func hasSeen(_ id: String) -> Bool { seen.contains(id) }

    private func update() async throws(APIError) {
        let half = try await range(TopicName.half)
        let op = try await range(TopicName.op)
        // A topic that was made anew starts over.
        if half.end < nextHalf || op.end < nextOp {
            (halves, resolved, nextHalf, nextOp, skippedTo) = ([:], [], 0, 0, 0)
        }
        nextHalf = max(nextHalf, half.from)
        if half.end - nextHalf > Int64(Self.most) {
            nextHalf = half.end - Int64(Self.most)
            skippedTo = nextHalf
        }
        note =
            half.from < skippedTo
            ? "broker \(broker.node.name) has \(half.end - half.from) halves between its oldest unresolved one and the"
                + " end; those from \(skippedTo) on were looked at" : nil
        // Ops after halves and to their very end, so that what was resolved in between is seen as resolved; but not for ever
        // behind producers that are faster.
        nextHalf = try await read(TopicName.half, from: nextHalf, to: half.end) { message in
            halves[message.queueOffset] = message
            seen.insert(message.id)
            newest[message.id] = message.storeTimestamp
        }
        if seen.count > 100_000 {
            seen = Set(halves.values.map(\.id))
            let given = Set(setAside.map(\.id))
            newest = newest.filter { seen.contains($0.key) || given.contains($0.key) }
        }
        nextOp = max(nextOp, op.from)
        let opEnd = try await broker.maxOffset(TopicName.op, 0)
        nextOp = try await read(TopicName.op, from: nextOp, to: opEnd + Int64(Self.most)) {
            resolved.formUnion(Self.offsets($0.body))
        }
        // An older copy that was passed says as long as a newer one is there whether it was resolved.
        var last: [String: Int64] = [:]
        for (offset, message) in halves { last[message.id] = max(last[message.id] ?? 0, offset) }
        halves = halves.filter { $0.key >= half.from || (last[$0.value.id] ?? 0) >= half.from }
        let first = Set(halves.values.compactMap(Self.firstCopy))
        resolved = resolved.filter { $0 >= half.from || halves[$0] != nil || first.contains($0) }
        try await readSetAside()
    }

    /// From the internal group's offset to the end.
    private func range(_ topic: String) async throws(APIError) -> (from: Int64, end: Int64) {
        let end = try await broker.maxOffset(topic, 0)
        guard end > 0 else { return (0, 0) }
        let committed = try await broker.committed(Self.group, topic, 0)
        // Retention may have gone past the group.
        let first = try await broker.minOffset(topic, 0)
        return (max(committed ?? 0, first), end)
    }

    private func read(
        _ topic: String, from: Int64, to end: Int64, _ take: (StoredMessage) -> Void
    ) async throws(APIError) -> Int64 {
        var at = from
        while at < end {
            let look = try await broker.look(topic, 0, from: at)
            for message in look.messages where message.queueOffset >= at { take(message) }
            guard look.next > at else { break }
            at = look.next
        }
        return at
    }

    /// Offsets of the half topic that an op message names: one, or in 5.x a list (semantics, 6).
    static func offsets(_ body: [UInt8]) -> [Int64] {
        String(decoding: body, as: UTF8.self).split(separator: ",").compactMap {
            Int64($0.trimmingPrefix(while: \.isWhitespace))
        }
    }

    /// Offset of the first copy, as a copy tells it that was made while the half was immune from checks.
    private static func firstCopy(_ message: StoredMessage) -> Int64? {
        message.property("TRAN_PREPARED_QUEUE_OFFSET").flatMap { Int64($0) }
    }

    private func readSetAside() async throws(APIError) {
        let topic = TopicName.setAside
        let end = try await broker.maxOffset(topic, 0)
        guard end > 0 else {
            setAside = []
            return
        }
        if end < nextSetAside { (setAside, nextSetAside) = ([], 0) }
        let first = max(try await broker.minOffset(topic, 0), end - Self.mostSetAside)
        nextSetAside = try await read(topic, from: max(nextSetAside, first), to: end) { setAside.append($0) }
        try await readPutBack()
        setAside.removeAll { given in
            given.queueOffset < first || newest[given.id].map { $0 > given.storeTimestamp } ?? false
        }
    }

    /// One that was put back is in the half topic again, behind the time at which it was set aside, and what came of it is
    /// not a matter of the set-aside record any more. The broker's own group may have passed it since, so the half topic is
    /// read from the eldest set-aside record's time on, once.
    private func readPutBack() async throws(APIError) {
        guard let eldest = setAside.map(\.storeTimestamp).min(), eldest < putBackFrom else { return }
        let from = try await broker.offset(of: TopicName.half, 0, at: eldest)
        let end = min(nextHalf, from + Int64(Self.most))
        _ = try await read(TopicName.half, from: from, to: end) { message in
            newest[message.id] = max(newest[message.id] ?? 0, message.storeTimestamp)
        }
        putBackFrom = eldest
    }

    private func listed() -> [StockHalf] {
        var byID: [String: StockHalf] = [:]
        for (offset, message) in halves.sorted(by: { $0.key < $1.key }) {
            var half = byID[message.id] ?? StockHalf(message: message)
            half.wasResolvedBefore =
                half.wasResolvedBefore || half.copies.last.map(resolved.contains) == true
            half.message = message
            half.copies.append(offset)
            byID[message.id] = half
        }
        // An op for the first copy finishes a copy made while the half was immune from checks.
        let open = byID.values.filter { half in
            let first = Self.firstCopy(half.message)
            return half.copies.last.map(resolved.contains) != true && first.map(resolved.contains) != true
        }
        let shown = Set(open.map(\.id))
        let given = Dictionary(setAside.map { ($0.id, $0) }) { $1 }.values
            .filter { !shown.contains($0.id) && byID[$0.id] == nil }
            .map { StockHalf(message: $0, isSetAside: true) }
        return (open + given).sorted {
            ($0.message.bornTimestamp, $0.id) < ($1.message.bornTimestamp, $1.id)
        }
    }
}
