import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// The phones of the drivers: each holds a TCP connection to one push server and says who it is; what comes on it is
/// offers of rides, a line each.
final class DriverPhones: Sendable {
    private struct State {
        /// Offers received, with the connection they came on first.
        var received: [Int: Int] = [:]
        /// Offers that came again on the same connection. While a driver moves, two servers may both hold it.
        var twice = 0
        /// Offers that reached a driver they were not for.
        var misled = 0
        var latency = LatencyHistogram()
    }
    private let state = Mutex(State())
    /// Of each driver the connection it has now, and how many there were in all.
    private let channels = Mutex<(now: [Int: any Channel], made: Int)>(([:], 0))
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    var received: Set<Int> { state.withLock { Set($0.received.keys) } }
    var faults: (twice: Int, misled: Int) { state.withLock { ($0.twice, $0.misled) } }

    /// Times from offer to phone since the last call.
    func takeLatency() -> LatencyHistogram {
        state.withLock { state in
            defer { state.latency = LatencyHistogram() }
            return state.latency
        }
    }

    /// Connects a driver to a push server, then leaves the one it was connected to. Blocks.
    func connect(driver: Int, port: Int) throws {
        let number = channels.withLock { channels in
            channels.made += 1
            return channels.made
        }
        let channel = try ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        LineReader { [weak self] line in self?.take(line, driver, on: number) })
                }
            }
            .connect(host: "127.0.0.1", port: port).wait()
        try channel.writeAndFlush(ByteBuffer(string: "\(driver)\n")).wait()
        let old = channels.withLock { channels in
            defer { channels.now[driver] = channel }
            return channels.now[driver]
        }
        old?.close(promise: nil)
    }

    private func take(_ line: String, _ driver: Int, on connection: Int) {
        guard let offer = RideOffer(line) else { return }
        let waited = max(0, wallMilliseconds() - offer.offered)
        state.withLock { state in
            if offer.driver != driver { state.misled += 1 }
            if state.received[offer.number] == connection { state.twice += 1 }
            if state.received[offer.number] == nil { state.received[offer.number] = connection }
            state.latency.add(microseconds: waited * 1_000)
        }
    }

    func stop() {
        for channel in channels.withLock({ $0.now.values }) { try? channel.close().wait() }
        try? group.syncShutdownGracefully()
    }
}

/// "A ride for this driver", as the dispatcher broadcasts it and a phone gets it.
struct RideOffer: Sendable, Equatable {
    var number: Int
    var driver: Int
    /// Epoch ms.
    var offered: Int64

    var line: String { "\(number) \(driver) \(offered)" }

    init(number: Int, driver: Int, offered: Int64) {
        self.number = number
        self.driver = driver
        self.offered = offered
    }

    /// Nil for what is none of ours.
    init?(_ line: some StringProtocol) {
        let numbers = line.split(separator: " ").compactMap { Int64($0) }
        guard numbers.count == 3 else { return nil }
        self.init(number: Int(numbers[0]), driver: Int(numbers[1]), offered: numbers[2])
    }
}

/// Cuts what comes into lines of at most 256 bytes; a longer one closes the connection.
final class LineReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let onLine: @Sendable (String) -> Void
    private var pending: [UInt8] = []

    init(_ onLine: @escaping @Sendable (String) -> Void) { self.onLine = onLine }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        while let end = pending.firstIndex(of: 0x0A) {
            onLine(String(decoding: pending[..<end], as: UTF8.self))
            pending.removeSubrange(...end)
        }
        if pending.count > 256 { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
