import Foundation
import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// The consumers and producers of this connection, whom the brokers know by heartbeats.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class ClientRegistry: @unchecked Sendable {
    struct Client {
        var registration: Registration
        /// The connections it speaks over: stock brokers tell members of a group apart by them.
        let lane: Int
        /// When it was registered, epoch ms: the version of its subscriptions.
        let since: Int64
    }

    private unowned let network: ClusterNetwork
    private(set) var clients: [String: Client] = [:]
    private var nextHeartbeat = NIODeadline.now()
    /// Brokers that have had a heartbeat.
    private var told: Set<String> = []
    private var nextLook = NIODeadline.now()

    init(_ network: ClusterNetwork) { self.network = network }

    private var addresses: [String] { network.knownBrokers.map(\.address) }

    // MARK: Joining and leaving

    /// Answers when all brokers that can be reached know the client; fails when none does, or when one refuses it.
    func register(_ registration: Registration, _ reply: @escaping Reply) {
        let lane = clients[registration.client]?.lane ?? freeLane(registration)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let client = Client(registration: registration, lane: lane, since: now)
        clients[registration.client] = client
        noteTopics()
        let addresses = addresses
        let gathering = Gathering<Void>(addresses.count) { answers in
            let refusals = answers.compactMap { answer in
                if case .failure(let error) = answer { error } else { nil }
            }
            let isRefused = refusals.first { $0.code != .unreachable }
            if let error = isRefused ?? (refusals.count == answers.count ? refusals.first : nil) {
                reply(.failed(error))
            } else {
                reply(.done)
            }
        }
        for address in addresses {
            told.insert(address)
            heartbeat(client, to: address) { gathering.add($0) }
        }
        if addresses.isEmpty { reply(.failed(APIError(.unreachable, "no broker of the cluster is known"))) }
    }

    /// The first lane on which no other client is in one of the same groups.
    private func freeLane(_ registration: Registration) -> Int {
        var taken: Set<Int> = []
        for client in clients.values {
            let other = client.registration
            let shares =
                (other.consumerGroup != nil && other.consumerGroup == registration.consumerGroup)
                || (other.producerGroup != nil && other.producerGroup == registration.producerGroup)
            if shares { taken.insert(client.lane) }
        }
        return (0...taken.count).first { !taken.contains($0) } ?? 0
    }

    /// - Parameters:
    ///   - consumerGroup: only this role of the client's ends; with neither group all of it does.
    func unregister(_ id: String, _ consumerGroup: String?, _ producerGroup: String?, _ reply: @escaping Reply) {
        guard var client = clients[id] else { return reply(.done) }
        let isAll = consumerGroup == nil && producerGroup == nil
        let groups = [
            ("consumerGroup", isAll ? client.registration.consumerGroup : consumerGroup),
            ("producerGroup", isAll ? client.registration.producerGroup : producerGroup),
        ]
        if groups[0].1 != nil { client.registration.consumerGroup = nil }
        if groups[1].1 != nil { client.registration.producerGroup = nil }
        let isGone = client.registration.consumerGroup == nil && client.registration.producerGroup == nil
        clients[id] = isGone ? nil : client
        noteTopics()
        let fields =
            [Frame.Field("clientID", id)]
            + groups.compactMap { name, group in group.map { Frame.Field(name, $0) } }
        let request = Frame(code: RequestCode.unregisterClient, fields: fields)
        let addresses = addresses
        // Who cannot be told forgets the client by itself.
        let gathering = Gathering<Void>(addresses.count) { _ in reply(.done) }
        for address in addresses {
            network.ask(address, lane: client.lane, request, milliseconds: network.options.requestMilliseconds) {
                gathering.add(CallAnswer.done($0, address))
            }
        }
        if addresses.isEmpty { reply(.done) }
    }

    // MARK: Heartbeats

    func tick(_ now: NIODeadline) {
        guard !clients.isEmpty, now >= nextLook else { return }
        nextLook = now + .seconds(1)
        let isDue = now >= nextHeartbeat
        if isDue { nextHeartbeat = now + .milliseconds(Int64(network.options.heartbeatMilliseconds)) }
        let current = addresses
        told.formIntersection(current)
        for address in current where isDue || !told.contains(address) {
            told.insert(address)
            for client in clients.values { heartbeat(client, to: address) { _ in } }
        }
    }

    /// A connection was made: who speaks over it makes himself known again at once.
    func connected(_ peer: RemotePeer) {
        guard addresses.contains(peer.address) else { return }
        for client in clients.values where client.lane == peer.lane { heartbeat(client, to: peer.address) { _ in } }
    }

    func isWanted(_ peer: RemotePeer) -> Bool {
        clients.values.contains { $0.lane == peer.lane } && addresses.contains(peer.address)
    }

    private func heartbeat(
        _ client: Client, to address: String, _ reply: @escaping @Sendable (Result<Void, APIError>) -> Void
    ) {
        let request = Frame(code: RequestCode.heartBeat, fields: [], body: Self.body(client).encoded())
        network.ask(address, lane: client.lane, request, milliseconds: network.options.requestMilliseconds) {
            reply(CallAnswer.done($0, address))
        }
    }

    /// What a heartbeat holds (requests, 3).
    static func body(_ client: Client) -> JSONValue {
        let registration = client.registration
        var consumers: [JSONValue] = []
        if let group = registration.consumerGroup {
            consumers.append(
                .fields([
                    "consumeFromWhere": .string(registration.consumeFrom),
                    "consumeType": .string(registration.consumeType), "groupName": .string(group),
                    "messageModel": .string(registration.model == .broadcasting ? "BROADCASTING" : "CLUSTERING"),
                    "subscriptionDataSet": .array(subscriptions(client)), "unitMode": false,
                ]))
        }
        let producers = registration.producerGroup.map { [JSONValue.fields(["groupName": .string($0)])] } ?? []
        return .fields([
            "clientID": .string(registration.client), "consumerDataSet": .array(consumers),
            "producerDataSet": .array(producers),
        ])
    }

    static func subscriptions(_ client: Client) -> [JSONValue] {
        var all = client.registration.subscriptions
        if let group = client.registration.consumerGroup, client.registration.model == .clustering {
            all[TopicName.retry(group)] = Subscription("*")
        }
        return all.sorted { $0.key < $1.key }.map { topic, subscription in
            let tags = subscription.type == "TAG" ? TagFilter(subscription.expression).tags.sorted() : []
            return .fields([
                "classFilterMode": false, "codeSet": .array(tags.map { .int(Int64(TagCode.of($0))) }),
                "expressionType": .string(subscription.type), "subString": .string(subscription.expression),
                "subVersion": .int(client.since), "tagsSet": .strings(tags), "topic": .string(topic),
            ])
        }
    }

    // MARK: What brokers tell

    /// Topics that consumers here are subscribed to.
    private(set) var subscribedTopics: Set<String> = []

    private func noteTopics() {
        subscribedTopics = Set(
            clients.values.filter { $0.registration.consumerGroup != nil }.flatMap(\.registration.subscriptions.keys))
    }

    /// A topic has other queues than before: its consumers share them out anew.
    func routeChanged(_ topic: String) {
        for client in clients.values where client.registration.subscriptions[topic] != nil {
            guard let group = client.registration.consumerGroup else { continue }
            client.registration.push(.membersChanged(group: group))
        }
    }

    /// Tells every consumer of a group.
    func tell(group: String, _ push: ServerPush) {
        for client in clients.values where client.registration.consumerGroup == group { client.registration.push(push) }
    }

    /// Tells one producer of a group: one on the lane that was asked, if there is one.
    func tell(producerGroup group: String, lane: Int, _ push: ServerPush) {
        let all = clients.values.filter { $0.registration.producerGroup == group }
        (all.first { $0.lane == lane } ?? all.first)?.registration.push(push)
    }
}

