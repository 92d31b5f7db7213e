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
        let tape = try Tape(name)
        var setting = TapeServer.Setting()
        // A tenth of RocketMQ's delays: the tests wait for them.
        setting.levels = DelayLevels(milliseconds: DelayLevels.standard.milliseconds.map { $0 / 10 })
        let server = try await TapeServer.start(setting)
        let differences = TapeDifferences()
        do {
            let findings = try await Self.replay(tape, on: server, differences)
            for finding in findings { Issue.record("\(finding)") }
            for entry in differences.unused(of: name) { Issue.record("\(entry)") }
        } catch {
            Issue.record(error)
        }
        await server.stop()
    }

    /// Prepares the server and plays the tape.
    /// - Parameter signer: an account that may do everything, where the server asks for one.
    static func replay(
        _ tape: Tape, on server: TapeServer, _ differences: TapeDifferences, signer: Tape.Account? = nil
    ) async throws -> [TapeFinding] {
        let state = try TapeState(tape)
        let preparation = TapePreparation(state: state, server: server, signer: signer)
        let ports = ["namesrv": server.nameServerPort, "broker-a": server.port]
        return try await onThread {
            let mapping = TapeMapping(tape, ports: ports)
            try preparation.prepare(mapping)
            let clients = try preparation.connectClients()
            let replayer = try TapeReplayer(tape, mapping: mapping, differences: differences) { server.port(of: $0) }
            replayer.present = { frame in
                clients.first { name, _ in
                    let groups = state.clients[name]?.consumers.compactMap { $0["groupName"]?.text } ?? []
                    return groups.contains { $0 == frame.frame["consumerGroup"] || $0 == frame.frame["group"] }
                }?.value
            }
            return try replayer.run()
        }
    }
}
