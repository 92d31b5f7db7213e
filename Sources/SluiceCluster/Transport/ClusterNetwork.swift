import NIOCore
import NIOPosix
import NIOSSL
import SluiceAPI
import SluiceRemoting
import Synchronization

/// The connections to a cluster's name servers and brokers, on one event loop of their own.
///
/// `@unchecked Sendable`: peers and what is wanted of them are touched on the event loop only.
public final class ClusterNetwork: ClusterCalls, @unchecked Sendable {
    public let options: NetworkOptions
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop: any EventLoop
    private let tls: NIOSSLContext?
    private var peers: [PeerKey: RemotePeer] = [:]
    /// Told of requests that brokers send, of connections made, and asked whether a connection is to be kept.
    private weak var listener: (any NetworkListener)?
    let directory: Mutex<BrokerDirectory>
    private let isClosed = Mutex(false)

    private struct PeerKey: Hashable {
        let address: String
        let lane: Int
    }

    /// - Throws: `.invalid` for an address or a file of certificates that cannot be used.
    public init(_ options: NetworkOptions) throws(APIError) {
        guard !options.nameServers.isEmpty else {
            throw APIError(.invalid, "there is no name server to connect to: name one as host:port")
        }
        for address in options.nameServers where PeerAddress(address) == nil {
            throw APIError(.invalid, "\"\(address)\" is no address of a name server: it has the form host:port")
        }
        self.options = options
        loop = group.next()
        tls = try options.tls.map { tls throws(APIError) in try Self.context(tls) }
        directory = Mutex(BrokerDirectory())
        loop.scheduleRepeatedTask(initialDelay: .milliseconds(50), delay: .milliseconds(50)) { [weak self] _ in
            self?.sweep()
        }
        let refresh = TimeAmount.milliseconds(Int64(options.refreshMilliseconds))
        loop.scheduleRepeatedTask(initialDelay: refresh, delay: refresh) { [weak self] _ in
            guard let self else { return }
            Task { _ = try? await self.brokers(refresh: true) }
        }
    }

    private static func context(_ tls: NetworkTLS) throws(APIError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            if let trust = tls.trust { configuration.trustRoots = .file(trust) }
            if !tls.verifies { configuration.certificateVerification = .none }
            if let certificate = tls.certificate, let key = tls.key {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw APIError(.invalid, "TLS cannot be spoken with these certificates: \(error)")
        }
    }

    /// Nil where TLS is not spoken.
    func tlsHandler(host: String) throws -> NIOSSLClientHandler? {
        guard let tls else { return nil }
        // A bare address is no server name (RFC 6066).
        let isName = host.contains { $0.isLetter } && !host.contains(":")
        return try NIOSSLClientHandler(context: tls, serverHostname: isName ? host : nil)
    }

    /// Closes all connections; requests under way fail. Blocks until done; a second call does nothing.
    public func close() {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard isFirst else { return }
        try? loop.submit { [self] in
            for peer in peers.values { peer.end() }
            peers = [:]
        }.wait()
        try? group.syncShutdownGracefully()
    }

    /// As ``close()``, without blocking who calls.
    func closeLater(_ done: @escaping @Sendable () -> Void) {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard isFirst else { return done() }
        loop.execute { [self] in
            for peer in peers.values { peer.end() }
            peers = [:]
            group.shutdownGracefully { _ in done() }
        }
    }

    func listen(_ listener: any NetworkListener) { loop.execute { self.listener = listener } }

    // MARK: On the loop

    func peer(_ address: String, lane: Int = 0) -> RemotePeer {
        let key = PeerKey(address: address, lane: lane)
        if let known = peers[key] { return known }
        let peer = RemotePeer(self, address: address, lane: lane)
        if isClosed.withLock({ $0 }) { peer.end() } else { peers[key] = peer }
        return peer
    }

    private func sweep() {
        let now = NIODeadline.now()
        for peer in peers.values { peer.sweep(now) }
        listener?.tick(now)
    }

    func connected(_ peer: RemotePeer) { listener?.connected(peer) }
    func disconnected(_ peer: RemotePeer) { listener?.disconnected(peer) }
    func isWanted(_ peer: RemotePeer) -> Bool { listener?.isWanted(peer) ?? false }

    func requested(_ peer: RemotePeer, _ header: HeaderReader, _ body: UnsafeRawBufferPointer) {
        let request = Frame(header, body: body)
        if let listener { return listener.requested(peer, request) }
        Self.refuse(request, over: peer)
    }

    /// Answers a broker's request that is not served here, unless nobody must answer it.
    static func refuse(_ request: Frame, over peer: RemotePeer) {
        guard !request.isOneway else { return }
        peer.send(
            unanswered: Frame(
                code: ResponseCode.requestCodeNotSupported, flag: FrameFlag.response, opaque: request.opaque,
                remark: " request type \(request.code) not supported", fields: [], type: request.type))
    }

