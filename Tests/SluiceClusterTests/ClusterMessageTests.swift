import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import SluiceRemoting
import Synchronization
import Testing

@testable import SluiceBroker
@testable import SluiceCluster

/// Producers and consumers over the network, against Sluice's own server and against one that behaves like a stock 4.9.
@Suite(.serialized) struct ClusterMessageTests {
    static let kinds: [ClusterServer.Setting] = [.init(), .init(isCompatible: true)]

    @Test(arguments: kinds)
    func whatIsPublishedArrivesOnce(_ setting: ClusterServer.Setting) async throws {
        try await withCluster([setting]) { cluster, _ in
            let expected: BrokerKind = setting.isCompatible ? .rocketmq4 : .sluice
            #expect(try await cluster.network.brokers(refresh: false).map(\.kind) == [expected])
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox, filter: "a || b")
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            let acknowledged = Mutex(0)
            for number in 0..<1_000 {
                let tag = ["a", "b", "c"][number % 3]
                try producer.post(
                    Message(topic: "T", body: Array("m\(number)".utf8), tag: tag, keys: ["k\(number)"])
                ) { result in
                    if case .success = result { acknowledged.withLock { $0 += 1 } }
                }
            }
            producer.flush()
            #expect(acknowledged.withLock { $0 } == 1_000)
            let wanted = Set((0..<1_000).filter { $0 % 3 != 2 }.map { "m\($0)" })
            try await eventually("all came") { inbox.all.count >= wanted.count }
            #expect(inbox.texts.count == wanted.count && Set(inbox.texts) == wanted)
            #expect(
                inbox.all.allSatisfy { $0.id.count == 32 && $0.property(PropertyName.keys)?.hasPrefix("k") == true })
        }
    }

    /// One queue keeps the order of its producer, in frames of one message and of many.
    @Test(arguments: kinds)
    func aChosenQueueKeepsItsOrder(_ setting: ClusterServer.Setting) async throws {
        try await withCluster([setting]) { cluster, _ in
            try await cluster.make("T", queues: 3)
            let producer = Producer(cluster)
            for number in 0..<2_000 {
                try producer.post(Message(topic: "T", body: Array("\(number)".utf8), queue: 1)) { result in
                    if case .failure(let error) = result { Issue.record("\(error)") }
                }
            }
            producer.flush()
            let inbox = Inbox()
            var options = ConsumerOptions(group: "G")
            options.ordered = true
            let consumer = try consumer(cluster, options, "T", inbox)
            defer { consumer.shutdown() }
            try await eventually("all came") { inbox.all.count >= 2_000 }
            #expect(inbox.texts == (0..<2_000).map(String.init))
            #expect(inbox.all.allSatisfy { $0.queue == 1 })
        }
    }

    @Test func twoConsumersShareAndOneTakesOver() async throws {
        try await withCluster { cluster, _ in
            try await cluster.make("T", queues: 4)
            let inboxes = [Inbox(), Inbox()]
            let first = try consumer(cluster, ConsumerOptions(group: "G"), "T", inboxes[0])
            let second = try consumer(cluster, ConsumerOptions(group: "G"), "T", inboxes[1])
            defer { second.shutdown() }
            let producer = Producer(cluster)
            var sent: [String] = []
            try await eventually("both get messages") {
                for queue in 0..<4 {
                    sent.append("m\(sent.count)")
                    _ = try await producer.send("T", sent[sent.count - 1], queue: queue)
                }
                return inboxes.allSatisfy { !$0.all.isEmpty }
            }
            try await eventually("all came") { [sent] in Set(inboxes.flatMap(\.texts)) == Set(sent) }
            first.shutdown()
            let before = inboxes[1].all.count
            for queue in 0..<4 {
                sent.append("m\(sent.count)")
                _ = try await producer.send("T", sent[sent.count - 1], queue: queue)
            }
            try await eventually("the second takes over") { inboxes[1].all.count >= before + 4 }
        }
    }

    @Test func everyBroadcastConsumerGetsAllAndRemembers() async throws {
        try await withCluster { cluster, _ in
            try await cluster.make("T", queues: 2)
            let file = FileManager.default.temporaryDirectory.path + "/positions-\(UUID().uuidString).json"
            defer { try? FileManager.default.removeItem(atPath: file) }
            var options = ConsumerOptions(group: "G", model: .broadcasting)
            options.positionFile = file
            let (one, two, again) = (Inbox(), Inbox(), Inbox())
            let first = try consumer(cluster, options, "T", one)
            let second = try consumer(cluster, ConsumerOptions(group: "G", model: .broadcasting), "T", two)
            let producer = Producer(cluster)
            for number in 0..<20 { _ = try await producer.send("T", "\(number)") }
            let all = Set((0..<20).map(String.init))
            try await eventually("both have all") { Set(one.texts) == all && Set(two.texts) == all }
            first.shutdown()
            second.shutdown()
            for number in 20..<25 { _ = try await producer.send("T", "\(number)") }
            let third = try consumer(cluster, options, "T", again)
            try await eventually("what was new comes") { again.all.count >= 5 }
            third.shutdown()
            #expect(Set(again.texts) == Set((20..<25).map(String.init)), "and nothing that was seen before")
        }
    }

    @Test(arguments: kinds)
    func aLevelIsKeptAndAnExactDelayRefusedByOldBrokers(_ setting: ClusterServer.Setting) async throws {
        var setting = setting
        let isOld = setting.isCompatible
        setting.levels = DelayLevels(milliseconds: [Int64](repeating: 300, count: 18))
        try await withCluster([setting]) { cluster, _ in
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox)
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            _ = try await producer.send("T", "later", delay: .level(2))
            try await eventually("it came") { !inbox.all.isEmpty }
            #expect(inbox.texts == ["later"])
            guard isOld else {
                _ = try await producer.send("T", "exact", delay: .after(milliseconds: 50))
                return try await eventually("that too") { inbox.texts.contains("exact") }
            }
            let error = await #expect(throws: APIError.self) {
                try await producer.send("T", "no", delay: .after(milliseconds: 45_000))
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("level 4 (30s), level 5 (1m)") == true)
            await #expect(throws: APIError.self) { try await producer.send("T", "no", delay: .at(4_000_000_000_000)) }
            _ = try await producer.send("T", "ten seconds", delay: .after(milliseconds: 10_000))
            try await eventually("ten seconds are level 3") { inbox.texts.contains("ten seconds") }
            #expect(!inbox.texts.contains("no"))
        }
    }

    @Test(arguments: kinds)
    func whatFailsComesAgainAndEndsDead(_ setting: ClusterServer.Setting) async throws {
        var setting = setting
        setting.levels = DelayLevels(milliseconds: [Int64](repeating: 50, count: 18))
        try await withCluster([setting]) { cluster, _ in
            try await cluster.limitRetries("G", 2)
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox) { _ in .retryLater }
            defer { consumer.shutdown() }
            _ = try await Producer(cluster).send("T", "bad")
            try await eventually("it came three times") { inbox.all.count >= 3 }
            #expect(inbox.texts == ["bad", "bad", "bad"] && inbox.all.allSatisfy { $0.topic == "T" })
            let puller = PullConsumer(cluster, group: "looker")
            try await eventually("it is dead") {
                let dead = try? await puller.pull(QueueID("%DLQ%G", 0), from: 0)
                return dead?.messages.map { String(decoding: $0.body, as: UTF8.self) } == ["bad"]
            }
        }
    }

    @Test(arguments: kinds)
    func transactionsEndAsTheirProducersSay(_ setting: ClusterServer.Setting) async throws {
        try await withCluster([setting]) { cluster, _ in
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox)
            defer { consumer.shutdown() }
            let asked = Inbox()
            let producer = TransactionProducer(cluster, group: "P") { half in
                asked.add([half])
                return .commit
            }
            defer { producer.close() }
            func message(_ text: String, _ properties: [Property] = []) -> Message {
                Message(topic: "T", body: Array(text.utf8), properties: properties)
            }
            try await producer.send(message("kept")) { _ in .commit }
            try await producer.send(message("gone")) { _ in .rollback }
            try await eventually("the first is there") { inbox.texts == ["kept"] }
            try await producer.send(message("asked for", [Property(PropertyName.checkImmunity, "0")])) { _ in .unknown }
            try await eventually("it was asked for") { inbox.texts.count == 2 }
            #expect(inbox.texts == ["kept", "asked for"])
            #expect(asked.texts.first == "asked for" && asked.all.first?.topic == "T")
        }
    }
}
