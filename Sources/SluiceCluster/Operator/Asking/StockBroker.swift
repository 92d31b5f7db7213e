import SluiceAPI
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// One broker of the cluster, asked in RocketMQ's own requests (requests, 2 to 6).
struct StockBroker: Sendable {
    let calls: any ClusterCalls
    let node: ClusterBroker

    /// Long enough for a broker that is busy, short enough for somebody who waits.
    static let patience = 5_000

    /// A request's answer when its code is one of those expected, and an error that says what the broker said otherwise.
    func ask(
        _ code: Int32, _ fields: KeyValuePairs<String, String> = [:], body: [UInt8] = [],
        expecting: Set<Int32> = [ResponseCode.success], milliseconds: Int = patience
    ) async throws(APIError) -> Frame {
        let request = Frame(code: code, fields: fields.map { Frame.Field($0.key, $0.value) }, body: body)
        let answer = try await calls.call(node, request, milliseconds: milliseconds)
        guard expecting.contains(answer.code) else { throw Self.error(answer, of: code, by: "broker \(node.name)") }
        return answer
    }

    /// A request's answer as JSON, with its size.
    func json(
        _ code: Int32, _ fields: KeyValuePairs<String, String> = [:], expecting: Set<Int32> = [ResponseCode.success]
    ) async throws(APIError) -> (value: JSONValue, bytes: Int) {
        let answer = try await ask(code, fields, expecting: expecting)
        return (try body(answer, of: code), answer.body.count)
    }

    /// An answer's body as JSON; null where it has none.
    func body(_ answer: Frame, of code: Int32) throws(APIError) -> JSONValue {
        do throws(JSONError) {
            return try answer.json() ?? .null
        } catch {
            throw APIError(
                .failed, "broker \(node.name) answered request \(code) with a body that is no JSON: \(error)")
        }
    }

    /// A field that the answer must have.
    func integer(_ frame: Frame, _ name: String, of code: Int32) throws(APIError) -> Int64 {
        guard let value = frame.integer(name) else {
            throw APIError(.failed, "broker \(node.name) answered request \(code) without \(name)")
        }
        return value
    }

    static func error(_ answer: Frame, of code: Int32, by peer: String) -> APIError {
        let said = BrokerRemark(answer.remark)
        let kind: APIError.Code =
            switch answer.code {
            case ResponseCode.systemBusy: .throttled
            case ResponseCode.requestCodeNotSupported: .unavailable
            case ResponseCode.serviceNotAvailable: .unavailable
            case ResponseCode.noPermission: .refused
            case ResponseCode.topicNotExist, ResponseCode.queryNotFound, ResponseCode.subscriptionGroupNotExist:
                .notFound
            default: said.isDenial ? .refused : .failed
            }
        guard !said.isDenial else { return APIError(kind, "\(peer) denies access: \(said.text)") }
        return APIError(kind, "\(peer) refused request \(code) with code \(answer.code): \(said.text)")
    }

    /// The number by which the rest of the program knows a queue of this broker.
    func number(_ queue: Int) -> Int { ClusterQueue.number(broker: node.index, queue: queue) }
    func id(_ topic: String, _ queue: Int) -> QueueID { QueueID(topic, number(queue)) }
}

/// Requests whose answers are objects of JSON.
extension StockBroker {
    func runtime() async throws(APIError) -> ([String: String], Int) {
        let (value, bytes) = try await json(RequestCode.getBrokerRuntimeInfo)
        var table: [String: String] = [:]
        for pair in value["table"]?.pairs ?? [] {
            if let name = pair.key.text, let text = pair.value.text { table[name] = text }
        }
        return (table, bytes)
    }

    func topicConfigs() async throws(APIError) -> ([String: TopicConfig], Int) {
        let (value, bytes) = try await json(RequestCode.getAllTopicConfig)
        var configs: [String: TopicConfig] = [:]
        for pair in value["topicConfigTable"]?.pairs ?? [] {
            guard let name = pair.value["topicName"]?.text ?? pair.key.text else { continue }
            var config = TopicConfig(
                name: name, readQueues: Self.count(pair.value["readQueueNums"]),
                writeQueues: Self.count(pair.value["writeQueueNums"]),
                permission: TopicPermission(rawValue: Int(clamping: pair.value["perm"]?.integer ?? 6)))
            config.systemFlag = Int(clamping: pair.value["topicSysFlag"]?.integer ?? 0)
            configs[name] = config
        }
        return (configs, bytes)
    }

    private static func count(_ value: JSONValue?) -> Int { Int(min(max(value?.integer ?? 0, 0), 65_536)) }

