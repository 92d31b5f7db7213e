import SluiceAPI
import SluiceMessage

extension World {
    /// A broker in trouble: a surge that is landing, a stalled group, old halves, Chinese names.
    static let demo: World = {
        var world = World()
        world.topics = [
            topic("orders", queues: 8, depth: 1_204_113), topic("sms", queues: 4, depth: 48_002),
            topic("driver-push", queues: 4, depth: 12_774), topic("订单-支付", queues: 4, depth: 903),
            topic("pay", queues: 4, depth: 88_412), topic("coupon", queues: 2, depth: 0),
            topic("%DLQ%sms-sender", queues: 1, depth: 12, kind: .deadLetter),
        ]
        world.groups = [
            group("order-landing", clients: 2, lag: 83_201, behind: 41_000, topics: ["orders"]),
            group("billing", clients: 1, lag: 1204, behind: 252_000, topics: ["orders", "pay"]),
            group("sms-sender", clients: 4, lag: 3, behind: 400, dead: 12, topics: ["sms"]),
            group("push", clients: 3, lag: nil, behind: nil, topics: ["driver-push"]),
            group("对账", clients: 0, lag: 42, behind: 7_300_000, topics: ["订单-支付"]),
            group("shipping", clients: 2, lag: 0, behind: 0, topics: ["pay"]),
        ]
        for topic in world.topics { world.queuesOfTopic[topic.config.name] = queues(topic) }
        for group in world.groups { world.queuesOfGroup[group.config.name] = groupQueues(group, world) }
        world.delays = (0..<240).map(delay)
        world.delayTotal = 1204
        world.halves = [
            half(
                1, "pay", 3, minutes: 17, checks: 9, online: 0, key: "order-88213",
                body: #"{"order":88213,"amount":"129.00"}"#),
            half(
                2, "pay", 0, minutes: 16, checks: 9, online: 0, key: "order-88219",
                body: #"{"order":88219,"amount":"48.50"}"#),
            half(3, "coupon", 1, minutes: 11, checks: 6, online: 1, key: "user-1907", body: "coupon=NY2026"),
            half(4, "订单-支付", 2, minutes: 3, checks: 2, online: 2, key: "订单-5521", body: "支付成功，金额一百元"),
            half(5, "pay", 1, minutes: 95, checks: 15, online: 0, key: "order-87002", body: "", setAside: true),
        ]
        world.flow = surge()
        return world
    }()

    /// The same, later: counters and lags have moved as the flow says.
    mutating func advance(_ seconds: Int) {
        now += Int64(seconds) * 1000
        for index in topics.indices {
            let rate: Int64 = ["orders": 12_400, "sms": 110, "driver-push": 75][topics[index].config.name] ?? 0
            topics[index].published += rate * Int64(seconds)
            topics[index].delivered += rate / 6 * Int64(seconds)
        }
        for index in groups.indices {
            let name = groups[index].config.name
            let rate: Int64 = ["order-landing": 2000, "sms-sender": 110][name] ?? 0
            groups[index].committed += rate * Int64(seconds)
            if name == "order-landing" { groups[index].lag = (groups[index].lag ?? 0) + 10_400 * Int64(seconds) }
            for queue in (queuesOfGroup[name] ?? []).indices where rate > 0 {
                let step = rate / Int64(queuesOfGroup[name]?.count ?? 1) * Int64(seconds)
                queuesOfGroup[name]?[queue].offset? += step
                queuesOfGroup[name]?[queue].maxOffset += name == "order-landing" ? 1550 * Int64(seconds) : step
            }
        }
    }

    static func topic(_ name: String, queues: Int, depth: Int64, kind: TopicKind = .normal) -> TopicSummary {
        TopicSummary(
            config: TopicConfig(name: name, readQueues: queues, writeQueues: queues), kind: kind, depth: depth,
            published: depth + 5000, delivered: depth * 2, groups: 1, lastStored: depth == 0 ? 0 : start - 1000)
    }

    static func group(
        _ name: String, clients: Int, lag: Int64?, behind: Int64?, dead: Int64 = 0, topics: [String]
    ) -> GroupSummary {
        GroupSummary(
            config: GroupConfig(name: name), model: lag == nil ? .broadcasting : .clustering, clients: clients,
            lag: lag, behind: behind, delivered: 500_000, committed: 400_000, deadLetters: dead, topics: topics)
    }

    private static func queues(_ topic: TopicSummary) -> [QueueStatus] {
        let count = topic.config.readQueues
        return (0..<count).map { queue in
            let depth = topic.depth / Int64(count) + (Int64(queue) < topic.depth % Int64(count) ? 1 : 0)
            return QueueStatus(
                queue: queue, minOffset: 625, maxOffset: 625 + depth, firstStored: depth == 0 ? 0 : start - 86_400_000,
                lastStored: depth == 0 ? 0 : start - 1000 - Int64(queue) * 250)
        }
    }

    private static func groupQueues(_ group: GroupSummary, _ world: World) -> [GroupQueueStatus] {
        guard let lag = group.lag, let topic = group.topics.last, let queues = world.queuesOfTopic[topic] else {
            return []
        }
        return queues.map { queue in
            // The first queue has a tenth more than the others.
            let share = lag / Int64(queues.count)
            let mine = queue.queue == 0 ? lag - share * Int64(queues.count - 1) + share / 10 : share
            let clients = group.clients
            return GroupQueueStatus(
                id: QueueID(topic, queue.queue), minOffset: queue.minOffset, maxOffset: queue.maxOffset,
                offset: max(queue.minOffset, queue.maxOffset - mine),
                client: clients == 0 ? nil : "10.0.0.\(5 + queue.queue % clients)@\(4711 + queue.queue % clients)",
                behind: lag == 0 ? 0 : group.behind ?? 0, lastMoved: start - (group.behind ?? 0))
        }
    }

    private static func delay(_ index: Int) -> PendingDelay {
        let exact = index % 3 == 0
        let seconds = Int64(3 + index * index / 2)
        return PendingDelay(
            id: id(1000 + index), topic: index % 5 == 0 ? "订单-支付" : "orders", queue: index % 4,
            due: start + seconds * 1000 + 200, level: exact ? 0 : 1 + index % 18, storeTimestamp: start - 5000,
            tag: index % 2 == 0 ? "timeout" : nil, keys: ["order-\(90_000 + index)"], bodySize: 64 + index,
            isRetry: index % 7 == 6, physicalOffset: Int64(index) * 512)
    }

    private static func half(
        _ number: Int, _ topic: String, _ queue: Int, minutes: Int64, checks: Int, online: Int, key: String,
        body: String, setAside: Bool = false
    ) -> HalfMessage {
        HalfMessage(
            id: id(number), topic: topic, queue: queue, producerGroup: topic + "-service",
            storeTimestamp: start - minutes * 60_000, checks: checks, maxChecks: 15,
            nextCheck: setAside ? nil : start + Int64(number) * 7000, producersOnline: online, tag: "created",
            keys: [key], bodySize: body.utf8.count, bodyPeek: Array(body.utf8), physicalOffset: Int64(number) * 700)
    }

    /// Ten minutes at 500/s with a surge to 12,400/s in the last 90 s, landed at 2,000/s.
    static func surge() -> [FlowSample] {
        var published: Int64 = 1_000_000
        var consumed: Int64 = 1_000_000
        return (0..<660).map { index in
            let time = start / 1000 * 1000 - Int64(600 - index) * 1000
            let rise = Double(max(0, min(index - 510, 20))) / 20
            published += 500 + Int64(rise * 11_900)
            let backlog = published - consumed
            consumed += min(backlog, 2000)
            return FlowSample(time: time, published: published, consumed: consumed, backlog: published - consumed)
        }
    }
}
