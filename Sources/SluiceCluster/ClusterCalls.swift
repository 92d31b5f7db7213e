import SluiceAPI
import SluiceRemoting

/// A broker of a cluster, by its master.
public struct ClusterBroker: Sendable, Hashable {
    /// Its number on this connection, counted from 0 in the order of names as they were first seen; it never changes
    /// while the connection lives (``ClusterQueue``).
    public let index: Int
    public let name: String
    public let cluster: String
    /// `host:port` of the master.
    public let address: String
    /// Ours, or which RocketMQ.
    public let kind: BrokerKind

    public init(index: Int, name: String, cluster: String, address: String, kind: BrokerKind) {
        self.index = index
        self.name = name
        self.cluster = cluster
        self.address = address
        self.kind = kind
    }
}

/// Single requests to the brokers and name servers of a cluster. What an operator sees and does is built on this alone, so
/// that recorded conversations can stand in for the network.
public protocol ClusterCalls: Sendable {
    /// The brokers with a master, known from the name servers; asked again after `refresh`.
    func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker]
    /// One request and its answer, whatever its code says. The opaque is set here.
    /// - Throws: `.unreachable` naming the address and whether it refused, closed or ran out of time; the request may have
    ///   been carried out nevertheless.
    func call(_ broker: ClusterBroker, _ request: Frame, milliseconds: Int) async throws(APIError) -> Frame
    /// As ``call(_:_:milliseconds:)``, of any name server that answers.
    func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame
}
