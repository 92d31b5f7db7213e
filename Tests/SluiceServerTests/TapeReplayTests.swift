import SluiceRemoting
import SluiceTapes
import Testing

@testable import SluiceBroker

/// Tapes of one broker, each against a server of its own.
@Suite("Replayed tapes", .serialized)
struct TapeReplayTests {
    /// Tapes that need more than the state they show: two brokers, accounts.
    static let tapes = Tape.all.filter { name in
        !name.contains("/state-") && !name.contains("/acl-")
    }

    @Test("our server answers like RocketMQ's", arguments: tapes)
    func replay(_ name: String) async throws {
        var setting = TapeServer.Setting()
        // A tenth of RocketMQ's delays: the tests wait for them.
        setting.levels = DelayLevels(milliseconds: DelayLevels.standard.milliseconds.map { $0 / 10 })
        try await TapeServer.run(setting) { try Self.replay(Tape(name), on: $0) }
    }

    /// Prepares the server and plays the tape; records what differs.
    /// - Parameter signer: an account that may do everything, where the server asks for one.
    static func replay(_ tape: Tape, on server: TapeServer, signer: Tape.Account? = nil) throws {
        let state = try TapeState(tape)
        let preparation = TapePreparation(state: state, server: server, signer: signer)
        let mapping = TapeMapping(tape, ports: ["namesrv": server.nameServerPort, "broker-a": server.port])
        try preparation.prepare(mapping)
        let clients = try preparation.connectClients()
        let differences = TapeDifferences()
        let replayer = try TapeReplayer(tape, mapping: mapping, differences: differences) { server.port(of: $0) }
        replayer.present = { taped in
            clients.first { name, _ in
                let groups = state.clients[name]?.consumers.compactMap { $0["groupName"]?.text } ?? []
                return groups.contains { $0 == taped.frame["consumerGroup"] || $0 == taped.frame["group"] }
            }?.value
        }
        for finding in try replayer.run() { Issue.record("\(finding)") }
    }
}
