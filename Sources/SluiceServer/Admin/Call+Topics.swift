import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Topics of the broker (requests, 6).
extension Call {
    func topics() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.updateAndCreateTopic: return try await updateTopic()
        case RequestCode.updateAndCreateTopicList: return try await updateTopics()
        case RequestCode.deleteTopicInBroker: return try await deleteTopic()
        case RequestCode.getAllTopicConfig: return try await allTopics()
        case RequestCode.getTopicConfig: return try await topicConfig()
        case RequestCode.getTopicStats: return try await topicStats()
        case RequestCode.queryTopicConsumeByWho: return try await consumedByWhom()
        case RequestCode.getSystemTopicsFromBroker:
            return ok(body: .fields(["topicList": .strings(options.presetTopics.map(\.name).sorted())]))
        default: return nil
        }
    }

    private func updateTopic() async throws(Refusal) -> Frame {
        var config = TopicConfig(name: try text("topic"))
        config.readQueues = Int(clamping: try integer("readQueueNums"))
        config.writeQueues = Int(clamping: try integer("writeQueueNums"))
        config.permission = TopicPermission(rawValue: Int(clamping: request.integer("perm") ?? 6))
        config.systemFlag = Int(clamping: request.integer("topicSysFlag") ?? 0)
        try await update(config)
        return ok()
    }

    private func updateTopics() async throws(Refusal) -> Frame {
        for item in try body()["topicConfigList"]?.items ?? [] {
            guard let config = TopicConfig(item) else {
                throw Refusal(ResponseCode.systemError, "a topic of the list lacks its name")
            }
            try await update(config)
        }
        return ok()
    }

    private func update(_ config: TopicConfig) async throws(Refusal) {
        do throws(Refusal) {
            try await act(.updateTopic(config, mustBeNew: false))
        } catch {
            // RocketMQ has 1 for a bad name and for a topic of the system.
            throw Refusal(ResponseCode.systemError, error.remark)
        }
    }

    private func deleteTopic() async throws(Refusal) -> Frame {
        let name = try text("topic")
        do throws(Refusal) {
            try await act(.deleteTopic(name))
        } catch  where error.code == ResponseCode.topicNotExist {
            // Gone is what was wanted.
            return ok()
        } catch {
            throw Refusal(ResponseCode.systemError, error.remark)
        }
        return ok()
    }

    func configs() async throws(Refusal) -> Configs {
        guard case .configs(let configs) = try await ask(.configs) else {
            throw Refusal(ResponseCode.systemError, "the broker did not tell its topics")
        }
        return configs
    }

    private func allTopics() async throws(Refusal) -> Frame {
        let configs = try await configs()
        let table = configs.topics.filter(\.isTold).sorted { $0.name < $1.name }.map {
            JSONValue.Pair(.string($0.name), $0.json)
        }
        return ok(
            body: .fields([
                "dataVersion": service.dataVersion(configs.topicsGeneration), "topicConfigTable": .object(table),
            ]))
    }

    private func topicConfig() async throws(Refusal) -> Frame {
        let name = try text("topic")
        guard case .topicConfig(let config?) = try await ask(.topicConfig(name)) else { throw Self.noTopic(name) }
        return ok(body: config.json)
    }

    static func noTopic(_ name: String) -> Refusal {
        Refusal(ResponseCode.topicNotExist, "topic[\(name)] not exist")
    }

    func topicStatus(_ name: String) async throws(Refusal) -> TopicStatus {
        guard case .topic(let status) = try await ask(.topic(name)) else { throw Self.noTopic(name) }
        return status
    }

    private func topicStats() async throws(Refusal) -> Frame {
        let status = try await topicStatus(try text("topic"))
        let table = status.queues.prefix(status.summary.config.writeQueues).map { queue in
            JSONValue.Pair(
                service.queueKey(QueueID(status.summary.config.name, queue.queue)),
                .fields([
                    "lastUpdateTimestamp": .int(queue.lastStored), "maxOffset": .int(queue.maxOffset),
                    "minOffset": .int(queue.minOffset),
                ]))
        }
        return ok(body: .fields(["offsetTable": .object(table)]))
    }

    private func consumedByWhom() async throws(Refusal) -> Frame {
        // 4.9 does not look whether there is such a topic (observed).
        let name = try text("topic")
        guard case .topic(let status)? = try? await ask(.topic(name)) else {
            return ok(body: .fields(["groupList": .array([])]))
        }
        return ok(body: .fields(["groupList": .strings(status.groups.map(\.group))]))
    }
}

extension TopicConfig {
    /// False for the topic of op records, which RocketMQ keeps in its store alone (semantics, 1).
    var isTold: Bool { name != TopicName.op }

    init?(_ value: JSONValue) {
        guard let name = value["topicName"]?.text, !name.isEmpty else { return nil }
        self.init(
            name: name, readQueues: Int(clamping: value["readQueueNums"]?.integer ?? 16),
            writeQueues: Int(clamping: value["writeQueueNums"]?.integer ?? 16),
            permission: TopicPermission(rawValue: Int(clamping: value["perm"]?.integer ?? 6)))
        systemFlag = Int(clamping: value["topicSysFlag"]?.integer ?? 0)
    }

    /// TopicConfig as bodies hold it.
    var json: JSONValue {
        .fields([
            "order": false, "perm": .number(permission.rawValue), "readQueueNums": .number(readQueues),
            "topicFilterType": "SINGLE_TAG", "topicName": .string(name), "topicSysFlag": .number(systemFlag),
            "writeQueueNums": .number(writeQueues),
        ])
    }
}
