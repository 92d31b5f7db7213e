import Foundation
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import SluiceServer
import SluiceStorage
import Synchronization
import Testing

@testable import SluiceBroker
@testable import SluiceClient
@testable import SluiceCluster

/// A connection whose brokers refuse to take messages back.
private struct RefusingConnection: Connection {
    let inner: ClusterConnection
    var localAddress: String { inner.localAddress }
    func submit(_ request: Request, _ reply: @escaping Reply) {
        guard case .sendBack = request else { return inner.submit(request, reply) }
        let answer = Frame(
            code: ResponseCode.subscriptionGroupNotExist, flag: 1, remark: "subscription group not exist")
        guard case .failure(let error) = CallAnswer.sentBack(.success(answer), "127.0.0.1:1") else {
            return reply(.done)
        }
        reply(.failed(error))
    }
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch { try await inner.read(request) }
    func readQueues(of topic: String, _ reply: @escaping @Sendable (Result<[QueueID], APIError>) -> Void) {
        inner.readQueues(of: topic, reply)
    }
    func sendAgain(_ message: StoredMessage, group: String, _ reply: @escaping Reply) {
        inner.sendAgain(message, group: group, reply)
    }
}

/// What a client on the network does by itself.
@Suite(.serialized) struct ClusterClientTests {
    /// A stock broker answers 26 for a group that it does not know: the message is stored again by the client.
    @Test func whatABrokerRefusesToTakeBackComesAgain() async throws {
        var setting = ClusterServer.Setting()
        setting.isCompatible = true
        setting.levels = DelayLevels(milliseconds: [Int64](repeating: 50, count: 18))
        try await withCluster([setting]) { cluster, _ in
            try await cluster.make("T", queues: 1)
            let inbox = Inbox()
            let consumer = PushConsumer(RefusingConnection(inner: cluster), ConsumerOptions(group: "G")) { messages in
                inbox.add(messages)
                return inbox.all.count < 3 ? .retryLater : .success
            }
            try consumer.subscribe("T")
            try consumer.start()
            defer { consumer.shutdown() }
            _ = try await Producer(cluster).send("T", "again")
            try await eventually("it came three times") { inbox.all.count == 3 }
            let all = inbox.all
            #expect(all.map(\.reconsumeTimes) == [0, 1, 2])
            #expect(
                Set(all.map(\.id)).count == 1 && all.allSatisfy { $0.topic == "T" && $0.body == Array("again".utf8) })
            #expect(all.last?.property(PropertyName.originMessageID) == all.first?.offsetID)
        }
    }

    @Test func onlyAMessageThatIsNotThereIsGone() {
        func code(_ code: Int32) -> APIError.Code? {
            guard case .failure(let error) = CallAnswer.sentBack(.success(Frame(code: code, flag: 1)), "a:1") else {
                return nil
            }
            return error.code
        }
        #expect(code(ResponseCode.success) == nil)
        #expect(code(ResponseCode.subscriptionGroupNotExist) == .refused)
        #expect(code(ResponseCode.systemError) == .refused)
        #expect(code(ResponseCode.noPermission) == .refused)
        #expect(code(ResponseCode.queryNotFound) == .notFound)
        #expect(code(ResponseCode.serviceNotAvailable) == .unavailable)
    }

    /// Positions go by the brokers' names: a later connection may number them otherwise.
    @Test func broadcastPositionsSurviveARestartWithTheBrokersRenumbered() async throws {
        let file = FileManager.default.temporaryDirectory.path + "/positions-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let names = [["broker-a", "broker-b"], ["broker-b", "broker-a"]]
        for (round, names) in names.enumerated() {
            let positions = PositionFile(file) { names.indices.contains($0 >> 16) ? names[$0 >> 16] : nil }
            let (a, b) = (round == 0 ? 0 : 1 << 16, round == 0 ? 1 << 16 : 0)
            if round == 0 {
                positions.keep([QueueID("T", a): 5, QueueID("T", b): 9, QueueID("T", 7 << 16): 1])
                positions.write()
            }
            #expect(positions.position(QueueID("T", a)) == 5)
            #expect(positions.position(QueueID("T", b)) == 9)
            #expect(positions.position(QueueID("T", 7 << 16)) == nil, "of a broker nobody knows")
        }
    }

    @Test func aBroadcastConsumerGoesOnWhereItWasOnEachBroker() async throws {
        let file = FileManager.default.temporaryDirectory.path + "/positions-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        var other = ClusterServer.Setting()
        other.name = "broker-b"
        try await withCluster([.init(), other]) { cluster, servers in
            try await cluster.make("T", queues: 2)
            var options = ConsumerOptions(group: "G", model: .broadcasting)
            options.positionFile = file
            let (one, two) = (Inbox(), Inbox())
            let first = try consumer(cluster, options, "T", one)
            let producer = Producer(cluster)
            for number in 0..<20 { _ = try await producer.send("T", "\(number)") }
            try await eventually("all came") { Set(one.texts).count == 20 }
            #expect(Set(one.all.map { ClusterQueue.broker($0.queue) }) == [0, 1])
            first.shutdown()
            for number in 20..<30 { _ = try await producer.send("T", "\(number)") }
            // Another connection, as after a restart of the program.
            let again = try await ClusterConnection.open(NetworkOptions(nameServers: [servers[0].address]))
            defer { again.close() }
            let second = try consumer(again, options, "T", two)
            try await eventually("what was new came") { two.all.count >= 10 }
            second.shutdown()
            #expect(Set(two.texts) == Set((20..<30).map(String.init)), "and nothing that was seen before")
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains("\"broker-b\""))
        }
    }

    // MARK: TLS

    private static let hasOpenSSL = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// A certificate that signs itself, for 127.0.0.1, with its key.
    private static func makeCertificate(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=sluice-test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
            folder + "/key.pem", "-out", folder + "/cert.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw APIError(.failed, "openssl made no certificate") }
    }

    @Test(.enabled(if: hasOpenSSL, "openssl is not installed")) func aClientSpeaksTLS() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/tls-\(UUID().uuidString)"
        try Self.makeCertificate(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var tls = TLSOptions()
        tls.mode = .enforcing
        (tls.certificate, tls.key) = (folder + "/cert.pem", folder + "/key.pem")
        var setting = ClusterServer.Setting()
        setting.tls = tls
        let server = try await ClusterServer.start(setting)
        try await withTaskExecutorPreference(OwnThread()) {
            var options = NetworkOptions(nameServers: [server.address])
            options.requestMilliseconds = 2_000
            // Plainly, or trusting only what the system does, nobody gets in.
            for tls in [nil, NetworkTLS()] {
                options.tls = tls
                let refused = options
                let error = await #expect(throws: APIError.self) {
                    let connection = try await ClusterConnection.open(refused)
                    connection.close()
                }
                #expect(error?.code == .unreachable)
            }
            // By its own certificate, or asking for none.
            for tls in [NetworkTLS(trust: folder + "/cert.pem"), NetworkTLS(verifies: false)] {
                options.tls = tls
                let connection = try await ClusterConnection.open(options)
                defer { connection.close() }
                let inbox = Inbox()
                let name = "T-\(tls.verifies)"
                try await connection.make(name, queues: 1)
                let consumer = try consumer(connection, ConsumerOptions(group: "G"), name, inbox)
                defer { consumer.shutdown() }
                _ = try await Producer(connection).send(name, "in secret")
                try await eventually("it came") { inbox.texts == ["in secret"] }
            }
        }
        await server.stop()
        server.remove()
    }
}
