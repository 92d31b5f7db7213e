import NIOCore
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import Synchronization

/// Which brokers have a topic, and with how many queues (requests, 5).
struct Route: Sendable {
    struct Part: Sendable {
        /// The broker's number (``ClusterQueue``).
        var broker: Int
        var name: String
        var address: String
        var readQueues: Int
        var writeQueues: Int
        var permission: TopicPermission
    }

    /// A queue that can be written.
    struct Place: Sendable, Hashable {
        var broker: Int
        var queue: Int
    }

    /// Brokers with a master, by name.
    let parts: [Part]
    /// All queues that can be written, those of one broker not next to each other.
    let writable: [Place]
    /// The topic is not there yet: the first message makes it.
    let isTemplate: Bool

    init(_ parts: [Part], isTemplate: Bool = false) {
        self.parts = parts
        self.isTemplate = isTemplate
        var writable: [Place] = []
        let most = parts.map(\.writeQueues).max() ?? 0
        for queue in 0..<most {
            for part in parts where queue < part.writeQueues && part.permission.contains(.write) {
                writable.append(Place(broker: part.broker, queue: queue))
            }
        }
        self.writable = writable
    }

    /// As the first message of a topic sees it: brokers that let topics be made, with their usual number of queues.
    var template: Route {
        Route(
            parts.filter { $0.permission.contains(.inherit) }.map { part in
                var part = part
                part.writeQueues = min(part.writeQueues, Self.templateQueues)
                return part
            }, isTemplate: true)
    }

    /// Queues of a topic that a producer asks for (RocketMQ's defaultTopicQueueNums).
    static let templateQueues = 4

    /// Queues that can be read, in the order in which every client shares them out.
    func readQueues(_ topic: String) -> [QueueID] {
        parts.filter { $0.permission.contains(.read) }.flatMap { part in
            (0..<part.readQueues).map { QueueID(topic, ClusterQueue.number(broker: part.broker, queue: $0)) }
        }
    }

    func part(_ broker: Int) -> Part? { parts.first { $0.broker == broker } }

    /// - Throws: `.failed` when the body is no route.
    init(_ answer: Frame, _ number: (String) -> Int) throws(APIError) {
        let body: JSONValue?
        do throws(JSONError) {
            body = try answer.json()
        } catch {
            throw APIError(.failed, "the name server's answer about a topic cannot be read: \(error)")
        }
        var addresses: [String: String] = [:]
        for data in body?["brokerDatas"]?.items ?? [] {
            guard let name = data["brokerName"]?.text else { continue }
            addresses[name] = data["brokerAddrs"]?.pairs.first { $0.key.integer == 0 }?.value.text
        }
        var parts: [Part] = []
        for data in body?["queueDatas"]?.items ?? [] {
            // A broker without a master takes no messages, and its queues are not shared out.
            guard let name = data["brokerName"]?.text, let address = addresses[name] else { continue }
            func queues(_ field: String) -> Int { Int(min(max(data[field]?.integer ?? 0, 0), 65_536)) }
            parts.append(
                Part(
                    broker: number(name), name: name, address: address, readQueues: queues("readQueueNums"),
                    writeQueues: queues("writeQueueNums"),
                    permission: TopicPermission(rawValue: Int(clamping: data["perm"]?.integer ?? 0))))
        }
        self.init(parts.sorted { $0.name < $1.name })
    }
}

/// Routes as they were last heard. On the event loop.
final class RouteTable: @unchecked Sendable {
    typealias Reply = @Sendable (Result<Route, APIError>) -> Void

    private struct Entry {
        var route: Route?
        /// When it is asked for again.
        var due = NIODeadline.now()
        var isAsked = false
        var waiting: [Reply] = []
    }

    private unowned let network: ClusterNetwork
    private var entries: [String: Entry] = [:]
    /// A broker went or came a moment ago: what name servers say is about to change.
    private var watchUntil = NIODeadline.now()
    /// Told when a topic's queues are others than before.
    var onChange: (String) -> Void = { _ in }
    /// What is not there is looked for again so soon.
    private static let absence = TimeAmount.milliseconds(500)
    private static let watch = TimeAmount.seconds(60)
    private static let watchPeriod = TimeAmount.seconds(1)

    init(_ network: ClusterNetwork) { self.network = network }

    /// A topic's route: at once where one is known, unless it is due and `isFresh` is wanted.
    /// - Parameter reply: `.notFound` when no broker has the topic.
    func route(of topic: String, isFresh: Bool = false, _ reply: @escaping Reply) {
        let isDue = (entries[topic]?.due ?? .now()) <= .now()
        if let known = entries[topic]?.route, !isDue || !isFresh {
            reply(.success(known))
            if isDue { ask(topic) }
            return
        }
        entries[topic, default: Entry()].waiting.append(reply)
        ask(topic)
    }

    /// The route to publish by: that of a topic to be made where there is none.
    func publishRoute(of topic: String, _ reply: @escaping Reply) {
        route(of: topic) { [self] result in
            guard case .failure(let error) = result, error.code == .notFound, topic != TopicName.template else {
                return reply(result)
            }
            route(of: TopicName.template) { template in
                switch template {
                case .success(let route) where !route.template.writable.isEmpty: reply(.success(route.template))
                case .success, .failure: reply(.failure(error))
                }
            }
        }
    }

    /// Something did not go as the route says.
    func doubt(_ topic: String) { entries[topic]?.due = .now() }

    /// A broker went or came.
    func doubtAll() {
        watchUntil = .now() + Self.watch
        for topic in entries.keys { doubt(topic) }
    }

    private func ask(_ topic: String) {
        guard entries[topic]?.isAsked == false else { return }
        entries[topic]?.isAsked = true
        // The name servers of 5.x and 4.9.4 on write strict JSON when they are asked for it.
        let fields: [Frame.Field] = [.init("topic", topic), .init("acceptStandardJsonOnly", "true")]
        let request = Frame(code: RequestCode.getRouteInfo, fields: fields)
        network.askNameServer(request, milliseconds: network.options.requestMilliseconds) { [self] result in
            learned(topic, result)
        }
    }

    private func learned(_ topic: String, _ answer: Result<Frame, APIError>) {
        let result: Result<Route, APIError>
        switch answer {
        case .failure(let error): result = .failure(error)
        case .success(let frame) where frame.code == ResponseCode.topicNotExist:
            result = .failure(APIError(.notFound, "no broker has a topic \(topic)"))
        case .success(let frame) where frame.code != ResponseCode.success:
            result = .failure(APIError(frame, of: "the name server"))
        case .success(let frame):
            result = Result { () throws(APIError) in
                try Route(frame) { name in network.directory.withLock { $0.number(of: name) } }
            }
        }
        guard var entry = entries[topic] else { return }
        entry.isAsked = false
        let waiting = entry.waiting
        entry.waiting = []
        let isGone = if case .failure(let error) = result { error.code == .notFound } else { false }
        var told = result
        let before = entry.route?.readQueues(topic)
        switch result {
        case .success(let route):
            entry.route = route
            entry.due =
                .now()
                + (watchUntil > .now()
                    ? Self.watchPeriod : .milliseconds(Int64(network.options.refreshMilliseconds)))
        case .failure:
            entry.due = .now() + Self.absence
            // What was known stands while no name server answers.
            if isGone { entry.route = nil } else if let known = entry.route { told = .success(known) }
        }
        entries[topic] = isGone && entry.waiting.isEmpty ? nil : entry
        for reply in waiting { reply(told) }
        if let before, before != entry.route?.readQueues(topic) { onChange(topic) }
    }
}
