import SluiceAPI
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

@testable import SluiceCluster

/// Stock brokers in memory, with as many topics and groups as a test wants: each answers an operator's requests from what it
/// holds, and counts them.
final class FakeBrokers: ClusterCalls {
    struct Broker: Sendable {
        /// Messages of a topic's queues, each by its offset.
        var queues: [QueueID: [StoredMessage]] = [:]
        /// First and last offset of queues without messages of their own.
        var ends: [QueueID: Int64] = [:]
        var topics: Set<String> = []
        var groups: Set<String> = []
        /// Groups whose consumeEnable is off.
        var paused: Set<String> = []
        /// Ids that a recall named.
        var recalled: [String] = []
        var stored: Int64 = 0
        var committed: [String: [QueueID: Int64]] = [:]
        var published: Int64 = 0
        var isSilent = false
        /// Requests so far, by code, with what each was about.
        var asked: [Int32: [String]] = [:]
    }
    private let nodes: [ClusterBroker]
    private let state: Mutex<[String: Broker]>

    init(_ names: [String] = ["broker-a", "broker-b"], kind: BrokerKind = .rocketmq4) {
        nodes = names.enumerated().map { index, name in
            ClusterBroker(
                index: index, name: name, cluster: "C", address: "127.0.0.1:\(10_911 + index)", kind: kind)
        }
        state = Mutex(Dictionary(uniqueKeysWithValues: names.map { ($0, Broker()) }))
    }

    func change<T: Sendable>(_ broker: String = "broker-a", _ body: (inout Broker) -> T) -> T {
        state.withLock { brokers in
            var one = brokers[broker] ?? Broker()
            defer { brokers[broker] = one }
            return body(&one)
        }
    }

    /// Stores a message at the end of a queue.
    func store(
        _ topic: String, queue: Int = 0, id: String, on broker: String = "broker-a", at time: Int64 = 1_000,
        properties: [Property] = [], body: String = "b"
    ) {
        let all = [Property(PropertyName.uniqueKey, id)] + properties
        change(broker) { $0.store(QueueID(topic, queue), all, Array(body.utf8), at: time) }
    }

    func asked(_ code: Int32, of broker: String = "broker-a") -> [String] { change(broker) { $0.asked[code] ?? [] } }
    func forgetRequests() { for node in nodes { change(node.name) { $0.asked = [:] } } }

    // MARK: ClusterCalls

    func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker] { nodes }

    func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
        Frame(code: ResponseCode.topicNotExist, flag: 1)
    }

    func call(_ broker: ClusterBroker, _ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
        let answer = change(broker.name) { one -> Frame? in
            one.asked[request.code, default: []].append(request["topic"] ?? request["consumerGroup"] ?? "")
            return one.isSilent ? nil : one.answer(request)
        }
        guard let answer else { throw APIError(.unreachable, "\(broker.address) does not answer") }
        return answer
    }
}

extension FakeBrokers.Broker {
    mutating func store(_ place: QueueID, _ properties: [Property], _ body: [UInt8], at time: Int64) {
        let offset = Int64(queues[place]?.count ?? 0)
        topics.insert(place.topic)
        queues[place, default: []].append(
            StoredMessage(
                topic: place.topic, queue: place.queue, queueOffset: offset, physicalOffset: stored * 1_000, size: 0,
                flag: 0, systemFlag: 0, bornTimestamp: 500, bornHost: "1.2.3.4:5", storeTimestamp: time,
                storeHost: "6.7.8.9:10", reconsumeTimes: 0, preparedTransactionOffset: 0, properties: properties,
                body: body))
        stored += 1
    }

