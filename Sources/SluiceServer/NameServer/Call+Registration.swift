import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Brokers that register here, and the KV configuration (requests, 5).
extension Call {
    func registerBroker() throws(Refusal) -> Frame {
        let name = try text("brokerName")
        let cluster = try text("clusterName")
        let address = try text("brokerAddr")
        let id = try integer("brokerId")
        try checkSum()
        let body = try RegistrationBody(request)
        let now = service.now
        let masters = service.nameServer.change { state -> (String?, JSONValue?) in
            var broker = state.brokers[name] ?? NameServer.Broker(cluster: cluster)
            broker.cluster = cluster
            for (other, known) in broker.addresses where known == address && other != id {
                broker.addresses[other] = nil
            }
            broker.addresses[id] = address
            broker.lastSeen[address] = now
            if id == 0 {
                // After a change a broker sends only the topic that changed: merge (observed).
                for topic in body.topics { broker.topics[topic.name] = topic }
                broker.dataVersion = body.dataVersion
            }
            state.brokers[name] = broker
            let order = state.kv["ORDER_TOPIC_CONFIG"].map { table in
                JSONValue.fields(["table": .table(table.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })])
            }
            return (id == 0 ? nil : broker.addresses[0], order)
        }
        var frame = ok(body: masters.1)
        frame.fields = masters.0.map { [.init("haServerAddr", $0), .init("masterAddr", $0)] } ?? []
        return frame
    }

    /// Absent or 0 is not checked (requests, 103).
    private func checkSum() throws(Refusal) {
        guard let sum = request.integer("bodyCrc32"), sum != 0 else { return }
        let actual = request.body.withUnsafeBytes { Record.bodyCRC($0) }
        guard Int64(actual) == sum else { throw Refusal(ResponseCode.systemError, "crc32 not match") }
    }

    func unregisterBroker() throws(Refusal) -> Frame {
        let name = try text("brokerName")
        let address = try text("brokerAddr")
        service.nameServer.change { state in
            guard var broker = state.brokers[name] else { return }
            broker.addresses = broker.addresses.filter { $0.value != address }
            state.brokers[name] = broker.addresses.isEmpty ? nil : broker
        }
        return ok()
    }

    func queryDataVersion() throws(Refusal) -> Frame {
        let name = try text("brokerName")
        let address = try text("brokerAddr")
        let asked = try body()
        let now = service.now
        let known = service.nameServer.change { state in
            if state.brokers[name]?.addresses.values.contains(address) == true {
                state.brokers[name]?.lastSeen[address] = now
            }
            return state.brokers[name]?.dataVersion
        }
        let isSame =
            known?["counter"]?.integer == asked["counter"]?.integer
            && known?["timestamp"]?.integer == asked["timestamp"]?.integer && known != nil
        var frame = ok(body: known)
        frame.fields = [.init("changed", String(!isSame))]
        return frame
    }

    // MARK: Key and value

    func keyValue() async throws(Refusal) -> Frame {
        let namespace = try text("namespace")
        switch request.code {
        case RequestCode.putKV:
            let (key, value) = (try text("key"), try text("value"))
            try await noted(entry("nameserver_kv_put", namespace, key, " = \(value)")) { () throws(Refusal) in
                service.nameServer.change { $0.kv[namespace, default: [:]][key] = value }
                return ""
            }
            return ok()
        case RequestCode.deleteKV:
            let key = try text("key")
            try await noted(entry("nameserver_kv_delete", namespace, key)) { () throws(Refusal) in
                service.nameServer.change { state in
                    state.kv[namespace]?[key] = nil
                    if state.kv[namespace]?.isEmpty == true { state.kv[namespace] = nil }
                }
                return ""
            }
            return ok()
        case RequestCode.getKV:
            let key = try text("key")
            guard let value = service.nameServer.current.kv[namespace]?[key] else {
                throw Refusal(ResponseCode.queryNotFound, "No config item, Namespace: \(namespace) Key: \(key)")
            }
            return ok(["value": value])
        default:
            guard let table = service.nameServer.current.kv[namespace] else {
                throw Refusal(ResponseCode.queryNotFound, "No config item, Namespace: \(namespace)")
            }
            return ok(
                body: .fields(["table": .table(table.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })]))
        }
    }

    private func entry(_ name: String, _ namespace: String, _ key: String, _ asked: String = "") -> AuditSubject {
        .elsewhere(
            name: name, target: "\(namespace) \(key)\(asked)",
            state: service.nameServer.current.kv[namespace]?[key] ?? "not set")
    }

    private static let fixedConfig: Set<String> = [
        "configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome",
    ]

    func updateNameServerConfig() async throws(Refusal) -> Frame {
        let pairs = PropertiesText.parse(request.body)
        guard !pairs.isEmpty else { throw Refusal(ResponseCode.systemError, "string2Properties error") }
        for (name, _) in pairs where Self.fixedConfig.contains(name) {
            throw Refusal(ResponseCode.noPermission, "Can not update config in black list.")
        }
        let nameServer = service.nameServer
        let subject = {
            let config = nameServer.current.config
            return AuditSubject.elsewhere(
                name: "nameserver_config", target: pairs.map { "\($0.0)=\($0.1)" }.joined(separator: ", "),
                state: pairs.map { "\($0.0)=\(config[$0.0] ?? "")" }.joined(separator: ", "))
        }
        try await noted(subject()) { () throws(Refusal) in
            nameServer.change { state in for (name, value) in pairs { state.config[name] = value } }
            return ""
        }
        return ok()
    }
}

