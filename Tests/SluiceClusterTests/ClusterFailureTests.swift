import Foundation
import NIOCore
import NIOPosix
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceRemoting
import Synchronization
import Testing

@testable import SluiceCluster

/// Publishes until it is told to end, and counts what was acknowledged.
private final class Tally: Sendable {
    private let texts = Mutex<[String]>([])
    private let isOver = Atomic<Bool>(false)
    var all: [String] { texts.withLock { $0 } }
    func end() { isOver.store(true, ordering: .relaxed) }

    func publish(_ producer: Producer) async {
        var number = 0
        while !isOver.load(ordering: .relaxed) {
            let text = "\(number)"
            number += 1
            // What has no answer is not counted; it may be there all the same.
            if (try? await producer.send("T", text)) != nil { texts.withLock { $0.append(text) } }
        }
    }
}

/// Brokers that go, come back, do not answer, or want to know who asks.
@Suite(.serialized) struct ClusterFailureTests {
    /// Nothing acknowledged is lost when the broker is gone for a while, and what waits goes on by itself.
    @Test func aBrokerMayBeRestarted() async throws {
        try await withCluster { cluster, servers in
            try await cluster.make("T", queues: 4)
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox)
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            let tally = Tally()
            let publishing = Task { await tally.publish(producer) }
            try await eventually("messages flow") { tally.all.count > 50 && inbox.all.count > 20 }
            await servers[0].stop()
            let before = tally.all.count
            try await servers[0].start()
            try await eventually("and flow again") { tally.all.count > before + 100 }
            tally.end()
            await publishing.value
            let all = Set(tally.all)
            try await eventually("everything acknowledged came") { Set(inbox.texts).isSuperset(of: all) }
        }
    }

    /// Two brokers under one name server: both get messages, queue numbers tell them apart, and one may go.
    @Test func oneOfTwoBrokersMayGo() async throws {
        var other = ClusterServer.Setting()
        other.name = "broker-b"
        try await withCluster([.init(), other]) { cluster, servers in
            try await cluster.make("T", queues: 2)
            #expect(try await cluster.readQueues(of: "T").map(\.queue) == [0, 1, 65_536, 65_537])
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox)
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            var receipts: [SendReceipt] = []
            for number in 0..<20 { receipts.append(try await producer.send("T", "\(number)")) }
            #expect(Set(receipts.map { ClusterQueue.broker($0.queue.queue) }) == [0, 1])
            let ports = Set(receipts.map { $0.offsetID.dropFirst(8).prefix(8) })
            #expect(ports.count == 2, "an id names the broker that has the message")
            try await eventually("all came") { Set(inbox.texts).count == 20 }
            #expect(Set(inbox.all.map { ClusterQueue.broker($0.queue) }) == [0, 1])
            let puller = PullConsumer(cluster, group: "looker")
            let last = try #require(receipts.last)
            let pulled = try await puller.pull(last.queue, from: last.queueOffset)
            #expect(pulled.messages.first?.queue == last.queue.queue)
            #expect(pulled.messages.first?.physicalOffset == last.physicalOffset)

            await servers[1].stop()
            for number in 20..<40 { _ = try await producer.send("T", "\(number)") }
            try await eventually("the first broker's queues go on") { Set(inbox.texts).count == 40 }
            try await servers[1].start()
            try await eventually("the second broker gets messages again") {
                let receipt = try await producer.send("T", "again \(inbox.all.count)")
                return ClusterQueue.broker(receipt.queue.queue) == 1
            }
            try await eventually("which arrive") {
                inbox.all.contains { $0.body.starts(with: Array("again".utf8)) && ClusterQueue.broker($0.queue) == 1 }
            }
        }
    }

    @Test func anAccountOpensTheDoor() async throws {
        var setting = ClusterServer.Setting()
        setting.accounts = """
            [[accounts]]
            access_key = "orders-service"
            secret_key = "correct horse"
            admin = true
            """
        let good = Credentials(accessKey: "orders-service", secretKey: "correct horse")
        try await withCluster([setting], credentials: good) { cluster, servers in
            let inbox = Inbox()
            let consumer = try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox)
            defer { consumer.shutdown() }
            let producer = Producer(cluster)
            for number in 0..<40 { try producer.post(Message(topic: "T", body: Array("\(number)".utf8))) { _ in } }
            producer.flush()
            try await eventually("all came") { inbox.all.count == 40 }
            // An operator's request proves its actor by the signature.
            let admin = connectionAdmin(cluster)
            try await admin.createTopic(TopicConfig(name: "made", readQueues: 1, writeQueues: 1))
            guard case .audit(let entries, _) = try await admin.ask(.audit(from: 0, limit: 10)) else {
                Issue.record("no audit")
                return
            }
            #expect(entries.contains { $0.actor.name == "orders-service" && $0.actor.isProven })

            var options = NetworkOptions(nameServers: [servers[0].address])
            options.credentials = Credentials(accessKey: "orders-service", secretKey: "wrong")
            let stranger = try await ClusterConnection.open(options)
            defer { stranger.close() }
            let error = await #expect(throws: APIError.self) { try await Producer(stranger).send("T", "no") }
            #expect(error?.code == .refused)
        }
    }

    /// The next name server answers where the first does not, and where none does it is said of all.
    @Test func anotherNameServerAnswers() async throws {
        try await withCluster { _, servers in
            let nobody = "127.0.0.1:\(try FreePort.next())"
            let connection = try await ClusterConnection.open(
                NetworkOptions(nameServers: [nobody, servers[0].address]))
            connection.close()
            let error = await #expect(throws: APIError.self) {
                try await ClusterConnection.open(NetworkOptions(nameServers: [nobody]))
            }
            #expect(error?.code == .unreachable && error?.message.contains("the connection is refused") == true)
            #expect(error?.message.contains(nobody) == true)
        }
    }

    /// A peer that takes requests and never answers costs the time that was given, and its connection.
    @Test func silenceEndsInATimeout() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let port = try FreePort.next()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port).get()
        let network = try ClusterNetwork(NetworkOptions(nameServers: ["127.0.0.1:\(port)"]))
        let start = ContinuousClock.now
        let error = await #expect(throws: APIError.self) {
            try await network.callNameServer(Frame(code: RequestCode.getBrokerClusterInfo), milliseconds: 200)
        }
        #expect(error?.code == .unreachable && error?.message.contains("did not answer within 200 ms") == true)
        #expect(ContinuousClock.now - start < .seconds(3))
        await withCheckedContinuation { continuation in network.closeLater { continuation.resume() } }
        try await channel.close()
        try await group.shutdownGracefully()
    }

    @Test func pausesDoubleUpToTheirLimit() {
        let backoff = Backoff()
        let longest = (0..<12).map { backoff.milliseconds(attempt: $0, chance: 0.999_999) }
        let shortest = (0..<12).map { backoff.milliseconds(attempt: $0, chance: 0) }
        #expect(shortest == [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000])
        #expect(zip(longest, shortest).allSatisfy { $0 <= 2 * $1 && $0 > $1 })
        #expect(backoff.milliseconds(attempt: 1_000_000, chance: 0.5) == 7_500)
    }

    /// Two members of one group on one connection speak over connections of their own.
    @Test func membersOfOneGroupDoNotShareAConnection() async throws {
        try await withCluster { cluster, _ in
            try await cluster.make("T", queues: 2)
            let inbox = Inbox()
            let consumers = try (0..<2).map { _ in try consumer(cluster, ConsumerOptions(group: "G"), "T", inbox) }
            let broker = try #require(try await cluster.network.brokers(refresh: false).first)
            let answer = try await cluster.network.call(
                broker, Frame(code: RequestCode.getConsumerConnections, fields: [.init("consumerGroup", "G")]),
                milliseconds: 3_000)
            let clients = try answer.json()?["connectionSet"]?.items ?? []
            #expect(Set(clients.compactMap { $0["clientAddr"]?.text }).count == 2)
            for consumer in consumers { consumer.shutdown() }
            guard case .members(let left) = await cluster.ask(.members(group: "G")) else {
                Issue.record("no members told")
                return
            }
            #expect(left.isEmpty)
        }
    }
}
