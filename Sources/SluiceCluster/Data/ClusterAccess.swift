import SluiceAPI
import SluiceClient

/// A cluster to work with, over the network.
public final class ClusterAccess: BrokerAccess {
    private let cluster: ClusterConnection
    public let admin: any Admin
    public let connection: any Connection

    /// - Parameter readOnly: why nothing may be changed, as the beginning of a sentence; nil where it may.
    /// - Throws: `.unreachable` when no name server answers, `.invalid` for options that cannot be used.
    public init(_ options: NetworkOptions, readOnly: String? = nil) async throws(APIError) {
        let cluster = try await ClusterConnection.open(options)
        self.cluster = cluster
        connection = readOnly.map { ReadOnlyConnection(inner: cluster, reason: $0) } ?? cluster
        admin = connectionAdmin(connection)
    }

    public func close() { cluster.close() }
}
