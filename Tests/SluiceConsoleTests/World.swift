import SluiceAPI
import SluiceMessage

@testable import SluiceConsole

/// A broker made of fixed values: what it is asked it answers from what is written here.
struct World: Sendable {
    /// 2026-03-14 14:03:27 UTC.
    static let start: Int64 = 1_773_497_007_000
    var now = World.start
    var topics: [TopicSummary] = []
    var groups: [GroupSummary] = []
    var queuesOfTopic: [String: [QueueStatus]] = [:]
    var queuesOfGroup: [String: [GroupQueueStatus]] = [:]
    var delays: [PendingDelay] = []
    var delayTotal: Int?
    var halves: [HalfMessage] = []
    var flow: [FlowSample] = []
    /// Of a cluster: which brokers answer, as every answer then says.
    var coverage: Coverage?
    var error: APIError?
    /// What resolving answers; nil does it.
    var conflict: APIError?
    var broker = BrokerStatus(
        name: "broker-a", cluster: "DefaultCluster", version: "0.1.0", durability: .sync, fileSystem: "ext4",
        dataFolder: "/var/lib/sluice/orders-demo", startedAt: World.start - 3_600_000, recovery: "opened in 12 ms",
        logBytes: 4_400_000_000, minPhysicalOffset: 0, maxPhysicalOffset: 4_400_000_000,
        diskFreeBytes: 210_000_000_000, diskTotalBytes: 480_000_000_000, published: 0, delivered: 0, publishErrors: 0,
        damagedRecords: 0, refusing: nil, pendingDelays: 0, unresolvedHalves: 0, oldestHalf: nil, topics: 0, groups: 0)

    static let levels: [Int64] = [
        1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
    ].map { $0 * 1000 }

    /// Answers to what RocketMQ has no request for.
    var told: [OperatorQuestion: OperatorAnswer] = [:]
    /// Delays that were delivered or withdrawn.
    var settledDelays: Set<String> = []
    /// What operators did, dry runs included.
    var operated: [Operated] = []

    struct Operated: Sendable, Equatable {
        var action: OperatorAction
        var reason: String
        var dryRun: Bool
    }

    private static func with<Item>(
        _ coverage: Coverage?, _ item: Item, _ path: WritableKeyPath<Item, Coverage?>
    ) -> Item {
        var item = item
        item[keyPath: path] = coverage
        return item
    }

    func reply(to query: Query) -> Result<Reply, APIError> {
        if let error { return .failure(error) }
        switch query {
        case .broker:
            var status = broker
            (status.pendingDelays, status.unresolvedHalves) = (delayTotal ?? delays.count, halves.count)
            (status.topics, status.groups) = (topics.count, groups.count)
            status.coverage = coverage
            status.oldestHalf = halves.map(\.storeTimestamp).min()
            return .success(.broker(status))
        case .flow(let since): return .success(.flow(flow.filter { $0.time > since && $0.time <= now }))
        case .topics:
            return .success(.topics(topics.map { Self.with(coverage, $0, \.coverage) }))
        case .groups:
            return .success(.groups(groups.map { Self.with(coverage, $0, \.coverage) }))
        case .topic(let name): return topic(name).map { .topic($0) }
        case .group(let name):
            guard let group = groups.first(where: { $0.config.name == name }) else {
                return .failure(APIError(.notFound, "There is no group \(name)."))
            }
            return .success(.group(GroupStatus(summary: group, queues: queuesOfGroup[name] ?? [], clients: [])))
        case .delays(let query):
            let matching = delays.sorted { $0.due < $1.due }.filter { delay in
                (query.topic ?? delay.topic) == delay.topic
                    && (query.key.map { delay.id == $0 || delay.keys.contains($0) } ?? true)
            }
            let items = Array(matching.dropFirst(query.skip).prefix(query.limit))
            var page = DelayPage(total: delayTotal ?? delays.count, items: items, levels: Self.levels)
            (page.coverage, page.note) = (coverage, coverage?.without.first.map { "without \($0): it is down" })
            return .success(.delays(page))
        case .histogram(let start, let width, let buckets):
            var counts = Array(repeating: 0, count: buckets)
            for delay in delays { counts[max(0, min(buckets - 1, Int((delay.due - start) / width)))] += 1 }
            return .success(.histogram(DelayHistogram(start: start, width: width, counts: counts)))
        case .halves(let limit):
            let items = Array(halves.sorted { $0.storeTimestamp < $1.storeTimestamp }.prefix(limit))
            var page = HalfPage(
                total: halves.count, setAside: halves.filter(\.isSetAside).count,
                oldest: items.first?.storeTimestamp, items: items)
            page.coverage = coverage
            return .success(.halves(page))
        case .page(let topic, let queue, let from, let limit):
            let status = queuesOfTopic[topic]?.first { $0.queue == queue }
            let end = min(status?.maxOffset ?? 0, from + Int64(limit))
            return .success(.messages((from..<max(from, end)).map { Self.message(topic, queue, $0) }))
        case .scan(let id, let from, let limit):
            return reply(to: .page(topic: id.topic, queue: id.queue, from: from, limit: limit))
        case .trace(let id):
            guard topics.contains(where: { $0.config.name == MessageTrace.topic }) else {
                return .failure(APIError(.notFound, "There is no topic \(MessageTrace.topic)."))
            }
            return .success(.messages(Self.trace(of: id)))
        case .question(let question):
            return (told[question] ?? Self.usual(question)).map { .success(.told($0)) }
                ?? .failure(APIError(.failed, "Nobody knows."))
        }
    }

