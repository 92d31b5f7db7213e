import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// A connection to the brokers of a cluster over RocketMQ's remoting protocol: Sluice's own, or Apache RocketMQ's.
///
/// Messages, offsets and membership go by the protocol's own requests. What an operator asks goes as Sluice's own request
/// where one Sluice broker is the whole cluster, and is put together from the brokers' answers elsewhere.
public final class ClusterConnection: Connection, @unchecked Sendable {
    // `@unchecked Sendable`: routes, publisher and clients are touched on the event loop only.
    public let network: ClusterNetwork
    let routes: RouteTable
    let publisher: Publisher
    let clients: ClientRegistry
    /// Made when it is first needed: what it keeps is only for operators.
    private let operators = Mutex<(any OperatorAnswers)?>(nil)
    let isClosed = Mutex(false)

    public var localAddress: String { "network" }

    /// Connects and learns the brokers.
    /// - Throws: `.unreachable` when no name server answers, `.invalid` for options that cannot be used.
    public static func open(_ options: NetworkOptions) async throws(APIError) -> ClusterConnection {
        let connection = ClusterConnection(try ClusterNetwork(options))
        do throws(APIError) {
            let brokers = try await connection.network.brokers(refresh: true)
            guard !brokers.isEmpty else {
                throw APIError(
                    .unreachable,
                    "the name server \(options.nameServers.joined(separator: ", ")) knows no broker with a master yet")
            }
            return connection
        } catch {
            // Its loop's thread is waited for elsewhere than on the pool.
            await withCheckedContinuation { continuation in
                connection.network.closeLater { continuation.resume() }
            }
            throw error
        }
    }

    private init(_ network: ClusterNetwork) {
        self.network = network
        routes = RouteTable(network)
        publisher = Publisher(network, routes)
        clients = ClientRegistry(network)
        routes.onChange = { [weak clients] topic in clients?.routeChanged(topic) }
        network.listen(self)
    }

    /// Closes all connections; requests under way fail. Blocks until done; a second call does nothing.
    public func close() {
        isClosed.withLock { $0 = true }
        network.close()
    }

    // MARK: Requests

    public func submit(_ request: Request, _ reply: @escaping Reply) {
        // Under the lock, so that what was handed to the loop comes before its end.
        let isTaken = isClosed.withLock { closed in
            if !closed { network.loop.execute { self.handle(request, reply) } }
            return !closed
        }
        guard !isTaken else { return }
        let error = APIError(.unavailable, "the connection is closed")
        if case .publish(let source) = request, let batch = source.take() {
            batch.refuse(error)
            return source.finished(batch)
        }
        reply(.failed(error))
    }

    public func readQueues(of topic: String, _ reply: @escaping @Sendable (Result<[QueueID], APIError>) -> Void) {
        let isTaken = isClosed.withLock { closed in
            if !closed {
                network.loop.execute {
                    self.routes.route(of: topic, isFresh: true) { reply($0.map { $0.readQueues(topic) }) }
                }
            }
            return !closed
        }
        if !isTaken { reply(.failure(APIError(.unavailable, "the connection is closed"))) }
    }

    private func handle(_ request: Request, _ reply: @escaping Reply) {
        switch request {
        case .publish(let source): publisher.take(source)
        case .pull(let pull): self.pull(pull, reply)
        case .commit(let commits): commit(commits, reply)
        case .sendBack(let back): sendBack(back, reply)
        case .endTransaction(let end): endTransaction(end, reply)
        case .register(let registration): clients.register(registration, reply)
        case .unregister(let client, let consumer, let producer): clients.unregister(client, consumer, producer, reply)
        case .members(let group): members(group, reply)
        case .lock(let group, let client, let queues): lock(group, client, queues, reply)
        case .unlock(let group, let client, let queues): unlock(group, client, queues, reply)
        case .committed(let group, let queues): committed(group, queues, reply)
        case .start(let group, let queue):
            committed(group, [queue]) { response in
                if case .committed(let offsets) = response {
                    reply(.start(offsets.first ?? nil))
                } else {
                    reply(response)
                }
            }
        case .offset(let queue, let target): offset(queue, target, reply)
        default: Task { reply(await self.operate(request)) }
        }
    }

    // MARK: An operator's requests

    /// The one Sluice broker that is the whole cluster; nil where the cluster is another.
    private func onlySluice() async throws(APIError) -> ClusterBroker? {
        let brokers = try await network.brokers(refresh: false)
        guard let only = brokers.first, brokers.count == 1, only.kind == .sluice else { return nil }
        return only
    }

    /// What is done by hand is noted beside the console, in a file for each cluster.
    private var onBrokers: any OperatorAnswers {
        operators.withLock { made in
            if let made { return made }
            let cluster = network.knownBrokers.first?.cluster ?? ""
            let plain = String(cluster.map { $0 == "/" ? "_" : $0 })
            let file = network.options.stateFolder.map { "\($0)/audit/\(plain.isEmpty ? "cluster" : plain).jsonl" }
            let operators = ClusterOperator(network, auditFile: file)
            made = operators
            return operators
        }
    }

    public func watch(_ names: Set<String>) { onBrokers.watch(names) }

    private func operate(_ request: Request) async -> Response {
        do throws(APIError) {
            guard let broker = try await onlySluice() else { return await onBrokers.answer(request) }
            guard let wire = WireRequest(request) else {
                throw APIError(.unavailable, "this request is for a broker in the same process only")
            }
            return try await SluiceCall.call(wire, broker, network)
        } catch {
            return .failed(error)
        }
    }

    public func read(_ request: ReadRequest) async throws(APIError) -> Fetch {
        guard let broker = try await onlySluice() else { return try await onBrokers.read(request) }
        guard case .fetched(let fetch) = try await SluiceCall.call(.read(request), broker, network) else {
            return .empty
        }
        return fetch
    }
}

/// What answers an operator where brokers have no requests of Sluice's own.
protocol OperatorAnswers: Sendable {
    func answer(_ request: Request) async -> Response
    func read(_ request: ReadRequest) async throws(APIError) -> Fetch
    func watch(_ names: Set<String>)
}

extension ClusterOperator: OperatorAnswers {}