    /// The frame with what proves who sends it.
    func signed(_ frame: Frame, for address: String) -> Frame {
        guard let credentials = options.credentials else { return frame }
        var frame = frame
        var fields = frame.fields ?? []
        fields.append(.init(Signature.accessKeyField, credentials.accessKey))
        if let token = credentials.securityToken { fields.append(.init(Signature.securityTokenField, token)) }
        // A stock 4.9 leaves this field out of what it checks (remoting frame, 9).
        let isOld = directory.withLock { $0.kind(of: address) } == .rocketmq4
        let content = frame.body.withUnsafeBytes { body in
            Signature.content(fields.map { ($0.name, $0.value) }, body: body, withUniqueKeyQuery: !isOld)
        }
        fields.append(.init(Signature.signatureField, Signature.sign(content, secret: credentials.secretKey)))
        frame.fields = fields
        return frame
    }

    // MARK: Calls

    /// Asks and hands the answer to `reply`, on the loop. From any thread.
    func ask(
        _ address: String, lane: Int = 0, _ request: Frame, milliseconds: Int,
        _ reply: @escaping @Sendable (Result<Frame, CallFailure>) -> Void
    ) {
        let taker = FrameTaker(reply)
        if loop.inEventLoop { return peer(address, lane: lane).send(request, milliseconds: milliseconds, taker) }
        loop.execute { self.peer(address, lane: lane).send(request, milliseconds: milliseconds, taker) }
    }

    func ask(_ address: String, _ request: Frame, milliseconds: Int) async throws(CallFailure) -> Frame {
        // The loop takes nothing any more once it is shut down.
        if isClosed.withLock({ $0 }) {
            throw CallFailure(error: APIError(.unreachable, "the connection was closed here"), isSent: false)
        }
        return try await withCheckedContinuation { continuation in
            ask(address, request, milliseconds: milliseconds) { continuation.resume(returning: $0) }
        }.get()
    }

    public func call(
        _ broker: ClusterBroker, _ request: Frame, milliseconds: Int
    ) async throws(APIError) -> Frame {
        do throws(CallFailure) {
            return try await ask(broker.address, request, milliseconds: milliseconds)
        } catch {
            throw error.error(of: request.code)
        }
    }

    public func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
        if isClosed.withLock({ $0 }) { throw APIError(.unreachable, "the connection was closed here") }
        return try await withCheckedContinuation { continuation in
            loop.execute {
                self.askNameServer(request, milliseconds: milliseconds) { continuation.resume(returning: $0) }
            }
        }.get()
    }

    /// Asks the name server that answered last, then the others. On the loop.
    func askNameServer(
        _ request: Frame, milliseconds: Int, _ failures: [String] = [],
        _ reply: @escaping @Sendable (Result<Frame, APIError>) -> Void
    ) {
        let count = options.nameServers.count
        guard failures.count < count else {
            let text = failures.joined(separator: "; ")
            let sentence =
                count == 1 ? "the name server \(text)" : "none of the \(count) name servers answers: \(text)"
            return reply(.failure(APIError(.unreachable, sentence)))
        }
        let number = directory.withLock { $0.nameServer } % count
        ask(options.nameServers[number], request, milliseconds: milliseconds) { [self] result in
            switch result {
            case .success(let answer): reply(.success(answer))
            case .failure(let failure):
                // The next one is the first to be asked from now on.
                directory.withLock { if $0.nameServer == number { $0.nameServer = (number + 1) % count } }
                askNameServer(request, milliseconds: milliseconds, failures + [failure.error.message], reply)
            }
        }
    }

    public func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker] {
        if !refresh, let known = directory.withLock(\.brokers) { return known }
        // Under the lock, so that the look that ends is the one that is forgotten.
        let task = directory.withLock { directory in
            if let running = directory.refreshing { return running }
            let task = Task { await Self.refresh(self) }
            directory.refreshing = task
            return task
        }
        return try await task.value.get()
    }

    private static func refresh(_ network: ClusterNetwork) async -> Result<[ClusterBroker], APIError> {
        let result: Result<[ClusterBroker], APIError>
        do throws(APIError) {
            result = .success(try await network.look())
        } catch {
            result = .failure(error)
        }
        network.directory.withLock { $0.refreshing = nil }
        return result
    }

    /// What is known of the brokers, without asking.
    var knownBrokers: [ClusterBroker] { directory.withLock { $0.brokers ?? [] } }
}

/// What the network tells of; all on its event loop.
protocol NetworkListener: AnyObject, Sendable {
    /// A broker asks something.
    func requested(_ peer: RemotePeer, _ request: Frame)
    func connected(_ peer: RemotePeer)
    func disconnected(_ peer: RemotePeer)
    /// The connection is to be made again when it is lost.
    func isWanted(_ peer: RemotePeer) -> Bool
    /// What was learnt from name servers is old.
    /// Some 20 times a second.
    func tick(_ now: NIODeadline)
}

/// Hands a whole frame over.
final class FrameTaker: AnswerTaker {
    private let reply: @Sendable (Result<Frame, CallFailure>) -> Void
    init(_ reply: @escaping @Sendable (Result<Frame, CallFailure>) -> Void) { self.reply = reply }

    func answered(_ index: Int, _ header: HeaderReader, _ body: UnsafeRawBufferPointer) {
        reply(.success(Frame(header, body: body)))
    }
    func failed(_ index: Int, _ failure: CallFailure) { reply(.failure(failure)) }
}
