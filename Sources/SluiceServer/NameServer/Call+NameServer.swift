import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// What clients and tools ask a name server (requests, 5).
extension Call {
    func nameServer() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.getRouteInfo: return try await route()
        case RequestCode.getBrokerClusterInfo: return clusterInfo()
        case RequestCode.getAllTopicsFromNameServer: return try await allTopicNames()
        case RequestCode.getTopicsByCluster: return try await topicNames(cluster: try text("cluster"))
        case RequestCode.getSystemTopicsFromNameServer: return systemTopics()
        case RequestCode.getUnitTopics: return try await unitTopics { $0 & 1 != 0 }
        case RequestCode.getUnitSubscriptionTopics: return try await unitTopics { $0 & 2 != 0 }
        case RequestCode.getUnitSubscriptionNotUnitTopics: return try await unitTopics { $0 & 3 == 2 }
        case RequestCode.deleteTopicInNameServer: return try await deleteFromRoutes()
        case RequestCode.registerTopicInNameServer: return ok()
        case RequestCode.wipeWritePermission: return try await writePermission(wiped: true)
        case RequestCode.addWritePermission: return try await writePermission(wiped: false)
        case RequestCode.putKV, RequestCode.getKV, RequestCode.deleteKV, RequestCode.getKVListByNamespace:
            return try await keyValue()
        case RequestCode.updateNameServerConfig: return try await updateNameServerConfig()
        case RequestCode.getNameServerConfig:
            return ok(
                text: service.nameServer.current.config.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
                    .joined())
        case RequestCode.registerBroker: return try registerBroker()
        case RequestCode.unregisterBroker: return try unregisterBroker()
        case RequestCode.queryDataVersion: return try queryDataVersion()
        default: return nil
        }
    }

    // MARK: Routes

    /// The topic as it is on this process's broker; nil when it is not there or not told to name servers.
    private func ownTopic(_ name: String) async throws(Refusal) -> TopicConfig? {
        if name == TopicName.template {
            guard options.autoCreateTopics else { return nil }
            return TopicConfig(
                name: name, readQueues: Broker.templateQueues, writeQueues: Broker.templateQueues,
                permission: [.read, .write, .inherit])
        }
        guard case .topicConfig(let config) = try await ask(.topicConfig(name)), config?.isTold == true else {
            return nil
        }
        return config
    }

    private func route() async throws(Refusal) -> Frame {
        let name = try text("topic")
        let state = service.nameServer.current
        var queues: [JSONValue] = []
        var brokers: [JSONValue] = []
        func add(_ broker: String, _ cluster: String, _ addresses: [Int64: String], _ config: TopicConfig) {
            var permission = config.permission.rawValue
            if state.wiped.contains(broker) { permission &= ~TopicPermission.write.rawValue }
            queues.append(
                .fields([
                    "brokerName": .string(broker), "perm": .number(permission),
                    "readQueueNums": .number(config.readQueues), "topicSysFlag": .number(config.systemFlag),
                    "writeQueueNums": .number(config.writeQueues),
                ]))
            brokers.append(Self.brokerData(broker, cluster, addresses))
        }
        if let config = try await ownTopic(name) {
            add(options.brokerName, options.cluster, [0: options.advertised], config)
        }
        for (broker, entry) in state.brokers.sorted(by: { $0.key < $1.key }) {
            if let config = entry.topics[name] { add(broker, entry.cluster, entry.addresses, config) }
        }
        guard !queues.isEmpty else {
            throw Refusal(
                ResponseCode.topicNotExist,
                "No topic route info in name server for the topic: \(name)\nSee "
                    + "https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.")
        }
        let order = state.config["orderMessageEnable"] == "true" ? state.kv["ORDER_TOPIC_CONFIG"]?[name] : nil
        let body = JSONValue.fields([
            "brokerDatas": .array(brokers), "filterServerTable": .object([]),
            "orderTopicConf": order.map { .string($0) }, "queueDatas": .array(queues),
        ])
        let isStrict =
            request.version >= WireVersion.strictJSONRoutes || request.bool("acceptStandardJsonOnly") == true
        var frame = ok()
        frame.body = body.encoded(ascii: isStrict)
        return frame
    }

    static func brokerData(_ name: String, _ cluster: String, _ addresses: [Int64: String]) -> JSONValue {
        .fields([
            "brokerAddrs": .object(
                addresses.sorted { $0.key < $1.key }.map { .init(.string(String($0.key)), .string($0.value)) }),
            "brokerName": .string(name), "cluster": .string(cluster),
        ])
    }

    private func clusterInfo() -> Frame {
        var brokers = [(options.brokerName, options.cluster, [Int64(0): options.advertised])]
        brokers += service.nameServer.current.brokers.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value.cluster, $0.value.addresses)
        }
        let clusters = Dictionary(grouping: brokers) { $0.1 }.sorted { $0.key < $1.key }
        return ok(
            body: .fields([
                "brokerAddrTable": .object(
                    brokers.map { .init(.string($0.0), Self.brokerData($0.0, $0.1, $0.2)) }),
                "clusterAddrTable": .object(
                    clusters.map { .init(.string($0.key), .strings($0.value.map { $0.0 })) }),
            ]))
    }

    // MARK: Names of topics

    private func allTopicNames() async throws(Refusal) -> Frame {
        let own =
            try await configs().topics.filter(\.isTold).map(\.name)
            + (options.autoCreateTopics ? [TopicName.template] : [])
        let others = service.nameServer.current.brokers.values.flatMap(\.topics.keys)
        return ok(body: .fields(["topicList": .strings(Set(own + others).sorted())]))
    }

    private func topicNames(cluster: String) async throws(Refusal) -> Frame {
        var names: Set<String> = []
        if cluster == options.cluster { names = Set(try await configs().topics.filter(\.isTold).map(\.name)) }
        for broker in service.nameServer.current.brokers.values where broker.cluster == cluster {
            names.formUnion(broker.topics.keys)
        }
        return ok(body: .fields(["topicList": .strings(names.sorted())]))
    }

    private func systemTopics() -> Frame {
        var names = [options.cluster, options.brokerName]
        for (name, broker) in service.nameServer.current.brokers { names += [name, broker.cluster] }
        return ok(
            body: .fields([
                "brokerAddr": .string(options.advertised), "topicList": .strings(Set(names).sorted()),
            ]))
    }

    private func unitTopics(_ matches: (Int) -> Bool) async throws(Refusal) -> Frame {
        let names = try await configs().topics.filter { matches($0.systemFlag) }.map(\.name).sorted()
        return ok(body: .fields(["topicList": .strings(names)]))
    }

    private func deleteFromRoutes() async throws(Refusal) -> Frame {
        let name = try text("topic")
        let cluster = request["clusterName"]
        let nameServer = service.nameServer
        let subject = {
            let brokers = nameServer.current.brokers.filter { $0.value.topics[name] != nil }.keys.sorted()
            return AuditSubject.elsewhere(
                name: "nameserver_topic_delete", target: name + (cluster.map { " in \($0)" } ?? ""),
                state: brokers.isEmpty ? "on no registered broker" : "on \(brokers.joined(separator: ", "))")
        }
        try await noted(subject()) { () throws(Refusal) in
            nameServer.change { state in
                for (broker, entry) in state.brokers where cluster == nil || entry.cluster == cluster {
                    state.brokers[broker]?.topics[name] = nil
                }
            }
            return ""
        }
        return ok()
    }

    private func writePermission(wiped: Bool) async throws(Refusal) -> Frame {
        let name = try text("brokerName")
        let nameServer = service.nameServer
        let subject = {
            AuditSubject.elsewhere(
                name: wiped ? "nameserver_wipe_write" : "nameserver_add_write", target: name,
                state: nameServer.current.wiped.contains(name) ? "not written to" : "written to")
        }
        var count = 0
        try await noted(subject()) { () throws(Refusal) in
            count = nameServer.change { state in
                if wiped { state.wiped.insert(name) } else { state.wiped.remove(name) }
                return state.brokers[name]?.topics.count ?? 0
            }
            if name == options.brokerName { count = try await configs().topics.count }
            return "\(count) topics"
        }
        return ok([wiped ? "wipeTopicCount" : "addTopicCount": String(count)])
    }
}
