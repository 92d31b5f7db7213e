import Foundation
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import Testing

@testable import SluiceCluster

/// Name servers of a real cluster; nil where none is to be tested against.
private let realAddress = ProcessInfo.processInfo.environment["SLUICE_ROCKETMQ"]

/// The same clients on a real cluster, where `SLUICE_ROCKETMQ` names its name servers (`host:port,…`).
@Suite(.serialized, .enabled(if: realAddress != nil)) struct RealBrokerTests {
    /// Runs on a topic and with a group of its own.
    private static func run(
        _ body: @escaping @Sendable (ClusterConnection, _ topic: String, _ group: String) async throws -> Void
    ) async throws {
        let address = try #require(realAddress)
        try await withTaskExecutorPreference(OwnThread()) {
            let cluster = try await ClusterConnection.open(
                NetworkOptions(nameServers: address.split(separator: ",").map(String.init)))
            defer { cluster.close() }
            let name = "t\(UUID().uuidString.prefix(8))"
            try await body(cluster, name, "G\(name)")
        }
    }

    /// On a topic that the first message makes.
    @Test func twoConsumersGetEachMessageOnce() async throws {
        try await Self.run { cluster, topic, group in
            let producer = Producer(cluster)
            _ = try await producer.send(topic, "first")
            let inbox = Inbox()
            let consumers = try (0..<2).map { _ in try consumer(cluster, ConsumerOptions(group: group), topic, inbox) }
            for number in 0..<3_000 {
                try producer.post(Message(topic: topic, body: Array("\(number)".utf8), tag: "a")) { result in
                    if case .failure(let error) = result { Issue.record("\(error)") }
                }
            }
            producer.flush()
            let all = Set((0..<3_000).map(String.init) + ["first"])
            try await eventually("all came", seconds: 60) { Set(inbox.texts) == all }
            guard case .members(let members) = await cluster.ask(.members(group: group)) else {
                Issue.record("no members told")
                return
            }
            #expect(members.count == 2)
            for consumer in consumers { consumer.shutdown() }
            let again = Inbox()
            let third = try consumer(cluster, ConsumerOptions(group: group), topic, again)
            _ = try await producer.send(topic, "last")
            try await eventually("the group goes on where it was", seconds: 60) { again.texts == ["last"] }
            third.shutdown()
        }
    }

    @Test func aChosenQueueKeepsItsOrder() async throws {
        try await Self.run { cluster, topic, group in
            try await cluster.make(topic, queues: 2)
            let producer = Producer(cluster)
            for number in 0..<2_000 {
                try producer.post(Message(topic: topic, body: Array("\(number)".utf8), queue: 1)) { result in
                    if case .failure(let error) = result { Issue.record("\(error)") }
                }
            }
            producer.flush()
            let inbox = Inbox()
            var options = ConsumerOptions(group: group)
            options.ordered = true
            let consumer = try consumer(cluster, options, topic, inbox)
            defer { consumer.shutdown() }
            try await eventually("all came", seconds: 60) { inbox.all.count >= 2_000 }
            #expect(inbox.texts == (0..<2_000).map(String.init))
        }
    }

    @Test func transactionsAndCheckBacks() async throws {
        try await Self.run { cluster, topic, group in
            try await cluster.make(topic, queues: 1)
            let inbox = Inbox()
            let asked = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: group), topic, inbox)
            defer { consumer.shutdown() }
            let producer = TransactionProducer(cluster, group: "P\(topic)") { half in
                asked.add([half])
                return .commit
            }
            defer { producer.close() }
            try await producer.send(Message(topic: topic, body: Array("kept".utf8))) { _ in .commit }
            try await producer.send(Message(topic: topic, body: Array("gone".utf8))) { _ in .rollback }
            try await producer.send(Message(topic: topic, body: Array("asked for".utf8))) { _ in .unknown }
            try await eventually("both came", seconds: 40) { inbox.all.count >= 2 }
            #expect(Set(inbox.texts) == ["kept", "asked for"])
            #expect(asked.texts.contains("asked for") && asked.all.allSatisfy { $0.topic == topic })
        }
    }

    @Test func whatFailsComesAgainAndEndsDead() async throws {
        try await Self.run { cluster, topic, group in
            try await cluster.make(topic, queues: 1)
            try await cluster.limitRetries(group, 1)
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: group), topic, inbox) { _ in .retryLater }
            defer { consumer.shutdown() }
            _ = try await Producer(cluster).send(topic, "bad")
            try await eventually("it came again", seconds: 40) { inbox.all.count >= 2 }
            let puller = PullConsumer(cluster, group: "L\(topic)")
            try await eventually("it is dead", seconds: 40) {
                // It is on the broker that had the message.
                var dead: [StoredMessage] = []
                for broker in try await cluster.network.brokers(refresh: false) {
                    let queue = ClusterQueue.number(broker: broker.index, queue: 0)
                    dead += (try? await puller.pull(QueueID("%DLQ%\(group)", queue), from: 0))?.messages ?? []
                }
                return dead.map { String(decoding: $0.body, as: UTF8.self) } == ["bad"]
            }
        }
    }

    @Test func delays() async throws {
        try await Self.run { cluster, topic, group in
            try await cluster.make(topic, queues: 1)
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: group), topic, inbox)
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            _ = try await producer.send(topic, "level", delay: .level(1))
            let isOld = try await cluster.network.brokers(refresh: false).contains { $0.kind == .rocketmq4 }
            if isOld {
                let error = await #expect(throws: APIError.self) {
                    try await producer.send(topic, "never", delay: .after(milliseconds: 1_500))
                }
                #expect(error?.code == .refused)
            } else {
                _ = try await producer.send(topic, "exact", delay: .after(milliseconds: 1_500))
            }
            try await eventually("they came", seconds: 30) { inbox.all.count >= (isOld ? 1 : 2) }
            #expect(Set(inbox.texts) == (isOld ? ["level"] : ["level", "exact"]))
        }
    }
}