    /// Configured groups, with their configuration as the broker keeps it, so that what we do not know is kept in a change.
    func groupConfigs() async throws(APIError) -> ([String: StockGroup], Int) {
        let (value, bytes) = try await json(RequestCode.getAllSubscriptionGroupConfig)
        var groups: [String: StockGroup] = [:]
        for pair in value["subscriptionGroupTable"]?.pairs ?? [] {
            guard let name = pair.value["groupName"]?.text ?? pair.key.text else { continue }
            groups[name] = StockGroup(name, pair.value)
        }
        return (groups, bytes)
    }

    /// Committed offsets by group, this broker's queues by their own numbers.
    func consumerOffsets() async throws(APIError) -> ([String: [QueueID: Int64]], Int) {
        let (value, bytes) = try await json(RequestCode.getAllConsumerOffset)
        var offsets: [String: [QueueID: Int64]] = [:]
        for pair in value["offsetTable"]?.pairs ?? [] {
            guard let key = pair.key.text, let at = key.firstIndex(of: "@") else { continue }
            let topic = String(key[..<at])
            let group = String(key[key.index(after: at)...])
            for queue in pair.value.pairs {
                guard let number = queue.key.integer, (0...0xffff).contains(number), let offset = queue.value.integer
                else { continue }
                offsets[group, default: [:]][QueueID(topic, Int(number))] = offset
            }
        }
        return (offsets, bytes)
    }

    /// How far each delay level was delivered (requests, 6: 45); levels without a delivery are not in it.
    func delayOffsets() async throws(APIError) -> [Int: Int64] {
        let (value, _) = try await json(RequestCode.getAllDelayOffset)
        var offsets: [Int: Int64] = [:]
        for pair in value["offsetTable"]?.pairs ?? [] {
            if let level = pair.key.integer, let offset = pair.value.integer { offsets[Int(clamping: level)] = offset }
        }
        return offsets
    }

    /// How all groups stand on their queues here, by group.
    func allConsumeStats() async throws(APIError) -> ([String: [QueueID: ConsumePosition]], Int) {
        let (value, bytes) = try await json(RequestCode.getBrokerConsumeStats, ["isOrder": "false"])
        var stats: [String: [QueueID: ConsumePosition]] = [:]
        for pair in (value["consumeStatsList"]?.items ?? []).flatMap(\.pairs) {
            guard let group = pair.key.text else { continue }
            var queues = stats[group] ?? [:]
            for entry in pair.value.items { queues.merge(Self.positions(entry)) { $1 } }
            stats[group] = queues
        }
        return (stats, bytes)
    }

    func consumeStats(_ group: String) async throws(APIError) -> [QueueID: ConsumePosition] {
        Self.positions(try await json(RequestCode.getConsumeStats, ["consumerGroup": group]).value)
    }

    private static func positions(_ stats: JSONValue) -> [QueueID: ConsumePosition] {
        var positions: [QueueID: ConsumePosition] = [:]
        for pair in stats["offsetTable"]?.pairs ?? [] {
            guard let id = queueID(pair.key), let end = pair.value["brokerOffset"]?.integer,
                let offset = pair.value["consumerOffset"]?.integer
            else { continue }
            positions[id] = ConsumePosition(
                end: end, offset: offset, lastTimestamp: pair.value["lastTimestamp"]?.integer ?? 0)
        }
        return positions
    }

    /// Min, max and last store time of a topic's queues; nil when this broker does not have the topic.
    func topicStats(_ topic: String) async throws(APIError) -> ([Int: QueueStatus]?, Int) {
        let answer = try await json(
            RequestCode.getTopicStats, ["topic": topic],
            expecting: [ResponseCode.success, ResponseCode.topicNotExist])
        guard let table = answer.value["offsetTable"] else { return (nil, answer.bytes) }
        var queues: [Int: QueueStatus] = [:]
        for pair in table.pairs {
            guard let id = Self.queueID(pair.key), let first = pair.value["minOffset"]?.integer,
                let end = pair.value["maxOffset"]?.integer
            else { continue }
            queues[id.queue] = QueueStatus(
                queue: id.queue, minOffset: first, maxOffset: end, firstStored: 0,
                lastStored: pair.value["lastUpdateTimestamp"]?.integer ?? 0)
        }
        return (queues, answer.bytes)
    }

    private static func queueID(_ key: JSONValue) -> QueueID? {
        guard let topic = key["topic"]?.text, let queue = key["queueId"]?.integer, (0...0xffff).contains(queue) else {
            return nil
        }
        return QueueID(topic, Int(queue))
    }

    /// Consumers of a group that are connected here; none when the group is offline.
    func consumers(_ group: String) async throws(APIError) -> (GroupMembers, Int) {
        let (value, bytes) = try await json(
            RequestCode.getConsumerConnections, ["consumerGroup": group],
            expecting: [ResponseCode.success, ResponseCode.consumerNotOnline])
        return (GroupMembers(value), bytes)
    }

