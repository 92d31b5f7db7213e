import CSluice
import Logging
import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// What the server end of the protocol does with requests.
///
/// `@unchecked Sendable`: its state is touched on the event loop only; `ask` and `host` may be used from anywhere.
final class Service: @unchecked Sendable {
    let host: Host
    let options: ServerOptions
    let loop: any EventLoop
    let logger: Logger
    let connections: ConnectionTable
    let clients = ClientTable()
    let relays = RelayTable()
    let nameServer: NameServer
    let stats: StatsSampler
    let turns: LoopTurns
    private let callExecutor = CallExecutor()
    let startedAt: Int64
    /// Tells name servers elsewhere of this broker; nil where there are none.
    let registrar = Mutex<Registrar?>(nil)
    /// Connections with answers that have not left. On the loop.
    private var unflushed: [RemotingConnection] = []
    /// The loop runs the broker's turns. Set at the start, before anybody else looks.
    var hasTurns = false
    /// Batches with the broker, and who waits for the last of them. On the loop.
    var published = 0
    var drain: EventLoopPromise<Void>?
    /// When silent peers were last looked for, and until when none is closed.
    var lastSweep = NIODeadline.now()
    var graceEnd = NIODeadline.uptimeNanoseconds(0)
    /// What pulls are read with. On the loop.
    var reader: LogReader?
    /// What other threads have for the loop.
    let inbox: LoopInbox

    init(_ host: Host, _ options: ServerOptions, _ loop: any EventLoop, _ logger: Logger) {
        self.host = host
        self.options = options
        self.loop = loop
        self.logger = logger
        connections = ConnectionTable(options.limits)
        nameServer = NameServer(options)
        stats = StatsSampler()
        turns = LoopTurns(loop)
        startedAt = sluice_wall_milliseconds()
        inbox = LoopInbox(loop)
        inbox.begin { [weak self] items in self?.drain(items) }
    }

    // MARK: From the owner's thread

    private func drain(_ items: [LoopInbox.Item]) {
        var touched: [RemotingConnection] = []
        for item in items {
            switch item {
            case .published(let batch):
                answer(batch)
                answered()
                touched.append(batch.connection)
                batch.connection.recycle(batch)
            case .work(let work): work()
            }
        }
        for connection in touched { connection.flush() }
    }

    /// Flushes a connection when what is to be done now is done.
    func flushSoon(_ connection: RemotingConnection) {
        if unflushed.isEmpty { loop.execute { [self] in flushAll() } }
        unflushed.append(connection)
    }

    private func flushAll() {
        let connections = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for connection in connections { connection.flush() }
    }

    /// Hands a request to the broker and its answer to `reply`, on the event loop.
    func ask(_ request: Request, _ reply: @escaping @Sendable (Response) -> Void) {
        host.submit(request) { [inbox] response in inbox.add(.work { reply(response) }) }
    }

    /// Asks and waits, for requests whose rate does not matter.
    func ask(_ request: Request) async throws(APIError) -> Response {
        let response = await withCheckedContinuation { continuation in
            host.submit(request) { continuation.resume(returning: $0) }
        }
        if case .failed(let error) = response { throw error }
        return response
    }

    // MARK: Dispatch

    /// Handles the frame that `connection.header` was just read from.
    func handle(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) {
        let header = connection.header
        if header.isResponse { return relays.answered(Frame(header, body: body), over: connection) }
        if !connection.isLocal, !Self.isOpen(header.code),
            let refusal = options.access.current?.refusal(header, body: body, remoteAddress: connection.remoteText)
        {
            return refuse(connection, ResponseCode.systemError, Self.aclRemark(refusal))
        }
        switch header.code {
        case RequestCode.sendMessageV2, RequestCode.sendMessage, RequestCode.sendBatchMessage:
            publish(connection, body)
        case RequestCode.pullMessage, RequestCode.litePullMessage: pull(connection)
        case RequestCode.updateConsumerOffset: updateOffset(connection)
        case RequestCode.endTransaction: endTransaction(connection)
        case RequestCode.consumerSendMessageBack: sendBack(connection)
        case RequestCode.heartBeat: heartbeat(connection, body)
        case RequestCode.unregisterClient: unregister(connection)
        case RequestCode.sluice where isExtensionPublish(header): publishExtension(connection, body)
        default: handleLater(connection, body)
        }
    }

    /// What a name server of RocketMQ tells everybody (remoting frame, 9).
    private static func isOpen(_ code: Int32) -> Bool {
        code == RequestCode.getRouteInfo || code == RequestCode.getBrokerClusterInfo
    }

    private func isExtensionPublish(_ header: HeaderReader) -> Bool {
        !options.isCompatible && header["v"]?.text == ExtensionFrame.version
            && header["op"]?.text == ExtensionFrame.Operation.publish.rawValue
    }

    /// 4.9's form of a refusal by ACL (remoting frame, 9).
    private static func aclRemark(_ reason: String) -> String {
        "org.apache.rocketmq.acl.common.AclException: \(reason)"
    }

    /// Answers the frame in hand with an error, unless nobody must answer it.
    func refuse(_ connection: RemotingConnection, _ code: Int32, _ remark: String) {
        let header = connection.header
        guard !header.isOneway else { return }
        let frame = Frame(
            code: code, flag: FrameFlag.response, opaque: header.opaque, remark: remark, fields: [], type: header.type)
        connection.write { frame.encode(into: &$0) }
    }

    /// Everything whose rate does not matter: a task a request.
    private func handleLater(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) {
        // What came before over this connection is to be seen by this request.
        connection.submitOpen()
        let request = Frame(connection.header, body: body)
        let call = Call(request: request, connection: connection, service: self, proof: proof(connection, body))
        connection.callBegan()
        Task(executorPreference: callExecutor) { [inbox] in
            var response = await call.answer()
            guard !request.isOneway else { return inbox.add(.work { connection.callEnded() }) }
            response.opaque = request.opaque
            response.flag = FrameFlag.response
            response.type = request.type
            let answer = response
            inbox.add(
                .work {
                    connection.send(answer)
                    connection.callEnded()
                })
        }
    }

    /// What proves who sent the frame in hand, where it may have to be known.
    private func proof(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) -> Call.Proof? {
        let code = connection.header.code
        guard code == RequestCode.sluice || Call.changes.contains(code) else { return nil }
        if connection.isLocal { return connection.peerUser.map { .user($0) } }
        return options.access.current?
            .signer(connection.header, body: body, remoteAddress: connection.remoteText)
            .map { .account($0) }
    }

    /// A connection is gone: so are the clients that spoke over it.
    func closed(_ connection: RemotingConnection) {
        relays.closed(connection)
        for client in connection.attached { host.submit(.unregister(client: client)) { _ in } }
        for client in connection.clients where clients.forget(client, over: connection) {
            host.submit(.unregister(client: client)) { _ in }
        }
    }
}

extension ResponseCode {
    /// The response code of a refusal (remoting frame, 12).
    static func of(_ error: APIError) -> Int32 {
        switch error.code {
        case .tooLarge: messageIllegal
        case .notFound: topicNotExist
        case .refused: noPermission
        case .unavailable: serviceNotAvailable
        case .throttled: systemBusy
        case .invalid, .conflict, .unreachable, .failed: systemError
        }
    }
}
