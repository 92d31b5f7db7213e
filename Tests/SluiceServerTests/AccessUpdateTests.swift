import SluiceRemoting
import SluiceServer
import Testing

@Suite("Changes of accounts")
struct AccessUpdateTests {
    private let send = AccessRequest(code: RequestCode.sendMessageV2, fields: [("b", "orders")])
    private let pull = AccessRequest(
        code: RequestCode.pullMessage, fields: [("topic", "orders"), ("consumerGroup", "billing")])

    @Test("an account is made, changed in part, and removed")
    func life() throws {
        var policy = try AccessPolicy(toml: "")
        try policy.update(
            accessKey: "orders-service", secretKey: "correct horse", topicPerms: " orders = PUB , audit=SUB,",
            groupPerms: "billing=SUB")
        #expect(policy.version == 1)
        #expect(try send.refusal(policy) == nil)
        #expect(try pull.refusal(policy) != nil)
        // What is not named stays.
        try policy.update(accessKey: "orders-service", topicPerms: "orders=SUB|PUB")
        #expect(try pull.refusal(policy) == nil)
        try policy.update(accessKey: "orders-service", secretKey: "", defaultTopicPerm: "", groupPerms: "")
        #expect(try send.refusal(policy) == nil)
        #expect(try pull.refusal(policy) != nil)
        try policy.update(accessKey: "orders-service", defaultGroupPerm: "SUB")
        #expect(try pull.refusal(policy) == nil)
        try policy.update(accessKey: "orders-service", secretKey: "another secret")
        #expect(try send.refusal(policy) != nil)
        try policy.update(accessKey: "orders-service", whiteRemoteAddress: "192.168.*.*", admin: true)
        #expect(try send.decision(policy) == .allowed(signer: nil))
        try policy.update(accessKey: "orders-service", secretKey: "correct horse", whiteRemoteAddress: "")
        #expect(try send.decision(policy) == .allowed(signer: "orders-service"))
        #expect(try AccessRequest(code: RequestCode.updateAndCreateTopic).refusal(policy) == nil)
        #expect(policy.version == 7)
        #expect(try AccessPolicy(toml: policy.encodedTOML()) == policy)
        try policy.update(accessKey: "second-one", secretKey: "1234567")
        try policy.delete(accessKey: "orders-service")
        #expect(try send.refusal(policy) != nil)
        try policy.update(accessKey: "second-one", defaultTopicPerm: "PUB")
        var second = send
        second.accessKey = "second-one"
        second.secret = "1234567"
        #expect(try second.refusal(policy) == nil)
    }

    @Test("a change that cannot be made changes nothing, and its error tells no secret")
    func refusals() throws {
        let before = try AccessPolicy(
            toml: "[[accounts]]\naccess_key = \"orders-service\"\nsecret_key = \"correct horse\"")
        let changes: [(inout AccessPolicy) throws -> Void] = [
            { try $0.update(accessKey: "short", secretKey: "correct horse") },
            { try $0.update(accessKey: "a new account") },
            { try $0.update(accessKey: "orders-service", secretKey: "horse") },
            { try $0.update(accessKey: "orders-service", defaultTopicPerm: "ALL") },
            { try $0.update(accessKey: "orders-service", topicPerms: "orders") },
            { try $0.update(accessKey: "orders-service", groupPerms: "=SUB") },
            {
                try $0.update(accessKey: "orders-service", whiteRemoteAddress: "10.0", admin: true)
            },
            { try $0.delete(accessKey: "nobody-here") },
            { try $0.setGlobalWhiteAddresses(["10.0.0.1", "x"]) },
        ]
        for (index, change) in changes.enumerated() {
            var policy = before
            let error = #expect(throws: AccessError.self) { try change(&policy) }
            #expect(error?.file == nil && error?.line == nil && error?.description.contains("horse") == false)
            #expect(policy == before, "\(index)")
        }
    }

    @Test("global white addresses are replaced")
    func global() throws {
        var policy = try AccessPolicy(toml: "global_white_addresses = [\"192.168.7.7\"]")
        #expect(try send.refusal(policy) == nil)
        try policy.setGlobalWhiteAddresses(AccessPolicy.addresses("10.0.0.{1,2}, 10.0.1.*,"))
        #expect(try send.refusal(policy) != nil)
        for (remote, isIn) in [("10.0.0.2:1", true), ("10.0.0.3:1", false), ("10.0.1.3:1", true)] {
            var request = send
            request.remote = remote
            #expect(try (request.refusal(policy) == nil) == isIn, "\(remote)")
        }
        try policy.setGlobalWhiteAddresses([""])
        #expect(policy.encodedTOML() == "version = 2\nglobal_white_addresses = []\n")
    }
}
