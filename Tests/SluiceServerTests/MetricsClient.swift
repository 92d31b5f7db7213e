import NIOCore
import NIOPosix
import Synchronization

@testable import SluiceServer

/// Counts from 1.
final class CallCounter: Sendable {
    private let calls = Mutex(0)
    func next() -> Int {
        calls.withLock { calls in
            calls += 1
            return calls
        }
    }
}

/// A server of metrics on a port of the system's choice, and clients that speak to it byte by byte.
struct MetricsFixture: Sendable {
    let group = MultiThreadedEventLoopGroup.singleton
    let server: MetricsServer

    init(
        maxConnections: Int = 8, idle: TimeAmount = .seconds(30), metrics: @escaping @Sendable () async -> String,
        health: @escaping @Sendable () async -> (ok: Bool, text: String) = { (true, "") }
    ) async throws {
        server = try await MetricsServer.start(
            "127.0.0.1", 0, group, MetricsPages(metrics: metrics, health: health), maxConnections: maxConnections,
            idle: idle)
    }

    /// Connects and hands the connection to `body`; it is closed afterwards.
    func connect<T: Sendable>(_ body: @Sendable (inout Client) async throws -> T) async throws -> T {
        let port = server.boundPort
        let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            var client = Client(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&client)
        }
    }

    /// The answer to what is sent, up to the end of the connection.
    func answer(to text: String) async throws -> String {
        try await connect { client in
            try await client.send(text)
            return try await client.rest()
        }
    }

    func get(_ path: String) async throws -> String {
        try await answer(to: "GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    }

    struct Client {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var received = ""

        init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.inbound = inbound
            self.outbound = outbound
        }

        func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// What came up to the end of the text, or of the connection.
        mutating func read(through end: String) async throws -> String {
            while !received.contains(end), let buffer = try await inbound.next() { received += String(buffer: buffer) }
            let cut = received.firstRange(of: end)?.upperBound ?? received.endIndex
            defer { received.removeSubrange(..<cut) }
            return String(received[..<cut])
        }

        /// What came up to the end of the connection, be it a reset.
        mutating func rest() async throws -> String {
            do {
                while let buffer = try await inbound.next() { received += String(buffer: buffer) }
            } catch is IOError {}
            return received
        }
    }
}
