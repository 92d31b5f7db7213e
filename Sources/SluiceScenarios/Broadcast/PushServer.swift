import NIOCore
import NIOPosix
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// One of several push servers. Drivers are connected to any of them, so each offer is broadcast to all: the server that
/// holds the driver's connection delivers it, the others let it pass.
final class PushServer: Sendable {
    private struct State {
        /// Numbers of the offers that reached this server.
        var seen: Set<Int> = []
        var delivered = 0
    }
    private let state = Mutex(State())
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let drivers: DriverTable
    private let listener: any Channel
    private let consumer = Mutex<PushConsumer?>(nil)
    let port: Int

    init() throws {
        let drivers = DriverTable()
        do {
            listener = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LineReader { line in if let driver = Int(line) { drivers.add(driver, channel) } })
                    }
                }
                .bind(host: "127.0.0.1", port: 0).wait()
            port = listener.localAddress?.port ?? 0
        } catch {
            try? group.syncShutdownGracefully()
            throw error
        }
        self.drivers = drivers
    }

    /// - Parameter drops: for tests: offers that this server loses.
    func start(
        _ connection: any Connection, topic: String, group: String,
        drops: @escaping @Sendable (RideOffer) -> Bool = { _ in false }
    ) throws(APIError) {
        let options = ConsumerOptions(group: group, model: .broadcasting, from: .last, threads: 1)
        let new = PushConsumer(connection, options) { [weak self] messages in
            for message in messages {
                guard let self, let offer = RideOffer(String(decoding: message.body, as: UTF8.self)) else { continue }
                if !drops(offer) { take(offer) }
            }
            return .success
        }
        try new.subscribe(topic)
        try new.start()
        consumer.withLock { $0 = new }
    }

    private func take(_ offer: RideOffer) {
        let isNew = state.withLock { $0.seen.insert(offer.number).inserted }
        guard isNew, let channel = drivers.channel(of: offer.driver) else { return }
        channel.writeAndFlush(ByteBuffer(string: offer.line + "\n"), promise: nil)
        state.withLock { $0.delivered += 1 }
    }

    var seen: Set<Int> { state.withLock { $0.seen } }
    var delivered: Int { state.withLock { $0.delivered } }
    var connections: Int { drivers.count }

    func stop() {
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
        try? listener.close().wait()
        try? group.syncShutdownGracefully()
    }
}

/// Which driver's connection is here.
private final class DriverTable: Sendable {
    private let channels = Mutex<[Int: any Channel]>([:])

    func add(_ driver: Int, _ channel: any Channel) {
        channels.withLock { $0[driver] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in
            // The driver may be back on another connection.
            self?.channels.withLock { if $0[driver] === channel { $0[driver] = nil } }
        }
    }
    func channel(of driver: Int) -> (any Channel)? { channels.withLock { $0[driver] } }
    var count: Int { channels.withLock { $0.count } }
}