    /// Producers of a group that are connected here; an unknown group has none (code 1).
    func producers(_ group: String) async throws(APIError) -> [ClientStatus] {
        let answer = try await json(
            RequestCode.getProducerConnections, ["producerGroup": group],
            expecting: [ResponseCode.success, ResponseCode.systemError])
        return GroupMembers(answer.value).clients
    }

    /// All producers by group.
    func allProducers() async throws(APIError) -> ([String: [ClientStatus]], Int) {
        let (value, bytes) = try await json(RequestCode.getAllProducerInfo)
        var producers: [String: [ClientStatus]] = [:]
        for pair in value["data"]?.pairs ?? [] {
            guard let group = pair.key.text else { continue }
            producers[group] = pair.value.items.compactMap { GroupMembers.client($0, "remoteIP") }
        }
        return (producers, bytes)
    }

    /// Options of the broker by RocketMQ's names.
    func options() async throws(APIError) -> ([String: String], Int) {
        let answer = try await ask(RequestCode.getBrokerConfig)
        var options: [String: String] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            options[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return (options, answer.body.count)
    }
}

/// How a group stands on a queue.
struct ConsumePosition: Sendable, Equatable {
    /// The queue's end.
    var end: Int64
    /// The next message to be consumed.
    var offset: Int64
    /// Store time of the last message that was consumed, 0 where the broker does not know it.
    var lastTimestamp: Int64
    var lag: Int64 { max(0, end - offset) }
}

/// A group's configuration, and all that the broker has of it.
struct StockGroup: Sendable {
    var config: GroupConfig
    var raw: JSONValue

    init(_ name: String, _ raw: JSONValue) {
        config = GroupConfig(
            name: name, consumeEnabled: raw["consumeEnable"]?.boolean ?? true,
            retryMaxTimes: Int(clamping: raw["retryMaxTimes"]?.integer ?? 16),
            retryQueues: Int(clamping: raw["retryQueueNums"]?.integer ?? 1))
        config.broadcastEnabled = raw["consumeBroadcastEnable"]?.boolean ?? true
        config.notifiesMembers = raw["notifyConsumerIdsChangedEnable"]?.boolean ?? true
        self.raw = raw
    }

    /// The configuration as a request carries it, with everything the broker had that we do not know.
    static func body(_ config: GroupConfig, over raw: JSONValue?) -> [UInt8] {
        let ours: [(String, JSONValue)] = [
            ("groupName", .string(config.name)), ("consumeEnable", .bool(config.consumeEnabled)),
            ("consumeBroadcastEnable", .bool(config.broadcastEnabled)), ("retryQueueNums", .number(config.retryQueues)),
            ("retryMaxTimes", .number(config.retryMaxTimes)),
            ("notifyConsumerIdsChangedEnable", .bool(config.notifiesMembers)),
        ]
        let defaults: JSONValue = [
            ("consumeFromMinEnable", true), ("brokerId", 0), ("whichBrokerWhenConsumeSlowly", 1),
        ].reduce(into: JSONValue.object([])) { value, entry in
            value = .object(value.pairs + [JSONValue.Pair(.string(entry.0), entry.1)])
        }
        var pairs = (raw ?? defaults).pairs.filter { pair in !ours.contains { .string($0.0) == pair.key } }
        pairs += ours.map { JSONValue.Pair(.string($0.0), $0.1) }
        return JSONValue.object(pairs).encoded()
    }
}

/// Connected consumers of a group.
struct GroupMembers: Sendable {
    var clients: [ClientStatus] = []
    var subscriptions: [String: String] = [:]
    var model: MessageModel?

    init(_ value: JSONValue) {
        clients = (value["connectionSet"]?.items ?? []).compactMap { Self.client($0, "clientAddr") }
        for pair in value["subscriptionTable"]?.pairs ?? [] {
            if let topic = pair.key.text { subscriptions[topic] = pair.value["subString"]?.text ?? "*" }
        }
        model = value["messageModel"]?.text.flatMap { $0 == "BROADCASTING" ? .broadcasting : .clustering }
    }

    static func client(_ value: JSONValue, _ address: String) -> ClientStatus? {
        guard let id = value["clientId"]?.text else { return nil }
        let from = value[address]?.text ?? ""
        return ClientStatus(
            id: id, address: from.hasPrefix("/") ? String(from.dropFirst()) : from,
            language: value["language"]?.text ?? "",
            version: Int(clamping: value["version"]?.integer ?? 0), lastSeen: value["lastUpdateTimestamp"]?.integer ?? 0
        )
    }
}
