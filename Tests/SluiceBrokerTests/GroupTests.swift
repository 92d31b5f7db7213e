import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@Suite("Groups, topics and retries")
struct GroupTests {
    private func code(_ body: () throws -> Void) -> APIError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? APIError)?.code
        }
    }

    @Test("a failed message comes back later each time and ends as a dead letter")
    func retries() throws {
        let harness = try BrokerHarness()
        try harness.ask(.updateGroup(GroupConfig(name: "g", retryMaxTimes: 3)))
        var place = try harness.publish("t", "poison").physicalOffset
        let retry = TopicName.retry("g")
        for (round, seconds) in [10, 30, 60].enumerated() {
            try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place)))
            try harness.crash(seed: UInt64(round))
            #expect(try harness.delays().items.first?.isRetry == true)
            #expect(try harness.delays().items.first?.topic == "t")
            harness.advance(Int64(seconds) * 1_000 - 1)
            #expect(try harness.texts(retry).count == round)
            harness.advance(1)
            let message = try #require(try harness.pull(retry).messages.last)
            #expect(message.reconsumeTimes == Int32(round + 1) && message.property(PropertyName.retryTopic) == "t")
            #expect(try harness.pull(retry).messages.count == round + 1)
            place = message.physicalOffset
        }
        try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place)))
        let dead = try #require(try harness.pull(TopicName.deadLetter("g")).messages.first)
        #expect(dead.body == Array("poison".utf8) && dead.property(PropertyName.retryTopic) == "t")
        #expect(try harness.group("g").summary.deadLetters == 1)
        #expect(code { try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: 1 << 40))) } == .notFound)
    }

    @Test("a negative level sends straight to the dead letters")
    func deadAtOnce() throws {
        let harness = try BrokerHarness()
        let place = try harness.publish("t", "poison").physicalOffset
        try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place, delayLevel: -1)))
        #expect(try harness.texts(TopicName.deadLetter("g")) == ["poison"])
        #expect(try harness.delays().total == 0)
    }

    @Test("how far behind a group is, is remembered while it stands, and not known where its next message is damaged")
    func behind() throws {
        let harness = try BrokerHarness()
        let places = try (0..<3).map { try harness.publish("t", "m\($0)").physicalOffset }
        let queue = try #require(try harness.pull("t").messages.first).queue
        let id = QueueID("t", Int(queue))
        try harness.ask(.commit([OffsetCommit(group: "g", queue: id, offset: 0)]))
        harness.advance(5_000)
        func status() throws -> (queue: Int64?, group: Int64?) {
            let group = try harness.group("g")
            return (group.queues.first { $0.id == id }?.behind, group.summary.behind)
        }
        #expect(try status() == (5_000, 5_000))
        for place in places[..<2] { harness.disk.flip("commitlog/00000000000000000000", byte: Int(place) + 95, bit: 3) }
        harness.advance(1_000)
        #expect(try status() == (6_000, 6_000))
        try harness.ask(.commit([OffsetCommit(group: "g", queue: id, offset: 1)]))
        #expect(try status() == (nil, nil))
        try harness.ask(.commit([OffsetCommit(group: "g", queue: id, offset: 2)]))
        #expect(try status() == (6_000, 6_000))
        try harness.ask(.commit([OffsetCommit(group: "g", queue: id, offset: 3)]))
        #expect(try status() == (0, 0))
    }

    @Test("a reset says what it would do, and does it when told")
    func reset() throws {
        let harness = try BrokerHarness()
        for k in 0..<10 {
            try harness.publish("t", "m\(k)")
            harness.advance(1_000)
        }
        try harness.commit("g", "t", 8)
        let log = PushLog()
        try harness.ask(
            .register(
                Registration(client: "c", address: "a", consumerGroup: "g", subscriptions: ["t": "*"], push: log.push)))
        func steps(_ target: OffsetTarget, dryRun: Bool) throws -> [ResetStep] {
            let request = ResetRequest(group: "g", topic: "t", target: target, dryRun: dryRun)
            guard case .steps(let steps) = try harness.ask(.reset(request)) else { return [] }
            return steps
        }
        let preview = try steps(.time(harness.now - 7_500), dryRun: true)
        #expect(preview.count == 4)
        #expect(preview[0] == ResetStep(id: QueueID("t", 0), from: 8, to: 3, minOffset: 0, maxOffset: 10))
        #expect(try harness.committed("g", "t") == 8)
        let pushes = log.all.count
        #expect(try steps(.time(harness.now - 7_500), dryRun: false) == preview)
        #expect(log.all.count == pushes + 1)
        try harness.kill()
        #expect(try harness.committed("g", "t") == 3)
        #expect(try steps(.offset(99), dryRun: true)[0].to == 10)
        #expect(try steps(.first, dryRun: true)[0].to == 0 && steps(.last, dryRun: true)[0].to == 10)
    }

    @Test("topics, groups and offsets survive a crash and a restart")
    func survival() throws {
        let harness = try BrokerHarness()
        let config = TopicConfig(name: "t", readQueues: 6, writeQueues: 3, permission: [.read, .write])
        try harness.ask(.updateTopic(config, mustBeNew: true))
        try harness.ask(.updateGroup(GroupConfig(name: "g", consumeEnabled: false, retryMaxTimes: 5, retryQueues: 2)))
        try harness.commit("h", "t", queue: 5, 0)
        for k in 0..<200 { try harness.commit("h", "t", Int64(k)) }
        for seed in 0..<3 {
            guard case .topic(let status) = try harness.ask(.topic("t")) else { return }
            #expect(status.summary.config == config)
            let group = try harness.group("g").summary.config
            #expect(!group.consumeEnabled && group.retryMaxTimes == 5 && group.retryQueues == 2)
            #expect(try harness.committed("h", "t") == 199 && harness.committed("h", "t", queue: 5) == 0)
            if seed == 1 { try harness.restart() } else { try harness.crash(seed: UInt64(seed)) }
        }
        #expect(code { _ = try harness.pull("t", group: "g") } == .refused)
    }

    @Test("a deleted topic stays deleted, and one made again by its name starts at nothing", arguments: 0..<3)
    func deleteTopic(way: Int) throws {
        let harness = try BrokerHarness()
        for k in 0..<5 { try harness.publish("t", "old \(k)") }
        try harness.commit("g", "t", 5)
        if way == 1 { harness.checkpoint() }
        try harness.ask(.deleteTopic("t"))
        #expect(code { _ = try harness.pull("t") } == .notFound)
        try harness.kill()
        #expect(code { _ = try harness.pull("t") } == .notFound)
        for k in 0..<3 { try harness.publish("t", "new \(k)") }
        #expect(try harness.committed("g", "t") == nil)
        for _ in 0..<2 {
            if way == 2 { harness.disk.delete { $0.hasPrefix("queues/") || $0 == "checkpoint" } }
            try harness.kill()
            #expect(try harness.texts("t") == ["new 0", "new 1", "new 2"])
            #expect(try harness.committed("g", "t") == nil)
        }
    }

    @Test("a deleted topic's delays are not delivered again")
    func deletedAfterDelivery() throws {
        let harness = try BrokerHarness()
        try harness.publish("x", "first")
        try harness.publish(Message(topic: "t", body: [1], delay: .after(milliseconds: 10), queue: 0))
        harness.advance(10)
        try harness.ask(.deleteTopic("t"))
        try harness.kill()
        harness.advance(1_000)
        #expect(try harness.delays().total == 0)
        #expect(code { _ = try harness.pull("t") } == .notFound)
    }

    @Test("a group goes with its offsets, but not while clients are connected")
    func deleteGroup() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m")
        try harness.commit("g", "t", 1)
        let log = PushLog()
        try harness.ask(
            .register(
                Registration(client: "c", address: "a", consumerGroup: "g", subscriptions: ["t": "*"], push: log.push)))
        #expect(code { try harness.ask(.deleteGroup("g")) } == .refused)
        try harness.ask(.unregister(client: "c"))
        try harness.ask(.deleteGroup("g"))
        try harness.kill()
        #expect(code { _ = try harness.group("g") } == .notFound)
        #expect(code { try harness.ask(.deleteGroup("g")) } == .notFound)
        _ = try harness.pull("t", group: "g")
        try harness.kill()
        #expect(try harness.committed("g", "t") == nil)
    }

    @Test("members hear of each other, and queue locks belong to one client until they end")
    func members() throws {
        let harness = try BrokerHarness()
        let (first, second) = (PushLog(), PushLog())
        func register(_ client: String, _ log: PushLog) throws {
            try harness.ask(
                .register(
                    Registration(
                        client: client, address: "a", consumerGroup: "g", subscriptions: ["t": "*"], push: log.push)))
        }
        func lock(_ client: String) throws -> Int {
            guard
                case .queues(let queues) = try harness.ask(.lock(group: "g", client: client, queues: [QueueID("t", 0)]))
            else { return -1 }
            return queues.count
        }
        try register("a", first)
        try register("b", second)
        #expect(first.all.count == 2 && second.all.count == 1)
        try register("b", second)
        #expect(first.all.count == 2)
        #expect(try lock("a") == 1 && lock("b") == 0)
        harness.advance(60_000)
        #expect(try lock("b") == 1 && lock("a") == 0)
        try harness.ask(.unregister(client: "b"))
        #expect(try lock("a") == 1)
        guard case .members(let names) = try harness.ask(.members(group: "g")) else { return }
        #expect(names == ["a"])
    }

    @Test("what is wrong with a request is said by its code")
    func codes() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m")
        for name in ["", "a/b", "a b", "ü", String(repeating: "x", count: 128)] {
            #expect(code { try harness.publish(name, "m") } == .invalid, "topic \(name)")
            #expect(code { try harness.ask(.updateTopic(TopicConfig(name: name), mustBeNew: true)) } == .invalid)
            #expect(code { try harness.ask(.updateGroup(GroupConfig(name: name))) } == .invalid)
            #expect(code { _ = try harness.pull("t", group: name) } == .invalid)
        }
        #expect(code { _ = try harness.pull("none") } == .notFound)
        #expect(code { _ = try harness.pull("t", queue: 4) } == .invalid)
        #expect(code { _ = try harness.pull("t", queue: -1) } == .invalid)
        #expect(code { try harness.ask(.topic("none")) } == .notFound)
        #expect(code { try harness.ask(.deleteTopic("none")) } == .notFound)
        #expect(code { try harness.publish("t", "m", queue: 4) } == .invalid)
        #expect(code { try harness.publish(TopicName.half, "m") } == .refused)
        #expect(code { try harness.ask(.updateTopic(TopicConfig(name: "t"), mustBeNew: true)) } == .conflict)
        #expect(
            code { try harness.ask(.updateTopic(TopicConfig(name: "u", readQueues: 0), mustBeNew: true)) } == .invalid)
        #expect(
            code { try harness.ask(.reset(.init(group: "none", topic: "t", target: .first, dryRun: true))) }
                == .notFound)
        #expect(code { try harness.commit("g", "t", -1) } == .invalid)
        #expect(code { try harness.ask(.halves(skip: -5, limit: -5)) } == nil)
        #expect(code { try harness.ask(.delayHistogram(start: 0, width: 0, buckets: 1)) } == .invalid)
        try harness.ask(
            .updateTopic(TopicConfig(name: "t", readQueues: 4, writeQueues: 4, permission: .read), mustBeNew: false))
        #expect(code { try harness.publish("t", "m") } == .refused)
        var options = BrokerOptions()
        options.autoCreateTopics = false
        let strict = try BrokerHarness(options: options)
        #expect(code { try strict.publish("t", "m") } == .notFound)
        strict.broker.beginClosing()
        #expect(code { try strict.publish("t", "m") } == .unavailable)
    }
}
