import NIOCore
import NIOPosix
import NIOSSL
import SluiceAPI
import SluiceRemoting

/// Who waits for answers. Called on the event loop, once for each request.
protocol AnswerTaker: AnyObject, Sendable {
    /// Header and body live until the call returns.
    func answered(_ index: Int, _ header: HeaderReader, _ body: UnsafeRawBufferPointer)
    func failed(_ index: Int, _ failure: CallFailure)
}

/// One broker or name server, and the connection to it: made when it is needed, left alone for a while when it cannot be
/// made. What is sent in one turn of the loop leaves in one write.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class RemotePeer: @unchecked Sendable {
    private enum State {
        case idle, connecting
        case open(any Channel)
    }

    private struct Waiting {
        let taker: any AnswerTaker
        let index: Int
        let deadline: NIODeadline
        let sent: NIODeadline
    }

    let address: String
    /// Connections to one address that are kept apart: a broker tells clients of one group by their connections.
    let lane: Int
    private unowned let network: ClusterNetwork
    private var state = State.idle
    private var out: [UInt8] = []
    private var isFlushDue = false
    private var waiting: [Int32: Waiting] = [:]
    private var nextOpaque: Int32 = 0
    private var firstDeadline = NIODeadline.distantFuture
    private var lastHeard = NIODeadline.now()
    /// Something came over this connection.
    private var hasHeard = false
    /// Attempts that failed since the last one that did not.
    private var attempts = 0
    /// Not before this moment, and why.
    private var pause: (until: NIODeadline, reason: String)?
    private var isEnded = false

    init(_ network: ClusterNetwork, address: String, lane: Int) {
        self.network = network
        self.address = address
        self.lane = lane
    }

    var isOpen: Bool { if case .open = state { true } else { false } }
    /// It was found to be out of reach, and is left alone.
    var isPaused: Bool { pause.map { $0.until > .now() } ?? false }

    // MARK: Sending

    /// Sends a request that `encode` writes: its whole frame, with the opaque it is given.
    func send(
        milliseconds: Int, _ taker: any AnswerTaker, _ index: Int, _ encode: (Int32, inout [UInt8]) -> Void
    ) {
        if let failure = connectIfNeeded() { return taker.failed(index, failure) }
        let opaque = nextOpaque
        nextOpaque &+= 1
        let now = NIODeadline.now()
        let deadline = now + .milliseconds(Int64(milliseconds))
        waiting[opaque] = Waiting(taker: taker, index: index, deadline: deadline, sent: now)
        firstDeadline = min(firstDeadline, deadline)
        encode(opaque, &out)
        flushSoon()
    }

    func send(_ frame: Frame, milliseconds: Int, _ taker: any AnswerTaker, _ index: Int = 0) {
        send(milliseconds: milliseconds, taker, index) { opaque, out in
            var frame = network.signed(frame, for: address)
            frame.opaque = opaque
            frame.encode(into: &out)
        }
    }

    /// Sends what nobody answers: a oneway request, or a response.
    func send(unanswered frame: Frame) {
        guard connectIfNeeded() == nil else { return }
        var frame = frame
        if !frame.isResponse {
            frame = network.signed(frame, for: address)
            frame.opaque = nextOpaque
            nextOpaque &+= 1
        }
        frame.encode(into: &out)
        flushSoon()
    }

    private func flushSoon() {
        guard !isFlushDue, isOpen else { return }
        isFlushDue = true
        network.loop.execute { [self] in
            isFlushDue = false
            flush()
        }
    }

    private func flush() {
        guard case .open(let channel) = state, !out.isEmpty else { return }
        channel.writeAndFlush(ByteBuffer(bytes: out), promise: nil)
        if out.capacity > 4 << 20 { out = [] } else { out.removeAll(keepingCapacity: true) }
    }

    // MARK: Connecting

    /// Nil when there is a connection or one is being made.
    private func connectIfNeeded() -> CallFailure? {
        guard case .idle = state else { return nil }
        if isEnded { return failure("the connection was closed here", isSent: false) }
        if let pause, pause.until > .now() { return failure(pause.reason, isSent: false) }
        guard let place = PeerAddress(address) else {
            return CallFailure(
                error: APIError(.invalid, "\"\(address)\" is no address: it has the form host:port"), isSent: false)
        }
        state = .connecting
        ClientBootstrap(group: network.loop)
            .connectTimeout(.milliseconds(Int64(network.options.connectMilliseconds)))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = try network.tlsHandler(host: place.host) {
                        try channel.pipeline.syncOperations.addHandler(tls)
                    }
                    try channel.pipeline.syncOperations.addHandler(FrameHandler(self))
                }
            }
            .connect(host: place.host, port: place.port)
            .hop(to: network.loop)
            .whenComplete { [self] result in
                switch result {
                case .success(let channel): opened(channel)
                case .failure(let error): lost(CallFailure.reason(error), isSent: false)
                }
            }
        return nil
    }

    private func opened(_ channel: any Channel) {
        // It may have ended, or been closed again, before this was told.
        guard !isEnded, channel.isActive else {
            channel.close(promise: nil)
            return lost("the connection was closed at once", isSent: false)
        }
        state = .open(channel)
        pause = nil
        lastHeard = .now()
        hasHeard = false
        network.connected(self)
        flush()
    }

    /// The channel went away.
    func closed(_ channel: any Channel, _ error: (any Error)?) {
        guard case .open(let current) = state, current === channel else { return }
        // One that insists on TLS closes as soon as it reads something else.
        let isUnheard = !hasHeard && network.options.tls == nil
        let closed = "the connection was closed by the other end"
        lost(error.map { CallFailure.reason($0) } ?? closed + (isUnheard ? " (does it want --tls?)" : ""), isSent: true)
    }

    /// Nobody waits any longer; the next attempt waits a moment.
    private func lost(_ reason: String, isSent: Bool) {
        state = .idle
        let wait = network.options.backoff.milliseconds(attempt: attempts, chance: Double.random(in: 0..<1))
        attempts += 1
        pause = (.now() + .milliseconds(wait), reason)
        let waiting = self.waiting
        self.waiting = [:]
        firstDeadline = .distantFuture
        out.removeAll(keepingCapacity: true)
        for entry in waiting.values { entry.taker.failed(entry.index, failure(reason, isSent: isSent)) }
        guard !isEnded else { return }
        network.disconnected(self)
        if network.isWanted(self) {
            network.loop.scheduleTask(in: .milliseconds(wait)) { [self] in
                pause = nil
                if !isEnded { _ = connectIfNeeded() }
            }
        }
    }

    private func failure(_ reason: String, isSent: Bool) -> CallFailure {
        let text = "\(address) cannot be reached: \(reason)"
        return CallFailure(error: APIError(.unreachable, isEnded ? reason : text), isSent: isSent)
    }

    func end() {
        isEnded = true
        if case .open(let channel) = state {
            flush()
            channel.close(promise: nil)
        }
        lost("the connection was closed here", isSent: true)
    }

    // MARK: Receiving

    func heard() {
        lastHeard = .now()
        hasHeard = true
    }

    func received(_ header: HeaderReader, _ body: UnsafeRawBufferPointer) {
        attempts = 0
        guard header.isResponse else { return network.requested(self, header, body) }
        // An answer nobody waits for is that of a request whose time ran out.
        guard let entry = waiting.removeValue(forKey: header.opaque) else { return }
        entry.taker.answered(entry.index, header, body)
    }

    /// Tells those whose time ran out. A peer that said nothing at all since then is not there any more, whatever its
    /// connection says.
    func sweep(_ now: NIODeadline) {
        guard now >= firstDeadline else { return }
        var late: [Waiting] = []
        var first = NIODeadline.distantFuture
        for (opaque, entry) in waiting {
            if entry.deadline <= now {
                late.append(entry)
                waiting[opaque] = nil
            } else {
                first = min(first, entry.deadline)
            }
        }
        firstDeadline = first
        let isDead = late.contains { lastHeard < $0.sent }
        for entry in late {
            let span = (entry.deadline - entry.sent).nanoseconds / 1_000_000
            entry.taker.failed(
                entry.index,
                CallFailure(
                    error: APIError(.unreachable, "\(address) did not answer within \(span) ms"), isSent: true))
        }
        if isDead, case .open(let channel) = state { channel.close(promise: nil) }
    }
}
