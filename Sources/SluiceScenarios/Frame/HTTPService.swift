import NIOCore
import NIOHTTP1
import NIOPosix

/// A request as a handler gets it: whole, with the way to answer it.
struct HTTPExchange: Sendable {
    let method: HTTPMethod
    /// Path without a query.
    let path: String
    let body: [UInt8]
    /// Runs the timers of a service that is slow.
    let eventLoop: any EventLoop
    fileprivate let reply: @Sendable (HTTPResponseStatus, String) -> Void

    /// Answers, from any thread; to be called once.
    func answer(_ status: HTTPResponseStatus, _ text: String = "") { reply(status, text) }
}

/// A small HTTP server on the loopback address.
final class HTTPService: Sendable {
    let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// - Parameter handler: called on an event loop, which it must not block.
    init(_ handler: @escaping @Sendable (HTTPExchange) -> Void) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            channel = try ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .childChannelInitializer { channel in
                    channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                        try channel.pipeline.syncOperations.addHandler(HTTPServiceHandler(handler))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).wait()
            port = channel.localAddress?.port ?? 0
        } catch {
            try? group.syncShutdownGracefully()
            throw error
        }
    }

    /// Closes the port and all connections.
    func stop() {
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
    }
}

/// Gathers a request and hands it on. A body is 64 KiB at most.
private final class HTTPServiceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let handler: @Sendable (HTTPExchange) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private static let limit = 65_536

    init(_ handler: @escaping @Sendable (HTTPExchange) -> Void) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer):
            body.append(contentsOf: buffer.readableBytesView)
            if body.count > Self.limit { context.close(promise: nil) }
        case .end:
            guard let head else { return }
            self.head = nil
            let channel = context.channel
            let path = String(head.uri.prefix { $0 != "?" })
            handler(
                HTTPExchange(
                    method: head.method, path: path, body: body, eventLoop: context.eventLoop,
                    reply: { Self.write($0, $1, keepAlive: head.isKeepAlive, to: channel) }))
        }
    }

    private static func write(_ status: HTTPResponseStatus, _ text: String, keepAlive: Bool, to channel: any Channel) {
        let bytes = ByteBuffer(string: text)
        let headers: HTTPHeaders = [
            "Content-Length": "\(bytes.readableBytes)", "Connection": keepAlive ? "keep-alive" : "close",
        ]
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(bytes)), promise: nil)
        let sent = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !keepAlive { sent.whenComplete { _ in channel.close(promise: nil) } }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
