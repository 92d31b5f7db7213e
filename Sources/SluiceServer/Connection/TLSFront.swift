import NIOCore
import NIOSSL
import SluiceAPI
import Synchronization

/// The certificates that TLS connections are served with; a reload replaces them for new connections.
final class TLSFront: Sendable {
    let mode: TLSOptions.Mode
    private let context: Mutex<NIOSSLContext?>

    /// Nil where TLS is not served at all, which needs no look at a connection's first byte.
    static func make(_ options: TLSOptions) throws(APIError) -> TLSFront? {
        options.mode == .disabled ? nil : try TLSFront(options)
    }

    private init(_ options: TLSOptions) throws(APIError) {
        mode = options.mode
        context = Mutex(try Self.context(options))
    }

    private static func context(_ options: TLSOptions) throws(APIError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(options.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: options.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            if !options.clientCA.isEmpty {
                configuration.trustRoots = .file(options.clientCA)
                configuration.certificateVerification = .noHostnameVerification
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw APIError(
                .invalid,
                "TLS cannot be served with certificate \"\(options.certificate)\" and key \"\(options.key)\": \(error)")
        }
    }

    func reload(_ options: TLSOptions) throws(APIError) {
        let fresh = try Self.context(options)
        context.withLock { $0 = fresh }
    }

    func handler() -> NIOSSLServerHandler? {
        context.withLock { $0 }.map { NIOSSLServerHandler(context: $0) }
    }
}

/// Looks at a connection's first byte: 0x16 is a TLS hello, everything else a plain frame (remoting frame, 7).
final class TLSSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let front: TLSFront
    private let connection: RemotingConnection

    init(_ front: TLSFront, _ connection: RemotingConnection) {
        self.front = front
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return }
        let isTLS = first == 0x16
        guard isTLS || front.mode == .permissive else { return context.close(promise: nil) }
        let pipeline = context.pipeline.syncOperations
        do {
            if isTLS, let handler = front.handler() { try pipeline.addHandler(handler) }
            try pipeline.addHandler(connection)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
