import Dispatch
import Foundation
import GRDB
import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceAPI
import Synchronization

/// A server that takes as much of Elasticsearch as `_bulk` needs, on a port of this machine. Documents are kept in a
/// SQLite file by their id.
final class BulkServer: Sendable {
    private let database: DatabaseQueue
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    let port: Int
    /// Bytes of a request's body; one with more is refused with 413.
    static let maxBody = 16 << 20

    /// Begins to listen. Blocks.
    init(path: String) throws {
        database = try openServiceDatabase(
            path,
            schema: """
                CREATE TABLE IF NOT EXISTS documents (
                    id TEXT PRIMARY KEY, stream TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
                """)
        let store = BulkStore(database: database)
        channel = try ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(BulkConnection(store))
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        port = channel.localAddress?.port ?? 0
    }

    func count() throws -> Int { try database.number("SELECT COUNT(*) FROM documents") }

    func sum() throws -> LineSum {
        try database.read { database in
            var sum = LineSum()
            let rows = try String.fetchCursor(database, sql: "SELECT message FROM documents")
            while let text = try rows.next() { sum.add(text.utf8) }
            return sum
        }
    }

    func close() {
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
        try? database.close()
    }
}

/// Stores what requests bring, away from the event loop.
private final class BulkStore: Sendable {
    private let database: DatabaseQueue
    private let queue = DispatchQueue(label: "bulk-store")

    init(database: DatabaseQueue) { self.database = database }

    func take(_ body: [UInt8], on loop: any EventLoop) -> EventLoopFuture<(HTTPResponseStatus, [UInt8])> {
        let promise = loop.makePromise(of: (HTTPResponseStatus, [UInt8]).self)
        queue.async { [self] in
            do {
                promise.succeed((.ok, Array(try JSONEncoder().encode(try store(body)))))
            } catch {
                promise.succeed((.badRequest, Array("{\"error\":\"a line is no action or document\"}".utf8)))
            }
        }
        return promise.futureResult
    }

    private struct Action: Decodable {
        struct Index: Decodable { var _id: String }
        var index: Index
    }

    private func store(_ body: [UInt8]) throws -> BulkSink.Answer {
        let lines = body.split(separator: 10)
        guard lines.count % 2 == 0 else { throw APIError(.invalid, "an action has no document") }
        let decoder = JSONDecoder()
        let start = monotonicSeconds()
        let items = try database.write { database in
            try stride(from: 0, to: lines.count, by: 2).map { number in
                let id = try decoder.decode(Action.self, from: Data(lines[number])).index._id
                let document = try decoder.decode(BulkSink.Document.self, from: Data(lines[number + 1]))
                return BulkSink.Answer.Item(index: try Self.index(id, document, database))
            }
        }
        return BulkSink.Answer(took: Int((monotonicSeconds() - start) * 1000), errors: false, items: items)
    }

    private static func index(
        _ id: String, _ document: BulkSink.Document, _ database: Database
    ) throws -> BulkSink.Answer.Outcome {
        let known = try Int.fetchOne(database, sql: "SELECT 1 FROM documents WHERE id = ?", arguments: [id]) != nil
        try database.execute(
            sql: "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            arguments: [id, document.stream, document.message])
        return BulkSink.Answer.Outcome(_id: id, status: known ? 200 : 201, result: known ? "updated" : "created")
    }
}

/// One connection; NIO's handlers in front of it keep back what a client sends ahead. It lives on its event loop.
private final class BulkConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let store: BulkStore
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false

    init(_ store: BulkStore) { self.store = store }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = false
        case .body(let buffer):
            isTooLarge = isTooLarge || body.count + buffer.readableBytes > BulkServer.maxBody
            if !isTooLarge { body += buffer.readableBytesView }
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if isTooLarge { return write(.payloadTooLarge, [], head, context) }
        guard head.uri == "/_bulk" || head.uri.hasPrefix("/_bulk?") else { return write(.notFound, [], head, context) }
        guard head.method == .POST || head.method == .PUT else { return write(.methodNotAllowed, [], head, context) }
        store.take(body, on: context.eventLoop).assumeIsolated().whenSuccess { status, bytes in
            guard context.channel.isActive else { return }
            self.write(status, bytes, head, context)
        }
        body = []
    }

    private func write(
        _ status: HTTPResponseStatus, _ bytes: [UInt8], _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let headers: HTTPHeaders = ["content-type": "application/json", "content-length": String(bytes.count)]
        let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        if !request.isKeepAlive {
            written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