    mutating func answer(_ request: Frame) -> Frame {
        let place = QueueID(request["topic"] ?? "", Int(request.integer("queueId") ?? 0))
        switch request.code {
        case RequestCode.getBrokerRuntimeInfo:
            return Self.json([
                "table": .table([
                    ("putMessageTimesTotal", "\(published)"), ("brokerVersionDesc", "V4_9_8"),
                    ("msgGetTotalTodayNow", "0"),
                ])
            ])
        case RequestCode.getAllTopicConfig:
            let pairs = topics.map { name in
                JSONValue.Pair(
                    .string(name),
                    .fields(["topicName": .string(name), "readQueueNums": 1, "writeQueueNums": 1, "perm": 6]))
            }
            return Self.json(["topicConfigTable": .object(pairs)])
        case RequestCode.getAllSubscriptionGroupConfig:
            let pairs = groups.map { name in
                JSONValue.Pair(
                    .string(name),
                    .fields(["groupName": .string(name), "consumeEnable": .bool(!paused.contains(name))]))
            }
            return Self.json(["subscriptionGroupTable": .object(pairs)])
        case RequestCode.getAllConsumerOffset:
            return Self.json(["offsetTable": .object(committed.flatMap { Self.offsets($0.key, $0.value) })])
        case RequestCode.getBrokerConsumeStats:
            return Self.json(["consumeStatsList": .array(committed.map { .object([stats($0.key, $0.value)]) })])
        case RequestCode.getConsumeStats:
            let group = request["consumerGroup"] ?? ""
            return Self.json(["offsetTable": .object(positions(committed[group] ?? [:]))])
        case RequestCode.getTopicStats: return topicStats(place.topic)
        case RequestCode.getConsumerConnections: return Frame(code: ResponseCode.consumerNotOnline, flag: 1)
        case RequestCode.getProducerConnections: return Frame(code: ResponseCode.systemError, flag: 1)
        case RequestCode.getAllProducerInfo: return Self.json(["data": .object([])])
        case RequestCode.getAllDelayOffset: return Self.json(["offsetTable": .object([])])
        case RequestCode.getBrokerConfig: return Frame(code: 0, flag: 1)
        case RequestCode.getMaxOffset: return Self.offset(end(place))
        case RequestCode.getMinOffset: return Self.offset(0)
        case RequestCode.searchOffsetByTimestamp:
            let time = request.integer("timestamp") ?? 0
            return Self.offset(queues[place]?.first { $0.storeTimestamp >= time }?.queueOffset ?? end(place))
        case RequestCode.queryConsumerOffset:
            guard let offset = committed[request["consumerGroup"] ?? ""]?[place] else {
                return Frame(code: ResponseCode.queryNotFound, flag: 1)
            }
            return Self.offset(offset)
        case RequestCode.pullMessage:
            return pull(place, from: request.integer("queueOffset") ?? 0, most: request.integer("maxMsgNums") ?? 32)
        default: return change(request, place)
        }
    }

    /// What changes something.
    private mutating func change(_ request: Frame, _ place: QueueID) -> Frame {
        let done = Frame(code: 0, flag: 1)
        switch request.code {
        case RequestCode.sendMessageV2:
            let place = QueueID(request["b"] ?? "", Int(request.integer("e") ?? 0))
            let offset = Int64(queues[place]?.count ?? 0)
            store(
                place, Array((request["i"] ?? "").utf8).withUnsafeBytes { PropertyCoding.decode($0) }, request.body,
                at: 9_000)
            let fields = [Frame.Field("queueId", "\(place.queue)"), Frame.Field("queueOffset", "\(offset)")]
            return Frame(code: 0, flag: 1, fields: fields)
        case RequestCode.viewMessageByID:
            let at = request.integer("offset")
            let found = queues.values.lazy.flatMap(\.self).first { $0.physicalOffset == at }
            guard let found else { return Frame(code: ResponseCode.systemError, flag: 1) }
            return Frame(code: 0, flag: 1, body: found.record())
        case RequestCode.queryMessage:
            let found = queues.filter { $0.key.topic == place.topic }.values.flatMap(\.self).filter {
                $0.id == request["key"] || $0.keys.contains(request["key"] ?? "")
            }
            let code = found.isEmpty ? ResponseCode.queryNotFound : 0
            return Frame(code: code, flag: 1, body: found.flatMap { $0.record() })
        case RequestCode.updateConsumerOffset:
            committed[request["consumerGroup"] ?? "", default: [:]][place] = request.integer("commitOffset")
            return done
        case RequestCode.updateAndCreateTopic:
            topics.insert(place.topic)
            return done
        case RequestCode.updateAndCreateSubscriptionGroup:
            guard let value = try? request.json(), let name = value["groupName"]?.text else { return done }
            groups.insert(name)
            if value["consumeEnable"]?.boolean == false { paused.insert(name) } else { paused.remove(name) }
            return done
        case RequestCode.endTransaction:
            let offset = request.integer("tranStateTableOffset") ?? -1
            guard let half = queues[QueueID(TopicName.half, 0)]?.first(where: { $0.queueOffset == offset }) else {
                return Frame(code: ResponseCode.systemError, flag: 1)
            }
            if request.integer("commitOrRollback") == Int64(SystemFlag.commit) {
                let target = QueueID(half.property(PropertyName.realTopic) ?? "", 0)
                store(target, half.properties, half.body, at: 9_000)
            }
            store(QueueID(TopicName.op, 0), [], Array("\(offset)".utf8), at: 9_000)
            return done
        case RequestCode.resumeCheckHalfMessage:
            let all = queues[QueueID(TopicName.setAside, 0)] ?? []
            guard let half = all.first(where: { $0.offsetID == request["msgId"] }) else {
                return Frame(code: ResponseCode.systemError, flag: 1)
            }
            store(QueueID(TopicName.half, 0), half.properties, half.body, at: 9_000)
            return done
        case RequestCode.recallMessage:
            recalled.append(request["recallHandle"] ?? "")
            return done
        default: return Frame(code: ResponseCode.requestCodeNotSupported, flag: 1)
        }
    }

