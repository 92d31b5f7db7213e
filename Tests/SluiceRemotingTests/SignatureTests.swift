import SluiceRemoting
import SluiceTapes
import Testing

/// Signatures of requests (remoting frame, 9).
@Suite("Signatures")
struct SignatureTests {
    private func content(
        _ fields: [(name: String, value: String)], body: [UInt8] = [], withUniqueKeyQuery: Bool = true
    ) -> [UInt8] {
        body.withUnsafeBytes { Signature.content(fields, body: $0, withUniqueKeyQuery: withUniqueKeyQuery) }
    }

    @Test("RocketMQ's own vectors") func vectors() {
        let secret = "12345678"
        let key = content([("AccessKey", "rocketmq2")])
        #expect(Signature.sign(key, secret: secret) == "Ou1T58RIcyZWaTIwzkhJZWn/Zvs=")
        let topic = content([("topic", "RMQ_SYS_TRANS_HALF_TOPIC"), ("AccessKey", "rocketmq2")])
        #expect(Signature.sign(topic, secret: secret) == "J1MdzNj2AZpGzAPgfQerFhr/cUM=")
        #expect(Signature.isValid("J1MdzNj2AZpGzAPgfQerFhr/cUM=", topic, secret: secret))
        for wrong in ["", "J1Md", "Ou1T58RIcyZWaTIwzkhJZWn/Zvs=", "not base64!", "J1MdzNj2AZpGzAPgfQerFhr/cUM"] {
            #expect(!Signature.isValid(wrong, topic, secret: secret), "\(wrong)")
        }
        #expect(!Signature.isValid("J1MdzNj2AZpGzAPgfQerFhr/cUM=", topic, secret: "12345679"))
    }

    @Test("values in the order that Java gives their names, then the body") func order() {
        let fields = [("b", "2"), ("Signature", "x"), ("a", "1"), ("B", "0"), ("b", "3")]
        #expect(content(fields, body: [33]) == Array("013!".utf8))
        // By UTF-16 units a pair of surrogates comes before U+FF5E.
        #expect(content([("\u{FF5E}", "b"), ("😀", "a")]) == Array("ab".utf8))
        #expect(content([("SecurityToken", "t"), ("AccessKey", "k")]) == Array("kt".utf8))
    }

    @Test("the field that brokers up to 4.9.8 leave out") func uniqueKeyQuery() {
        let fields = [("key", "k"), (Signature.uniqueKeyQueryField, "false")]
        #expect(content(fields) == Array("falsek".utf8))
        #expect(content(fields, withUniqueKeyQuery: false) == Array("k".utf8))
    }

    @Test("what RocketMQ's clients signed", arguments: Tape.all.filter { $0.contains("/acl-") })
    func signed(_ name: String) throws {
        let tape = try Tape(name)
        let secrets = Dictionary(
            uniqueKeysWithValues: (tape.meta.acl?.accounts ?? []).map { ($0.accessKey, $0.secretKey) })
        let frames = try tape.frames()
        for taped in frames where taped.isRequest && taped.isFromClient && taped.peer == "broker-a" {
            guard let key = taped.frame[Signature.accessKeyField], let secret = secrets[key],
                let signature = taped.frame[Signature.signatureField]
            else { continue }
            let fields = (taped.frame.fields ?? []).map { ($0.name, $0.value) }
            let isValid = Signature.isValid(signature, content(fields, body: taped.frame.body), secret: secret)
            let answer = taped.partner.map { frames[$0].frame }
            // The broker of 4.9.8 refuses every query by key that its own clients sign.
            let isQuery = taped.frame[Signature.uniqueKeyQueryField] != nil
            #expect(isValid != (answer?.remark?.contains("Check signature failed") == true) || isQuery)
            // One producer had a wrong secret: its signatures are in the tape too.
            #expect(isValid || name == "4.9.8/acl-client")
        }
    }
}
