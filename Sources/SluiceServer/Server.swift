import CSluice
import Glibc
import Logging
import NIOCore
import NIOPosix
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting

/// The server end of RocketMQ's remoting protocol: broker, fast port and name server over one event loop.
public final class Server: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let service: Service
    private let channels: [any Channel]
    /// Where it listens, with the ports that the system chose.
    public let brokerPort: Int
    public let nameServerPort: Int?

    /// Binds all ports and begins to serve.
    /// - Throws: `.refused` when an address is taken or may not be bound, `.invalid` for certificates that cannot be used.
    public static func start(_ host: Host, _ options: ServerOptions, logger: Logger) async throws(APIError) -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do throws(APIError) {
            return try await Server(host, options, group, logger)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ host: Host, _ options: ServerOptions, _ group: MultiThreadedEventLoopGroup, _ logger: Logger
    ) async throws(APIError) {
        self.group = group
        let tls = try TLSFront.make(options.tls)
        service = Service(host, options, group.next(), logger)
        var channels: [any Channel] = []
        let broker = try await Self.bind(options.listen, service, tls, group)
        channels.append(broker)
        brokerPort = broker.localAddress?.port ?? options.listen.port
        var nameServerPort: Int?
        do throws(APIError) {
            // The port two below takes what old clients send with the VIP channel on (remoting frame, 10).
            if options.listen.port > 2 {
                let fast = SocketPlace(host: options.listen.host, port: options.listen.port - 2)
                channels.append(try await Self.bind(fast, service, tls, group))
            }
            if let place = options.nameServer, place != options.listen {
                let channel = try await Self.bind(place, service, tls, group)
                channels.append(channel)
                nameServerPort = channel.localAddress?.port ?? place.port
            } else if options.nameServer != nil {
                nameServerPort = brokerPort
            }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        self.nameServerPort = nameServerPort
        self.channels = channels
        try await service.begin()
    }

    private static func bind(
        _ place: SocketPlace, _ service: Service, _ tls: TLSFront?, _ group: MultiThreadedEventLoopGroup
    ) async throws(APIError) -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 16_384, maximum: 262_144)
            )
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = RemotingConnection(service, number: service.connections.makeNumber())
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(TLSSniffer(tls, connection))
                    } else {
                        try channel.pipeline.syncOperations.addHandler(connection)
                    }
                }
            }
        do {
            return try await bootstrap.bind(host: place.host, port: place.port).get()
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw APIError(.refused, "cannot listen on \(place.text): \(reason); choose another address with --listen")
        } catch {
            throw APIError(.refused, "cannot listen on \(place.text): \(error)")
        }
    }

    /// Takes no more connections, answers what was taken, and closes. The broker is closed by its owner afterwards.
    public func stop() async {
        for channel in channels { try? await channel.close() }
        await service.end()
        try? await group.shutdownGracefully()
    }
}

extension Service {
    /// Epoch ms.
    var now: Int64 { sluice_wall_milliseconds() }

    /// RocketMQ's DataVersion of what was changed so often.
    func dataVersion(_ generation: UInt64) -> JSONValue {
        .fields(["counter": .int(Int64(generation)), "timestamp": .int(startedAt)])
    }

    /// Makes the topics a broker always has, and starts what is done from time to time.
    func begin() async throws(APIError) {
        for topic in options.presetTopics { _ = try await ask(.ensureTopic(topic)) }
        loop.scheduleRepeatedTask(initialDelay: .seconds(10), delay: .seconds(10)) { [self] _ in sweep() }
        await sample()
    }

    func end() async {
        _ = try? await loop.submit { [self] in for connection in Array(connections.all) { connection.flush() } }.get()
    }

    /// Every ten seconds: silent clients and idle connections go, brokers that stopped registering too.
    private func sweep() {
        let quiet = NIODeadline.now() - .seconds(options.limits.heartbeatSeconds)
        for connection in clients.silent(since: quiet) { connection.close("sent no heartbeat") }
        let idle = NIODeadline.now() - .seconds(options.limits.idleSeconds)
        for connection in Array(connections.all) where connection.lastActive < idle { connection.close("is idle") }
        nameServer.expire(now: now)
        Task { await sample() }
    }

    private func sample() async {
        guard case .broker(let status)? = try? await ask(.broker), case .topics(let topics)? = try? await ask(.topics),
            case .allCommitted(let commits)? = try? await ask(.allCommitted)
        else { return }
        var sample = StatsSampler.Sample(time: now, published: status.published, delivered: status.delivered)
        for topic in topics { sample.topics[topic.config.name] = topic.published }
        for commit in commits { sample.groups["\(commit.queue.topic)@\(commit.group)", default: 0] += commit.offset }
        stats.add(sample, earliest: nil)
    }
}