    func end(_ place: QueueID) -> Int64 { Int64(queues[place]?.count ?? 0) + (ends[place] ?? 0) }

    private func pull(_ place: QueueID, from: Int64, most: Int64) -> Frame {
        let part = (queues[place] ?? []).filter { $0.queueOffset >= from }.prefix(Int(max(0, min(most, 32))))
        let next = part.last.map { $0.queueOffset + 1 } ?? end(place)
        return Frame(
            code: part.isEmpty ? ResponseCode.pullNotFound : 0, flag: 1,
            fields: [
                Frame.Field("nextBeginOffset", "\(next)"), Frame.Field("minOffset", "0"),
                Frame.Field("maxOffset", "\(end(place))"),
            ], body: part.flatMap { $0.record() })
    }

    private func topicStats(_ topic: String) -> Frame {
        guard topics.contains(topic) else { return Frame(code: ResponseCode.topicNotExist, flag: 1) }
        let places = Set(queues.keys).union(ends.keys).filter { $0.topic == topic }
        let pairs = places.map { place in
            JSONValue.Pair(
                Self.key(place),
                .fields(["minOffset": 0, "maxOffset": .int(end(place)), "lastUpdateTimestamp": 1]))
        }
        return Self.json(["offsetTable": .object(pairs)])
    }

    private func stats(_ group: String, _ offsets: [QueueID: Int64]) -> JSONValue.Pair {
        JSONValue.Pair(.string(group), .array([.fields(["offsetTable": .object(positions(offsets))])]))
    }

    private func positions(_ offsets: [QueueID: Int64]) -> [JSONValue.Pair] {
        offsets.map { place, offset in
            JSONValue.Pair(
                Self.key(place),
                .fields(["brokerOffset": .int(end(place)), "consumerOffset": .int(offset), "lastTimestamp": 1]))
        }
    }

    private static func offsets(_ group: String, _ offsets: [QueueID: Int64]) -> [JSONValue.Pair] {
        Dictionary(grouping: offsets, by: \.key.topic).map { topic, queues in
            JSONValue.Pair(
                .string("\(topic)@\(group)"),
                .object(queues.map { JSONValue.Pair(.number($0.key.queue), .int($0.value)) }))
        }
    }

    private static func key(_ place: QueueID) -> JSONValue {
        .fields(["brokerName": "b", "queueId": .number(place.queue), "topic": .string(place.topic)])
    }

    private static func offset(_ value: Int64) -> Frame {
        Frame(code: 0, flag: 1, fields: [Frame.Field("offset", "\(value)")])
    }

    private static func json(_ fields: KeyValuePairs<String, JSONValue?>) -> Frame {
        Frame(code: 0, flag: 1, body: JSONValue.fields(fields).encoded())
    }
}
