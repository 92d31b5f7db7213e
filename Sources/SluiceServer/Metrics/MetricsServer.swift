import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves metrics to Prometheus, and health to whoever restarts brokers, over HTTP/1.1.
///
/// `GET /metrics` answers with the metrics' text, `GET /healthz` with 200 and `ok` or with 503 and the reason, other paths
/// are not found, and other methods are not allowed. There is neither TLS nor a log-in: it belongs on an address that
/// only those reach who may read it.
public final class MetricsServer: Sendable {
    /// Connections at the same time; one more is closed at once.
    public static let maxConnections = 64
    /// Bytes of a request's line and header fields; a request with more is answered with 400 and its connection closed.
    public static let maxHeadBytes = 16 << 10
    /// Seconds that a connection may take until a request is there as a whole, or an answer is taken.
    public static let idleSeconds: Int64 = 30

    private let channel: any Channel
    private let connections: MetricsConnections
    /// Where it listens: the port that was asked for, or the one that the system chose.
    public let boundPort: Int

    private init(_ channel: any Channel, _ connections: MetricsConnections, _ port: Int) {
        self.channel = channel
        self.connections = connections
        boundPort = port
    }

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - address: a numeric address or a host name to listen on.
    ///   - port: 0 lets the system choose.
    ///   - group: an event loop group of NIOPosix; it is not shut down here.
    ///   - metrics: makes the text; it is asked anew for every request.
    ///   - health: whether all is well, and the reason where it is not.
    /// - Throws: NIO's error when the address cannot be listened on.
    public static func start(
        address: String, port: Int, group: any EventLoopGroup, metrics: @escaping @Sendable () async -> String,
        health: @escaping @Sendable () async -> (ok: Bool, text: String)
    ) async throws -> MetricsServer {
        try await start(
            address, port, group, MetricsPages(metrics: metrics, health: health), maxConnections: maxConnections,
            idle: .seconds(idleSeconds))
    }

    static func start(
        _ address: String, _ port: Int, _ group: any EventLoopGroup, _ pages: MetricsPages, maxConnections: Int,
        idle: TimeAmount
    ) async throws -> MetricsServer {
        guard let bootstrap = ServerBootstrap(validatingGroup: group) else { throw ChannelError.operationUnsupported }
        let connections = MetricsConnections(limit: maxConnections)
        let channel =
            try await bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = maxHeadBytes
                    limits.maxHeaderListSize = maxHeadBytes
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
                    try pipeline.addHandler(MetricsConnection(pages, connections, idle: idle))
                }
            }
            .bind(host: address, port: port).get()
        return MetricsServer(channel, connections, channel.localAddress?.port ?? port)
    }

    /// Takes no more connections and closes those that there are.
    public func stop() async {
        try? await channel.close()
        for connection in connections.stop() { try? await connection.close() }
    }
}
