import CCrypto
import Foundation

/// ACL 1.0's signature of a request (remoting frame, 9): HMAC-SHA1 over the values of its fields in the order of their
/// names, and its body.
public enum Signature {
    public static let accessKeyField = "AccessKey"
    public static let signatureField = "Signature"
    public static let securityTokenField = "SecurityToken"
    /// Clients from 4.9.4 on sign with it, brokers up to 4.9.8 check without it.
    public static let uniqueKeyQueryField = "_UNIQUE_KEY_QUERY"

    /// The bytes that are signed.
    public static func content(
        _ fields: [(name: String, value: String)], body: UnsafeRawBufferPointer, withUniqueKeyQuery: Bool = true
    ) -> [UInt8] {
        // Java keeps a map: the last of a name counts; and orders by UTF-16 units.
        var last: [String: String] = [:]
        for (name, value) in fields where name != signatureField { last[name] = value }
        if !withUniqueKeyQuery { last[uniqueKeyQueryField] = nil }
        var content: [UInt8] = []
        for (_, value) in last.sorted(by: { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }) {
            content.append(contentsOf: value.utf8)
        }
        content.append(contentsOf: body)
        return content
    }

    /// Base64 of the content's HMAC-SHA1 under a secret.
    public static func sign(_ content: [UInt8], secret: String) -> String {
        Data(mac(content, secret)).base64EncodedString()
    }

    /// True when the text is the content's signature. Its time does not depend on where the two differ.
    public static func isValid(_ signature: String, _ content: [UInt8], secret: String) -> Bool {
        let expected = mac(content, secret)
        guard let claimed = Data(base64Encoded: signature), expected.count == 20, claimed.count == 20 else {
            return false
        }
        return CRYPTO_memcmp(Array(claimed), expected, expected.count) == 0
    }

    private static func mac(_ content: [UInt8], _ secret: String) -> [UInt8] {
        let key = Array(secret.utf8)
        return [UInt8](unsafeUninitializedCapacity: 20) { result, count in
            guard let base = result.baseAddress else { return }
            let isMade = sluice_hmac_sha1(key, Int32(key.count), content, content.count, base)
            // Without a result no signature is valid: an empty one compares unequal to any claimed.
            count = isMade == 1 ? 20 : 0
        }
    }
}
