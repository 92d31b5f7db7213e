import SluiceRemoting

@testable import SluiceServer

/// A request as a client would sign and send it, and what a policy says to it.
struct AccessRequest {
    var code: Int32
    /// Without what belongs to the signature.
    var fields: [(String, String)] = []
    var body = ""
    var accessKey: String? = "orders-service"
    /// Nil sends no signature.
    var secret: String? = "correct horse"
    var signsUniqueKeyQuery = true
    var type = HeaderType.json
    var remote = "192.168.7.7:50123"

    /// The fields that are sent, with the signature over them.
    var signed: [(name: String, value: String)] {
        var all = fields.map { (name: $0.0, value: $0.1) }
        if let accessKey { all.append(("AccessKey", accessKey)) }
        guard let secret else { return all }
        var body = body
        let content = body.withUTF8 {
            Signature.content(all, body: UnsafeRawBufferPointer($0), withUniqueKeyQuery: signsUniqueKeyQuery)
        }
        all.append(("Signature", Signature.sign(content, secret: secret)))
        return all
    }

    func decision(_ policy: AccessPolicy) throws -> AccessPolicy.Decision {
        try Self.decide(policy, code, signed, body: body, type: type, remote: remote)
    }

    func refusal(_ policy: AccessPolicy) throws -> String? {
        guard case .refused(let reason) = try decision(policy) else { return nil }
        return reason
    }

    /// Sends fields as they are through the wire's form.
    static func decide(
        _ policy: AccessPolicy, _ code: Int32, _ fields: [(name: String, value: String)], body: String = "",
        type: HeaderType = .json, remote: String = "192.168.7.7:50123"
    ) throws -> AccessPolicy.Decision {
        let frame = Frame(
            code: code, fields: fields.map { .init($0.name, $0.value) }, body: Array(body.utf8), type: type)
        return try frame.encoded().withUnsafeBytes { bytes in
            guard case .frame(let type, let header, let body) = FrameScanner.scan(bytes) else { throw NoFrame() }
            let reader = HeaderReader()
            try reader.read(UnsafeRawBufferPointer(rebasing: bytes[header]), type)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[body])
            let decision = policy.decision(reader, body: rest, remoteAddress: remote)
            // The two short forms say the same.
            let refusal = policy.refusal(reader, body: rest, remoteAddress: remote)
            let signer = policy.signer(reader, body: rest, remoteAddress: remote)
            switch decision {
            case .allowed(let expected): guard refusal == nil, signer == expected else { throw Contradiction() }
            case .refused(let reason): guard refusal == reason, signer == nil else { throw Contradiction() }
            }
            return decision
        }
    }

    struct NoFrame: Error {}
    struct Contradiction: Error {}
}