/// Waits for a number of answers and hands them on together, in the order in which they came.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class Gathering<Value: Sendable>: @unchecked Sendable {
    private var values: [Result<Value, APIError>] = []
    private let count: Int
    private let reply: ([Result<Value, APIError>]) -> Void

    init(_ count: Int, _ reply: @escaping ([Result<Value, APIError>]) -> Void) {
        self.count = count
        self.reply = reply
    }

    func add(_ value: Result<Value, APIError>) {
        values.append(value)
        if values.count == count { reply(values) }
    }
}

/// What a call came to.
enum CallAnswer {
    /// The answer of a success.
    static func frame(_ result: Result<Frame, CallFailure>, _ address: String) -> Result<Frame, APIError> {
        switch result {
        case .failure(let failure): return .failure(failure.error)
        case .success(let frame) where frame.code == ResponseCode.success: return .success(frame)
        case .success(let frame): return .failure(APIError(frame, of: address))
        }
    }

    static func done(_ result: Result<Frame, CallFailure>, _ address: String) -> Result<Void, APIError> {
        frame(result, address).map { _ in () }
    }

    static func integer(
        _ field: String, _ result: Result<Frame, CallFailure>, _ address: String
    ) -> Result<Int64, APIError> {
        frame(result, address).flatMap { frame in
            guard let number = frame.integer(field) else {
                return .failure(APIError(.failed, "the broker at \(address) answers without \(field)"))
            }
            return .success(number)
        }
    }
}
