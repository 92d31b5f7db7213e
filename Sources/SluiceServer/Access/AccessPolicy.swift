import SluiceRemoting

/// Who may do what: accounts and white-listed addresses of RocketMQ's ACL 1.0 (remoting frame, 9).
///
/// A TOML file holds them; without accounts and addresses nobody is let in:
///
///     global_white_addresses = ["10.0.0.*"]
///
///     [[accounts]]
///     access_key = "orders-service"
///     secret_key = "correct horse"
///     white_address = "10.0.1.{7,8}"
///     admin = false
///     default_topic = "DENY"
///     default_group = "SUB"
///     topics = { orders = "PUB|SUB" }
///     groups = { billing = "SUB" }
///
/// Requests of a white-listed address may do everything without a signature, and so may those with the access key of an
/// account whose `white_address` the peer has: that is what RocketMQ means by them, so they are for closed networks.
public struct AccessPolicy: Sendable, Equatable {
    /// How often the accounts were changed, from 0 on (GET_BROKER_CLUSTER_ACL_INFO; requests, 6). The file keeps it.
    public internal(set) var version: Int64 = 0
    var globalWhite: [AddressPattern] = []
    /// In the order of the file.
    var accounts: [AccessAccount] = []
    /// The account's place by its access key.
    private(set) var places: [String: Int] = [:]

    init() {}

    /// Keeps ``places`` true after accounts came or went.
    mutating func index() {
        places = Dictionary(uniqueKeysWithValues: accounts.enumerated().map { ($1.accessKey, $0) })
    }

    /// What becomes of a request.
    public enum Decision: Sendable, Equatable {
        /// - Parameter signer: access key of the account that signed it; nil when a white-listed address sent it, in which
        ///   case nothing proves an access key that it may carry.
        case allowed(signer: String?)
        /// - Parameter reason: for the peer; it tells no secrets, nor whether there is an account.
        case refused(_ reason: String)
    }

    /// Decides in RocketMQ's order: global white addresses, access key present, account's white address, signature,
    /// permissions. An unknown access key goes the way of a wrong signature and gets its answer.
    ///
    /// - Parameters:
    ///   - header: a request's, just read.
    ///   - body: the request's body, which is signed too.
    ///   - remoteAddress: the peer as `ip:port`.
    public func decision(
        _ header: HeaderReader, body: UnsafeRawBufferPointer, remoteAddress: String
    ) -> Decision {
        if !globalWhite.isEmpty {
            let remote = NetworkAddress(peer: remoteAddress)
            if globalWhite.contains(where: { $0.matches(remote) }) { return .allowed(signer: nil) }
        }
        // The names are those of Signature, as literals that the header finds without an allocation.
        guard let key = header["AccessKey"]?.text else { return .refused("No accessKey is configured") }
        let account = places[key].map { accounts[$0] }
        if let account, !account.white.isBlank, account.white.matches(NetworkAddress(peer: remoteAddress)) {
            return .allowed(signer: nil)
        }
        let isSigned = Self.isSigned(header, body, secret: account?.secretKey ?? Self.decoy)
        guard let account, isSigned else {
            return .refused("Check signature failed for accessKey=\(Self.shown(key))")
        }
        if AccessNeeds.adminCodes.contains(header.code), !account.isAdmin {
            return .refused("Need admin permission for request code=\(header.code): accessKey=\(key) is no admin")
        }
        do throws(AccessNeeds.Unclear) {
            if let reason = account.refusal(try AccessNeeds.of(header, body)) { return .refused(reason) }
        } catch {
            return .refused(error.reason)
        }
        return .allowed(signer: key)
    }

    /// Nil when the request is allowed, else the sentence why not; see ``decision(_:body:remoteAddress:)``.
    public func refusal(
        _ header: HeaderReader, body: UnsafeRawBufferPointer, remoteAddress: String
    ) -> String? {
        guard case .refused(let reason) = decision(header, body: body, remoteAddress: remoteAddress) else { return nil }
        return reason
    }

    /// The access key of the account that signed an allowed request, for an audit; nil for one that a white-listed
    /// address sent, and for one that is refused.
    public func signer(
        _ header: HeaderReader, body: UnsafeRawBufferPointer, remoteAddress: String
    ) -> String? {
        guard case .allowed(let signer) = decision(header, body: body, remoteAddress: remoteAddress) else { return nil }
        return signer
    }

    // MARK: Signatures

    /// What unknown access keys are checked with, so that they cost what known ones cost. That a request is signed with
    /// it helps nobody: there is no account then.
    private static let decoy = "no account has this secret"

    private static func isSigned(_ header: HeaderReader, _ body: UnsafeRawBufferPointer, secret: String) -> Bool {
        let signature = header["Signature"]?.text ?? ""
        let fields = header.texts()
        if Signature.isValid(signature, Signature.content(fields, body: body), secret: secret) { return true }
        // Look-ups by key were signed without this field before 4.9.4 (remoting frame, 9).
        guard header.code == RequestCode.queryMessage, header["_UNIQUE_KEY_QUERY"] != nil else { return false }
        let content = Signature.content(fields, body: body, withUniqueKeyQuery: false)
        return Signature.isValid(signature, content, secret: secret)
    }

    /// An access key that nothing proves, fit for an answer and for a log.
    private static func shown(_ key: String) -> String {
        String(String.UnicodeScalarView(key.unicodeScalars.prefix(64).map { $0.properties.isGraphic ? $0 : "?" }))
    }
}

extension Unicode.Scalar.Properties {
    /// Neither a control character nor one that turns the direction of writing.
    fileprivate var isGraphic: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