/// What a broker says at its registration, plain or compressed (requests, 5).
struct RegistrationBody {
    var topics: [TopicConfig] = []
    var dataVersion: JSONValue = .null

    init(_ request: Frame) throws(Refusal) {
        guard !request.body.isEmpty else { return }
        if request.bool("compressed") == true {
            guard let plain = BodyCompression.decompress(request.body, limit: 64 << 20) else {
                throw Refusal(ResponseCode.systemError, "the registration's compressed body is damaged")
            }
            try readCompressed(plain)
            return
        }
        guard let value = try? JSONParser.parse(request.body) else {
            throw Refusal(ResponseCode.systemError, "the registration's body is no JSON")
        }
        // Before 3.0.11 the body is the bare table (remoting frame, 6).
        let wrapper = value["topicConfigSerializeWrapper"] ?? value
        dataVersion = wrapper["dataVersion"] ?? .null
        topics = (wrapper["topicConfigTable"]?.pairs ?? []).compactMap { TopicConfig($0.value) }
    }

    private mutating func readCompressed(_ bytes: [UInt8]) throws(Refusal) {
        var reader = ByteReader(bytes)
        let damaged = Refusal(ResponseCode.systemError, "the registration's body is cut off")
        guard let version = reader.takeBlock(), let count = reader.take(Int32.self), count >= 0 else { throw damaged }
        dataVersion = (try? JSONParser.parse(version)) ?? .null
        for _ in 0..<count {
            guard let block = reader.takeBlock() else { throw damaged }
            let parts = String(decoding: block, as: UTF8.self).split(separator: " ")
            guard parts.count >= 5, let read = Int(parts[1]), let write = Int(parts[2]), let perm = Int(parts[3]) else {
                throw damaged
            }
            topics.append(
                TopicConfig(
                    name: String(parts[0]), readQueues: read, writeQueues: write,
                    permission: TopicPermission(rawValue: perm)))
        }
    }
}

extension ByteReader {
    /// Bytes behind their count as an int32.
    fileprivate mutating func takeBlock() -> [UInt8]? {
        guard let count = take(Int32.self), count >= 0 else { return nil }
        return takeBytes(Int(count))
    }
}
