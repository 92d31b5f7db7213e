import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import SluiceRemoting

/// `sluice bench bare-server`: what the machine gives a server of this kind, without a broker.
struct BareServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare-server", abstract: "The bare loop that `bench remote` compares with.", shouldDisplay: false)
    @Option var port: Int
    @Option var file: String

    func run() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure(.failed, "Cannot create \(file).") }
        let writer = BareWriter(descriptor)
        let channel = try ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 16_384, maximum: 262_144)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BareConnection(writer))
                }
            }
            .bind(host: "127.0.0.1", port: port).wait()
        try channel.closeFuture.wait()
    }
}

/// Gathers frames and writes them by the MiB. Confined to the event loop.
private final class BareWriter: @unchecked Sendable {
    private let descriptor: Int32
    private var gathered: [UInt8] = []
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func add(_ bytes: UnsafeRawBufferPointer) {
        gathered.append(contentsOf: bytes)
        guard gathered.count >= 1 << 20 else { return }
        _ = gathered.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        gathered.removeAll(keepingCapacity: true)
    }
}

/// Takes send requests apart, keeps them, and answers.
private final class BareConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let writer: BareWriter
    private let header = HeaderReader()
    private var held = ByteBuffer()
    private var out: [UInt8] = []

    init(_ writer: BareWriter) { self.writer = writer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        held.writeBuffer(&incoming)
        let used = held.withUnsafeReadableBytes { raw -> Int in
            var at = 0
            while case .frame(let type, let headerRange, let bodyRange) = FrameScanner.scan(
                UnsafeRawBufferPointer(rebasing: raw[at...]))
            {
                let frame = UnsafeRawBufferPointer(rebasing: raw[at..<(at + bodyRange.upperBound)])
                try? header.read(UnsafeRawBufferPointer(rebasing: frame[headerRange]), type)
                writer.add(frame)
                answer()
                at += bodyRange.upperBound
            }
            return at
        }
        held.moveReaderIndex(forwardBy: used)
        if held.readableBytes == 0 { held.clear() }
    }

    private func answer() {
        let start = FrameWriter.begin(&out)
        out.append(
            contentsOf:
                #"{"code":0,"extFields":{"msgId":"7F00000100002A9F0000000000000000","queueId":"0","queueOffset":"0"},"flag":1,"opaque":"#
                .utf8)
        out.append(contentsOf: String(header.opaque).utf8)
        out.append(UInt8(ascii: "}"))
        FrameWriter.endHeader(&out, start, .json, bodyBytes: 0)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard !out.isEmpty else { return }
        var buffer = context.channel.allocator.buffer(capacity: out.count)
        buffer.writeBytes(out)
        out.removeAll(keepingCapacity: true)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}
