/// How to reach a cluster.
public struct NetworkOptions: Sendable {
    /// `host:port` of each name server; a Sluice broker is its own.
    public var nameServers: [String]
    /// Nil speaks plainly.
    public var tls: NetworkTLS?
    /// Nil signs nothing.
    public var credentials: Credentials?
    /// How long to wait for an answer where the caller does not say.
    public var requestMilliseconds = 3_000
    public var connectMilliseconds = 3_000
    /// How often brokers and routes are asked for anew.
    public var refreshMilliseconds = 30_000
    public var heartbeatMilliseconds = 30_000
    public var backoff = Backoff()
    /// The folder for the audit of what is done by hand on brokers that keep none; nil keeps none here either.
    public var stateFolder: String?

    public init(nameServers: [String]) { self.nameServers = nameServers }
}

/// TLS as a client speaks it.
public struct NetworkTLS: Sendable {
    /// PEM file of certificates to trust; nil trusts what the system does.
    public var trust: String?
    /// False takes any certificate, as RocketMQ's own clients do unless told otherwise.
    public var verifies: Bool
    /// PEM files of the client's own certificate and key, where the broker asks for one.
    public var certificate: String?
    public var key: String?

    public init(trust: String? = nil, verifies: Bool = true, certificate: String? = nil, key: String? = nil) {
        self.trust = trust
        self.verifies = verifies
        self.certificate = certificate
        self.key = key
    }
}

/// An account of ACL 1.0.
public struct Credentials: Sendable {
    public var accessKey: String
    public var secretKey: String
    public var securityToken: String?

    public init(accessKey: String, secretKey: String, securityToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.securityToken = securityToken
    }
}

/// How long to leave a peer alone that cannot be reached: doubling, with jitter so that many clients do not come back at
/// the same moment.
public struct Backoff: Sendable {
    public var firstMilliseconds: Int64 = 100
    public var mostMilliseconds: Int64 = 10_000

    public init() {}

    /// - Parameters:
    ///   - attempt: failed attempts before, from 0.
    ///   - chance: 0..<1; the pause is between half of its full length and all of it.
    public func milliseconds(attempt: Int, chance: Double) -> Int64 {
        let full = min(mostMilliseconds, firstMilliseconds << min(max(attempt, 0), 20))
        return full / 2 + Int64(Double(full - full / 2) * chance)
    }
}
