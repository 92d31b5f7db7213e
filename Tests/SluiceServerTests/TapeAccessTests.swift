import SluiceRemoting
import SluiceTapes
import Testing

/// Tapes of a broker that asks for signatures.
@Suite("Replayed tapes with accounts", .serialized)
struct TapeAccessTests {
    static let tapes = Tape.all.filter { $0.contains("/acl-") }

    @Test("whom RocketMQ lets in, and whom it does not", arguments: tapes)
    func replay(_ name: String) async throws {
        let tape = try Tape(name)
        let accounts = try #require(tape.meta.acl?.accounts)
        var setting = TapeServer.Setting()
        setting.accounts = try Self.file(of: accounts) + Self.deleted(on: tape)
        let admin = accounts.first { $0.admin }
        try await TapeServer.run(setting) { try TapeReplayTests.replay(tape, on: $0, signer: admin) }
    }

    /// The tape's accounts as an access file.
    private static func file(of accounts: [Tape.Account]) -> String {
        accounts.map { account in
            """
            [[accounts]]
            access_key = "\(account.accessKey)"
            secret_key = "\(account.secretKey)"
            admin = \(account.admin)
            topics = { \(table(account.topicPerms)) }
            groups = { \(table(account.groupPerms)) }

            """
        }.joined()
    }

    /// `name=PUB|SUB` as TOML has it.
    private static func table(_ permissions: [String]?) -> String {
        (permissions ?? []).map { permission in
            let parts = permission.split(separator: "=")
            return "\"\(parts[0])\" = \"\(parts[1])\""
        }.joined(separator: ", ")
    }

    /// An account that the tape deletes was made before it began.
    private static func deleted(on tape: Tape) throws -> String {
        let request = try tape.frames().first { $0.isRequest && $0.frame.code == RequestCode.deleteACLConfig }
        guard let key = request?.frame["accessKey"] else { return "" }
        return "[[accounts]]\naccess_key = \"\(key)\"\nsecret_key = \"1234567890\"\n"
    }
}
