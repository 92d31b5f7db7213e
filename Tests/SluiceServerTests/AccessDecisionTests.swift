import SluiceRemoting
import SluiceServer
import Testing

@Suite("Who is let in")
struct AccessDecisionTests {
    private let policy: AccessPolicy

    init() throws {
        policy = try AccessPolicy(
            toml: """
                global_white_addresses = ["10.0.0.*"]
                [[accounts]]
                access_key = "orders-service"
                secret_key = "correct horse"
                white_address = "10.9.9.1"
                topics = { orders = "PUB" }
                [[accounts]]
                access_key = "operator"
                secret_key = "battery staple"
                admin = true
                """)
    }

    @Test("the signatures that RocketMQ makes are taken", arguments: [HeaderType.json, .binary])
    func vectors(_ type: HeaderType) throws {
        // Captured from 4.9.8 (remoting frame, 9).
        let policy = try AccessPolicy(
            toml: """
                [[accounts]]
                access_key = "rocketmq2"
                secret_key = "12345678"
                admin = true
                """)
        let alone = [(name: "AccessKey", value: "rocketmq2"), ("Signature", "Ou1T58RIcyZWaTIwzkhJZWn/Zvs=")]
        let withTopic = [
            (name: "topic", value: "RMQ_SYS_TRANS_HALF_TOPIC"), ("AccessKey", "rocketmq2"),
            ("Signature", "J1MdzNj2AZpGzAPgfQerFhr/cUM="),
        ]
        for fields in [alone, withTopic] {
            let decision = try AccessRequest.decide(policy, RequestCode.getAllTopicConfig, fields, type: type)
            #expect(decision == .allowed(signer: "rocketmq2"))
            let touched = try AccessRequest.decide(policy, RequestCode.getAllTopicConfig, fields, body: "x", type: type)
            #expect(touched == .refused("Check signature failed for accessKey=rocketmq2"))
        }
    }

    @Test("body, values and the security token are signed; an unsigned request gets in nowhere")
    func signature() throws {
        var request = AccessRequest(
            code: RequestCode.sendMessageV2, fields: [("b", "orders"), ("SecurityToken", "t")], body: "{}")
        #expect(try request.decision(policy) == .allowed(signer: "orders-service"))
        for name in ["b", "SecurityToken", "AccessKey"] {
            let touched = request.signed.map { ($0.name, $0.name == name ? $0.value + "x" : $0.value) }
            let decision = try AccessRequest.decide(policy, request.code, touched, body: "{}")
            #expect(decision != .allowed(signer: "orders-service"), "\(name)")
        }
        request.secret = nil
        #expect(try request.refusal(policy) == "Check signature failed for accessKey=orders-service")
        request.accessKey = nil
        #expect(try request.refusal(policy) == "No accessKey is configured")
        let none = try AccessRequest.decide(policy, request.code, [], body: "{}")
        #expect(none == .refused("No accessKey is configured"))
    }

    @Test("an unknown access key is answered like a wrong signature, whatever it is signed with")
    func unknown() throws {
        var request = AccessRequest(code: RequestCode.sendMessageV2, fields: [("b", "orders")], secret: "wrong secret")
        #expect(try request.refusal(policy) == "Check signature failed for accessKey=orders-service")
        request.accessKey = "nobody-here"
        #expect(try request.refusal(policy) == "Check signature failed for accessKey=nobody-here")
        request.secret = "no account has this secret"
        #expect(try request.refusal(policy) == "Check signature failed for accessKey=nobody-here")
        request.accessKey = "\u{1B}[2J\u{202E}" + String(repeating: "a", count: 500)
        let refusal = try request.refusal(policy) ?? ""
        #expect(refusal.contains("=?[2J?aaa") && refusal.count < 120)
    }

    @Test("a white-listed address needs no signature, and proves no access key")
    func whiteAddresses() throws {
        var request = AccessRequest(code: RequestCode.updateBrokerConfig, accessKey: nil, secret: nil)
        request.remote = "10.0.0.77:4000"
        #expect(try request.decision(policy) == .allowed(signer: nil))
        request.accessKey = "operator"
        #expect(try request.decision(policy) == .allowed(signer: nil))
        request.remote = "[::ffff:10.0.0.77]:4000"
        #expect(try request.decision(policy) == .allowed(signer: nil))
        // An account's own address does it for that account alone.
        request.remote = "10.9.9.1:4000"
        request.accessKey = "orders-service"
        #expect(try request.decision(policy) == .allowed(signer: nil))
        for other in ["operator", nil] {
            request.accessKey = other
            #expect(try request.refusal(policy) != nil)
        }
        request.accessKey = "orders-service"
        request.remote = "10.9.9.12:4000"
        #expect(try request.refusal(policy) != nil)
    }

    @Test("a look-up by key may be signed with _UNIQUE_KEY_QUERY or without, other requests only as they are")
    func uniqueKeyQuery() throws {
        let fields = [("topic", "any"), ("key", "k"), ("_UNIQUE_KEY_QUERY", "true")]
        for code in [RequestCode.queryMessage, RequestCode.getMaxOffset] {
            for signsIt in [true, false] {
                var request = AccessRequest(code: code, fields: fields, accessKey: "operator", secret: "battery staple")
                request.signsUniqueKeyQuery = signsIt
                let isAllowed = signsIt || code == RequestCode.queryMessage
                #expect(try (request.refusal(policy) == nil) == isAllowed, "\(code) \(signsIt)")
                request.secret = "battery stapler"
                #expect(try request.refusal(policy) != nil)
            }
        }
    }

    @Test("without accounts and addresses nobody is let in")
    func empty() throws {
        let policy = try AccessPolicy(toml: "")
        #expect(try AccessRequest(code: RequestCode.heartBeat, body: "{}").refusal(policy) != nil)
        #expect(try AccessRequest(code: RequestCode.heartBeat, accessKey: nil).refusal(policy) != nil)
    }

    @Test("what is printed of a policy has no secrets in it")
    func printing() {
        var dumped = ""
        dump(policy, to: &dumped)
        for text in ["\(policy)", String(reflecting: policy), dumped] {
            #expect(text.contains("orders-service"))
            #expect(!text.contains("correct horse") && !text.contains("battery staple"))
        }
    }
}
