import Glibc
import Logging
import NIOCore
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// One client's connection: cuts frames out of what arrives, hands them on, and writes the answers.
///
/// `@unchecked Sendable`: everything but its identity is touched on the event loop only.
final class RemotingConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: Service
    let number: Int
    /// `ip:port` of the peer.
    private(set) var remoteText = "unknown"
    private(set) var bornHost = HostAddress(address: 0, port: 0)
    let header = HeaderReader()
    /// Ids of the clients that sent heartbeats over this connection.
    var clients: Set<String> = []
    /// Comes through the socket in the data folder.
    var isLocal = false
    /// The user at the other end of that socket, by the system's word.
    private(set) var peerUser: UInt32?
    /// Ids of clients that registered by Sluice's own requests.
    var attached: Set<String> = []
    /// Event loop time of the last byte either way, nanoseconds.
    private(set) var lastActive: NIODeadline
    private(set) var isClosed = false

    private var context: ChannelHandlerContext?
    /// The beginning of a frame whose rest has not come.
    private var held = ByteBuffer()
    private var out: [UInt8] = []
    private var open: ServedBatch?
    private var spare: [ServedBatch] = []
    /// Bytes of answers that the peer has not taken.
    private(set) var unsent = 0
    private var isReadingPaused = false
    /// The server takes no more requests.
    private var isStopping = false
    /// The service will flush it.
    private var isFlushDue = false

    /// A peer that has so many bytes of answers to take is not read from.
    static let pauseAbove = 1 << 20
    /// Nor one with so many requests that are being worked on, each in a task of its own.
    static let mostCalls = 64
    private var calls = 0
    /// Pulls whose records are read once the peer has taken what it has coming.
    private var postponed: [() -> Void] = []
    private var isGoingOn = false
    /// Pulls whose records are being read on another thread.
    private var reads = 0

    init(_ service: Service, number: Int) {
        self.service = service
        self.number = number
        lastActive = .now()
    }

    /// Bytes held for this peer: incomplete frames and answers not taken.
    var heldBytes: Int { held.readableBytes + unsent }

    // MARK: Channel

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    private func begin(_ context: ChannelHandlerContext) {
        guard self.context == nil else { return }
        self.context = context
        if let address = context.remoteAddress {
            let ip = address.ipAddress ?? "127.0.0.1"
            remoteText = "\(ip):\(address.port ?? 0)"
            bornHost = HostAddress(remoteText)
        }
        if isLocal { findPeerUser(context) }
        service.connections.add(self)
    }

    /// What SO_PEERCRED tells (struct ucred).
    private struct Credentials: Sendable {
        var process: Int32
        var user: UInt32
        var group: UInt32
    }

    private func findPeerUser(_ context: ChannelHandlerContext) {
        guard let options = context.channel as? any SocketOptionProvider else { return }
        let found: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        // On the channel's own loop it is known at once.
        found.whenSuccess { self.peerUser = $0.user }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        self.context = nil
        postponed = []
        service.connections.remove(self)
        service.closed(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        service.logger.debug("connection of \(remoteText) failed: \(error)")
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        lastActive = .now()
        if held.readableBytes == 0, !isReadingPaused {
            parse(&incoming)
            if incoming.readableBytes > 0 { held.writeBuffer(&incoming) }
        } else {
            held.writeBuffer(&incoming)
            if !isReadingPaused { parse(&held) }
        }
        tidyHeld()
    }

    private func tidyHeld() {
        if held.readableBytes == 0 {
            if held.capacity > 1 << 20 { held = ByteBuffer() } else { held.clear() }
        } else if held.readerIndex > 1 << 16 {
            held.discardReadBytes()
        }
        if !isClosed { service.connections.check(self) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        submitOpen()
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { context.fireChannelWritabilityChanged() }

    private func parse(_ buffer: inout ByteBuffer) {
        let used = buffer.withUnsafeReadableBytes { raw -> Int in
            var at = 0
            while !isClosed, !isReadingPaused, at < raw.count {
                let rest = UnsafeRawBufferPointer(rebasing: raw[at...])
                switch FrameScanner.scan(rest) {
                case .incomplete: return at
                case .invalid(let reason):
                    close("sent bytes that are no frame: \(reason)")
                    return raw.count
                case .frame(let type, let headerRange, let bodyRange):
                    take(
                        type, UnsafeRawBufferPointer(rebasing: rest[headerRange]),
                        UnsafeRawBufferPointer(rebasing: rest[bodyRange]))
                    at += bodyRange.upperBound
                }
            }
            return at
        }
        buffer.moveReaderIndex(forwardBy: min(used, buffer.readableBytes))
    }

    private func take(_ type: HeaderType, _ headerBytes: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) {
        do throws(JSONError) {
            try header.read(headerBytes, type)
        } catch {
            return close("sent a header that cannot be read: \(error)")
        }
        service.handle(self, body)
    }

    // MARK: Publishing

    /// The batch that messages read now go into.
    var openBatch: ServedBatch {
        if let open { return open }
        let batch = spare.popLast() ?? ServedBatch(self, service.inbox, bornHost: bornHost)
        open = batch
        return batch
    }

    /// Hands what was read over to the broker; what else the peer asks comes after it.
    func submitOpen() {
        guard let batch = open else { return }
        open = nil
        service.publish(batch)
    }

    func recycle(_ batch: ServedBatch) {
        // A peer that goes through thousands of topics does not make this memory grow.
        guard spare.count < 4, batch.batch.topics.count < 1_024, batch.batch.bytes < 1 << 20 else { return }
        batch.reset()
        spare.append(batch)
    }

    // MARK: Writing

    /// Appends an answer; it leaves with the next ``flush()``.
    func write(_ body: (inout [UInt8]) -> Void) {
        guard !isClosed else { return }
        body(&out)
    }

    /// Answers that are ready in one turn of the loop leave together.
    func send(_ frame: Frame) {
        write { frame.encode(into: &$0) }
        if !isFlushDue { service.flushSoon(self) }
        isFlushDue = true
    }

    /// Writes a header that is complete in itself and the bytes behind it.
    func send(header: [UInt8], body: UnsafeRawBufferPointer) {
        guard !isClosed, let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: out.count + header.count + body.count)
        buffer.writeBytes(out)
        out.removeAll(keepingCapacity: true)
        buffer.writeBytes(header)
        buffer.writeBytes(body)
        write(buffer, context)
    }

    func flush() {
        isFlushDue = false
        guard !out.isEmpty else { return }
        guard !isClosed, let context else { return out.removeAll() }
        var buffer = context.channel.allocator.buffer(capacity: out.count)
        buffer.writeBytes(out)
        if out.capacity > 1 << 20 { out = [] } else { out.removeAll(keepingCapacity: true) }
        write(buffer, context)
    }

    private func write(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        let count = buffer.readableBytes
        unsent += count
        service.connections.unsent += count
        lastActive = .now()
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in self.sent(count) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
        adjustReading()
        service.connections.check(self)
    }

    private func sent(_ count: Int) {
        unsent -= count
        service.connections.unsent -= count
        adjustReading()
        goOn()
    }

    /// The peer has so much to take that records for it had better stay on the disk.
    var isBehind: Bool { unsent + reads * Service.maxPullBytes > Self.pauseAbove }

    /// Does this when the peer is not behind any more; never when it goes.
    func postpone(_ work: @escaping () -> Void) {
        if !isClosed { postponed.append(work) }
    }

    func readBegan() { reads += 1 }

    func readEnded() {
        reads -= 1
        goOn()
    }

    /// False too while a channel that closes fails what was to be written: nothing is read for it any more.
    private var takesAnswers: Bool { !isClosed && context?.channel.isActive == true }

    private func goOn() {
        // What is done here sends, and may be told at once that it is sent.
        guard !postponed.isEmpty, !isGoingOn, !isBehind, takesAnswers else { return }
        isGoingOn = true
        var done = 0
        while done < postponed.count, !isBehind, takesAnswers {
            postponed[done]()
            done += 1
        }
        postponed.removeFirst(min(done, postponed.count))
        isGoingOn = false
    }

    /// A request is being worked on in a task of its own, or one of them is answered.
    func callBegan() {
        calls += 1
        adjustReading()
    }

    func callEnded() {
        calls -= 1
        adjustReading()
    }

    /// Pauses a peer that is ahead of what it takes or of what is worked on, and goes on when it is not any more.
    private func adjustReading() {
        if !isReadingPaused {
            if unsent > Self.pauseAbove || calls >= Self.mostCalls { setReading(false) }
        } else if unsent <= Self.pauseAbove / 2, calls <= Self.mostCalls / 2, !isStopping {
            setReading(true)
            // What was read before it was paused comes first.
            parse(&held)
            tidyHeld()
            submitOpen()
            flush()
        }
    }

    /// Stops reading a peer that does not take its answers, or goes on.
    private func setReading(_ on: Bool) {
        isReadingPaused = !on
        _ = context?.channel.setOption(.autoRead, value: on)
    }

    /// No further request is taken.
    func stopReading() {
        isStopping = true
        submitOpen()
        setReading(false)
    }

    func close(_ reason: String) {
        guard !isClosed else { return }
        service.logger.warning("\(remoteText) \(reason); its connection is closed")
        isClosed = true
        context?.close(promise: nil)
    }
}