    /// What one broker of ours answers.
    private static func usual(_ question: OperatorQuestion) -> OperatorAnswer? {
        switch question {
        case .features: .features(Dictionary(uniqueKeysWithValues: Feature.allCases.map { ($0, .works) }))
        case .gates: .gates([])
        case .publishLimits: .publishLimits([:])
        case .clients: .clients([])
        case .audit: .audit([], total: 0)
        case .replays: .replays([])
        case .checks:
            .checks([
                CheckQueue(
                    group: "coupon-service", unresolved: 1, setAside: 0, waiting: 0, perSecond: 10, producersOnline: 1),
                CheckQueue(
                    group: "pay-service", unresolved: 3, setAside: 1, waiting: 2, perSecond: 10, producersOnline: 0),
            ])
        default: nil
        }
    }

    private func topic(_ name: String) -> Result<TopicStatus, APIError> {
        guard let summary = topics.first(where: { $0.config.name == name }) else {
            return .failure(APIError(.notFound, "There is no topic \(name)."))
        }
        let readers = groups.filter { $0.topics.contains(name) }.map {
            TopicStatus.GroupOnTopic(group: $0.config.name, lag: $0.lag ?? 0, clients: $0.clients)
        }
        return .success(TopicStatus(summary: summary, queues: queuesOfTopic[name] ?? [], groups: readers))
    }

    mutating func outcome(of act: Act) -> Result<Outcome, APIError> {
        if let error { return .failure(error) }
        switch act {
        case .publish(let message), .publishHalf(let message, _):
            let receipt = SendReceipt(
                id: Self.id(77), offsetID: Self.id(78), queue: QueueID(message.topic, 3), queueOffset: 12,
                physicalOffset: 4096)
            return .success(.sent(receipt))
        case .operate(let action, let reason, let dryRun):
            operated.append(Operated(action: action, reason: reason, dryRun: dryRun))
            return operate(action, dryRun).map { .acted($0) }
        }
    }

    func steps(_ request: ResetRequest) -> [ResetStep] {
        (queuesOfGroup[request.group] ?? []).filter {
            $0.id.topic == request.topic && (request.queue == nil || request.queue == $0.id.queue)
        }.map { queue in
            let target: Int64 =
                switch request.target {
                case .first: queue.minOffset
                case .last: queue.maxOffset
                case .time: (queue.offset ?? 0) - 1500
                case .offset(let offset): min(max(offset, queue.minOffset), queue.maxOffset)
                }
            return ResetStep(
                id: queue.id, from: queue.offset, to: target, minOffset: queue.minOffset, maxOffset: queue.maxOffset)
        }
    }

    // MARK: Values
    static func id(_ number: Int) -> String {
        let digits = String(number * 7919 + 0x2A9F, radix: 16, uppercase: true)
        return "7F0000012A9F18B4AAC2" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func message(_ topic: String, _ queue: Int, _ offset: Int64) -> StoredMessage {
        let bodies = [
            #"{"order":88213,"amount":"129.00","items":[{"sku":"茶-1","count":2},{"sku":"杯","count":1}],"note":"请放门口"}"#,
            "您的验证码是 482913，五分钟内有效。",
            #"{"order":\#(offset),"state":"paid"}"#,
            "\u{1B}[31mred\u{1B}[0m\u{0}\u{7}",
        ]
        let time = start - 60_000 + offset % 60 * 1000
        return StoredMessage(
            topic: topic, queue: queue, queueOffset: offset, physicalOffset: 1_000_000 + offset * 300, size: 312,
            flag: 0, systemFlag: 0, bornTimestamp: time - 4, bornHost: "10.0.0.7:52100", storeTimestamp: time,
            storeHost: "127.0.0.1:10911", reconsumeTimes: 0, preparedTransactionOffset: 0,
            properties: [
                Property(PropertyName.keys, "order-\(88_213 + offset)"), Property(PropertyName.tags, "paid"),
                Property(PropertyName.uniqueKey, id(Int(offset))), Property("地区", "华东"), Property("WAIT", "true"),
            ], body: Array(bodies[Int(offset % 4)].utf8))
    }
}
