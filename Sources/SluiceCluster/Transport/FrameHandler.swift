import NIOCore
import SluiceRemoting

/// Cuts frames out of what a peer sends. On the event loop, as everything it calls.
final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let peer: RemotePeer
    private let header = HeaderReader()
    /// The beginning of a frame whose rest has not come.
    private var held = ByteBuffer()
    private var failure: (any Error)?

    init(_ peer: RemotePeer) { self.peer = peer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        peer.heard()
        if held.readableBytes == 0 {
            parse(&incoming, context)
            if incoming.readableBytes > 0 { held.writeBuffer(&incoming) }
        } else {
            held.writeBuffer(&incoming)
            parse(&held, context)
        }
        if held.readableBytes == 0 {
            if held.capacity > 1 << 20 { held = ByteBuffer() } else { held.clear() }
        } else if held.readerIndex > 1 << 16 {
            held.discardReadBytes()
        }
    }

    private func parse(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) {
        let used = buffer.withUnsafeReadableBytes { raw -> Int in
            var at = 0
            while at < raw.count {
                let rest = UnsafeRawBufferPointer(rebasing: raw[at...])
                switch FrameScanner.scan(rest) {
                case .incomplete: return at
                case .invalid(let reason):
                    close(context, "it sends bytes that are no frame: \(reason)")
                    return raw.count
                case .frame(let type, let headerRange, let bodyRange):
                    do throws(JSONError) {
                        try header.read(UnsafeRawBufferPointer(rebasing: rest[headerRange]), type)
                    } catch {
                        close(context, "it sends a header that cannot be read: \(error)")
                        return raw.count
                    }
                    peer.received(header, UnsafeRawBufferPointer(rebasing: rest[bodyRange]))
                    at += bodyRange.upperBound
                }
            }
            return at
        }
        buffer.moveReaderIndex(forwardBy: min(used, buffer.readableBytes))
    }

    private func close(_ context: ChannelHandlerContext, _ reason: String) {
        failure = Unreadable(description: reason)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer.closed(context.channel, failure)
        context.fireChannelInactive()
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }
}
