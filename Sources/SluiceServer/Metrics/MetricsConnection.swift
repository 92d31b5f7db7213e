import NIOCore
import NIOHTTP1

/// One HTTP connection: answers one request after the other; NIO's handlers in front of it keep back what a client sends
/// ahead. It lives on its event loop.
final class MetricsConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: MetricsPages
    private let connections: MetricsConnections
    private let idle: TimeAmount
    /// The request that is coming in.
    private var request: HTTPRequestHead?
    private var deadline: Scheduled<Void>?
    /// Requests are answered: false once the last answer is written.
    private var isServing = false

    init(_ pages: MetricsPages, _ connections: MetricsConnections, idle: TimeAmount) {
        self.pages = pages
        self.connections = connections
        self.idle = idle
    }

    func channelActive(context: ChannelHandlerContext) {
        guard connections.add(context.channel) else { return context.close(promise: nil) }
        isServing = true
        setDeadline(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isServing = false
        deadline?.cancel()
        connections.remove(context.channel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What cannot be parsed was answered with 400 by NIO's handler.
        context.close(promise: nil)
    }

    /// The time for the next request, or for taking an answer, begins. Single bytes do not begin it anew, or somebody
    /// could hold all connections with hardly any traffic.
    private func setDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: idle) { channel.close(promise: nil) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isServing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if Self.hasBody(head) {
                refuseBody(head, context)
            } else {
                request = head
            }
        case .body: break
        case .end:
            guard let head = request else { return }
            request = nil
            answer(head, context)
        }
    }

    private static func hasBody(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "transfer-encoding") || head.headers["content-length"].contains { $0 != "0" }
    }

    /// Nothing here has a use for a body: it is not waited for, and the connection cannot go on behind it.
    private func refuseBody(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let status: HTTPResponseStatus = head.method == .GET ? .payloadTooLarge : .methodNotAllowed
        let page = MetricsPages.Page(status: status, text: "no body is taken here\n")
        write(page, head, isLast: true, context)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        setDeadline(context)
        let page = context.eventLoop.makeFutureWithTask { [pages] in await pages.page(head.method, head.uri) }
        page.assumeIsolated().whenSuccess { page in
            // The client may have gone while the page was made.
            guard self.isServing else { return }
            self.write(page, head, isLast: !head.isKeepAlive, context)
        }
    }

    private func write(
        _ page: MetricsPages.Page, _ request: HTTPRequestHead, isLast: Bool, _ context: ChannelHandlerContext
    ) {
        setDeadline(context)
        if isLast { isServing = false }
        let body = context.channel.allocator.buffer(string: page.text)
        var headers: HTTPHeaders = [
            "content-type": page.contentType, "content-length": String(body.readableBytes), "cache-control": "no-store",
        ]
        if page.status == .methodNotAllowed { headers.add(name: "allow", value: "GET") }
        // Clients of HTTP/1.0 expect to be told that a connection stays.
        if isLast || request.version == .http1_0 {
            headers.add(name: "connection", value: isLast ? "close" : "keep-alive")
        }
        let head = HTTPResponseHead(version: request.version, status: page.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        if isLast { written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
