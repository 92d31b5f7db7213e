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
import SluiceStorage
import Synchronization

/// The server end of RocketMQ's remoting protocol: broker, fast port and name server over one event loop.
public final class Server: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let service: Service
    private let channels: [any Channel]
    private let tls: TLSFront?
    private let metrics = Mutex<MetricsServer?>(nil)
    /// Where it listens, with the ports that the system chose.
    public let brokerPort: Int
    public let nameServerPort: Int?

    /// Binds all ports and the socket in the data folder, and begins to serve.
    /// - Throws: `.refused` when an address is taken or may not be bound, `.invalid` for certificates that cannot be used.
    public static func start(_ host: Host, _ options: ServerOptions, logger: Logger) async throws(APIError) -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do throws(APIError) {
            let server = try await Server(host, options, group, logger)
            try await server.service.begin()
            if !options.registerWith.isEmpty {
                let registrar = Registrar(server.service, group)
                server.service.registrar.withLock { $0 = registrar }
                registrar.begin()
            }
            return server
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Serves the socket in the data folder alone, so that other processes of this machine can attach to a broker that
    /// somebody runs for himself.
    public static func startLocal(
        _ host: Host, _ options: ServerOptions, logger: Logger
    ) async throws(APIError) -> Server {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do throws(APIError) {
            return try await Server(local: host, options, group, logger)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        local host: Host, _ options: ServerOptions, _ group: MultiThreadedEventLoopGroup, _ logger: Logger
    ) async throws(APIError) {
        self.group = group
        tls = nil
        service = Service(host, options, group.next(), logger)
        channels = [try await Self.bindLocal(service, group)]
        brokerPort = 0
        nameServerPort = nil
    }

    private init(
        _ host: Host, _ options: ServerOptions, _ group: MultiThreadedEventLoopGroup, _ logger: Logger
    ) async throws(APIError) {
        self.group = group
        let tls = try TLSFront.make(options.tls)
        self.tls = tls
        service = Service(host, options, group.next(), logger)
        var places = [options.listen]
        // The port two below takes what old clients send with the VIP channel on (remoting frame, 10).
        if options.listen.port > 2 {
            places.append(SocketPlace(host: options.listen.host, port: options.listen.port - 2))
        }
        if let place = options.nameServer, place != options.listen { places.append(place) }
        var channels: [any Channel] = []
        do throws(APIError) {
            for place in places { channels.append(try await Self.bind(place, service, tls, group)) }
            channels.append(try await Self.bindLocal(service, group))
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        brokerPort = channels.first?.localAddress?.port ?? options.listen.port
        let isApart = options.nameServer != nil && options.nameServer != options.listen
        nameServerPort =
            options.nameServer == nil ? nil : isApart ? channels[places.count - 1].localAddress?.port : brokerPort
        self.channels = channels
    }

    /// The socket in the data folder: whoever may open it owns the folder, so nobody is asked who he is.
    private static func bindLocal(
        _ service: Service, _ group: MultiThreadedEventLoopGroup
    ) async throws(APIError) -> any Channel {
        let path = service.options.dataFolder + "/socket"
        // Left by a killed owner: the folder's lock is ours.
        unlink(path)
        let before = umask(0o177)
        defer { umask(before) }
        do {
            return try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = RemotingConnection(service, number: service.connections.makeNumber())
                        connection.isLocal = true
                        try channel.pipeline.syncOperations.addHandler(connection)
                    }
                }
                .bind(unixDomainSocketPath: path).get()
        } catch {
            throw APIError(.refused, "cannot listen on \(path), where other processes attach: \(error)")
        }
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

    /// Reads the certificates again, for connections to come.
    public func reloadCertificates(_ options: TLSOptions) throws(APIError) { try tls?.reload(options) }

    /// Serves Prometheus metrics and `/healthz`; returns the port.
    public func serveMetrics(at place: SocketPlace) async throws -> Int {
        let service = service
        let server = try await MetricsServer.start(
            address: place.host, port: place.port, group: group, metrics: { await service.metricsText() },
            health: { await service.health() })
        metrics.withLock { $0 = server }
        return server.boundPort
    }

    /// Takes no more connections, answers what was taken, and closes. The broker is closed by its owner afterwards.
    public func stop() async {
        await metrics.withLock { $0 }?.stop()
        for channel in channels { try? await channel.close() }
        unlink(service.options.dataFolder + "/socket")
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

    /// Takes the broker's turns over, makes the topics a broker always has, and starts what is done from time to time.
    func begin() async throws(APIError) {
        // Blocking, so not on the pool of tasks.
        let turns = turns
        await withCheckedContinuation { continuation in
            ReadingThread.shared.run { [self] in
                host.handTurns(to: turns)
                self.hasTurns = true
                continuation.resume()
            }
        }
        for topic in options.presetTopics { _ = try await ask(.ensureTopic(topic)) }
        loop.scheduleRepeatedTask(initialDelay: .seconds(10), delay: .seconds(10)) { [self] _ in sweep() }
        await sample()
    }

    /// Stops reading, and lets what was taken be answered; for five seconds at most.
    private func drained() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        for connection in connections.all { connection.stopReading() }
        if published == 0 { promise.succeed() } else { drain = promise }
        loop.scheduleTask(in: .seconds(5)) { [self] in
            drain?.succeed()
            drain = nil
        }
        return promise.futureResult
    }

    /// A batch is answered: the last one may be waited for.
    func answered() {
        published -= 1
        guard published == 0, let promise = drain else { return }
        drain = nil
        promise.succeed()
    }

    func end() async {
        _ = try? await loop.flatSubmit { [self] in drained() }.get()
        _ = try? await loop.submit { [self] in
            for connection in Array(connections.all) { connection.flush() }
            registrar.withLock { $0 }?.end()
            turns.cancel()
            inbox.close()
            if hasTurns { host.takeTurnsBack() }
        }.get()
    }

    /// Every ten seconds: silent clients and idle connections go, brokers that stopped registering too.
    private func sweep() {
        let moment = NIODeadline.now()
        // A process that was stopped (^Z, a debugger) heard nobody meanwhile: all get the time of a heartbeat to speak.
        if moment - lastSweep > .seconds(30) { graceEnd = moment + .seconds(options.limits.heartbeatSeconds) }
        lastSweep = moment
        Task { await sample() }
        if let job = reader?.takeMapJob(now: now, isIdleLook: true) { ReadingThread.shared.run { job.run() } }
        guard moment >= graceEnd else { return }
        let quiet = moment - .seconds(options.limits.heartbeatSeconds)
        for connection in clients.silent(since: quiet) { connection.close("sent no heartbeat") }
        let idle = NIODeadline.now() - .seconds(options.limits.idleSeconds)
        for connection in Array(connections.all) where connection.lastActive < idle { connection.close("is idle") }
        nameServer.expire(now: now)
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
