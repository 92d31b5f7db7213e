import SluiceRemoting
import SluiceTapes
import Testing

/// The tapes that build a state on two brokers, look at it, and change it.
@Suite("Replayed state of two brokers")
struct TapeStateTests {
    @Test("one tape after the other") func replay() async throws {
        let second = try await TapeServer.start(TapeServer.Setting(brokerName: "broker-b"))
        try await TapeServer.run { try TapeStateRun($0, second).run() }
        await second.stop()
    }
}

/// One thread's work: all tapes, with what each one leaves for the next.
final class TapeStateRun {
    static let tapes = Tape.all.filter { $0.hasPrefix("4.9.8/state-") }

    private let first: TapeServer
    private let second: TapeServer
    private let differences = TapeDifferences()
    /// For what broker-b has to say to the name server.
    private let toBroker: TapeConnection
    private let toNameServer: TapeConnection
    /// Connections that a tape leaves open: an online group's among them.
    private var left: [TapeConnection] = []

    init(_ first: TapeServer, _ second: TapeServer) throws {
        self.first = first
        self.second = second
        toBroker = try TapeConnection(port: second.port)
        toNameServer = try TapeConnection(port: first.nameServerPort)
    }

    /// Records what differs.
    func run() throws {
        let tapes = try Self.tapes.map { try Tape($0) }.sorted { $0.meta.startedMs < $1.meta.startedMs }
        let setup = try #require(tapes.first)
        let ports = ["namesrv": first.nameServerPort, "broker-a": first.port, "broker-b": second.port]
        let mapping = TapeMapping(setup, ports: ports)
        for tape in tapes {
            let replayer = try TapeReplayer(tape, mapping: mapping, differences: differences) { [first, second] peer in
                (peer.hasPrefix("broker-b") ? second : first).port(of: peer)
            }
            replayer.beforeNameServer = { [self] in try register() }
            for finding in try replayer.run() { Issue.record("\(finding)") }
            left += replayer.connections.filter { !replayer.ended.contains($0.key) }.map(\.value)
        }
    }

    /// The second broker tells the first one's name server what it has, as one in a process of its own would.
    private func register() throws {
        let topics = try JSONParser.parse(toBroker.expect(RequestCode.getAllTopicConfig).body)
        try toNameServer.expect(
            RequestCode.registerBroker,
            [
                "brokerId": "0", "clusterName": "DefaultCluster", "brokerAddr": "127.0.0.1:\(second.port)",
                "haServerAddr": "127.0.0.1:1", "brokerName": "broker-b",
            ], body: ["filterServerList": [], "topicConfigSerializeWrapper": topics])
    }
}
