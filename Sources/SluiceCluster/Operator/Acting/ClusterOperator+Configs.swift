import SluiceAPI
import SluiceMessage
import SluiceRemoting

/// Topics and groups as they are configured, and stopping a group.
extension ClusterOperator {
    // MARK: Topics

    /// Queue numbers are those of each broker.
    func update(_ config: TopicConfig, mustBeNew: Bool, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let looks = try await cluster.brokers()
        try checkTopic(config.name, looks)
        guard (1...Limits.maxQueues).contains(config.readQueues), (1...Limits.maxQueues).contains(config.writeQueues)
        else { throw APIError(.invalid, "a topic has 1 to \(Limits.maxQueues) queues on each broker") }
        let holders = try await Gathered.from(looks) { look throws(APIError) in
            try await look.topics(fresh: true)[config.name] != nil
        }
        if let missing = holders.missing { throw APIError(.unreachable, "nothing was changed, \(missing)") }
        let having = holders.answers.filter(\.value).map(\.look)
        if mustBeNew, !having.isEmpty { throw APIError(.conflict, "there is a topic \(config.name) already") }
        let places = having.isEmpty ? looks : having
        let what =
            "topic \(config.name) on \(places.map(\.node.name).joined(separator: ", ")):"
            + " \(config.readQueues)/\(config.writeQueues) queues, \(config.permission.text)"
        if dryRun { return ActionOutcome("would \(having.isEmpty ? "create" : "change") \(what)", count: places.count) }
        for look in places {
            _ = try await look.broker.ask(
                RequestCode.updateAndCreateTopic,
                [
                    "topic": config.name, "defaultTopic": TopicName.template,
                    "readQueueNums": String(config.readQueues),
                    "writeQueueNums": String(config.writeQueues), "perm": String(config.permission.rawValue),
                    "topicFilterType": "SINGLE_TAG", "topicSysFlag": String(config.systemFlag), "order": "false",
                ])
            await look.forget()
        }
        return ActionOutcome("\(having.isEmpty ? "created" : "changed") \(what)", count: places.count)
    }

    /// Asked before the first broker is changed: one that does not answer would be left as it was.
    private func requireAll(_ looks: [BrokerLook]) async throws(APIError) {
        let asked = try await Gathered.from(looks) { look throws(APIError) in
            try await look.topics(fresh: true).count
        }
        if let missing = asked.missing { throw APIError(.unreachable, "nothing was changed, \(missing)") }
    }

    private func checkTopic(_ name: String, _ looks: [BrokerLook]) throws(APIError) {
        guard !name.isEmpty, name.utf8.count <= Limits.maxTopicLength,
            name.utf8.allSatisfy({ isNameByte($0) })
        else {
            throw APIError(
                .invalid,
                "a topic's name has 1 to \(Limits.maxTopicLength) letters, digits, - _ % and |, which \(name) has not")
        }
        guard StockNames.kind(name, looks) != .system else {
            throw APIError(.refused, "\(name) is a topic of RocketMQ's own, which is not for changing")
        }
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "%"),
            UInt8(ascii: "|"):
            true
        default: false
        }
    }

    func deleteTopic(_ name: String, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let looks = try await cluster.brokers()
        try checkTopic(name, looks)
        guard try await allTopics(fresh: true)[name] != nil else {
            throw APIError(.notFound, "no broker of this cluster has a topic \(name)")
        }
        let depth = try await clusterQueues(of: name, looks).reduce(0) { $0 + $1.depth }
        let what = "topic \(name) with \(depth) messages"
        try await requireAll(looks)
        if dryRun { return ActionOutcome("would delete \(what)", count: Int(clamping: depth)) }
        for look in looks {
            _ = try await look.broker.ask(RequestCode.deleteTopicInBroker, ["topic": name])
            await look.forget()
        }
        let request = Frame(code: RequestCode.deleteTopicInNameServer, fields: [Frame.Field("topic", name)])
        let answer = try await calls.callNameServer(request, milliseconds: StockBroker.patience)
        guard answer.code == ResponseCode.success else {
            throw StockBroker.error(
                answer, of: request.code, by: "the topic is deleted on the brokers, but the name server")
        }
        return ActionOutcome("deleted \(what)", count: Int(clamping: depth))
    }

    // MARK: Groups

    func update(_ config: GroupConfig, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let isNew = try await allGroups(fresh: true)[config.name] == nil
        let what =
            "group \(config.name): \(config.consumeEnabled ? "consuming" : "paused"), \(config.retryMaxTimes) retries,"
            + " \(config.retryQueues) retry queues"
        try checkGroup(config.name)
        guard (0...1_000).contains(config.retryMaxTimes), (0...Limits.maxQueues).contains(config.retryQueues) else {
            throw APIError(.invalid, "a group has 0 to 1,000 retries and 0 to \(Limits.maxQueues) retry queues")
        }
        let looks = try await cluster.brokers()
        try await requireAll(looks)
        if dryRun { return ActionOutcome("would \(isNew ? "make" : "change") \(what)") }
        for look in looks {
            try await put(config, over: try await look.groups(fresh: true)[config.name], look)
        }
        return ActionOutcome("\(isNew ? "made" : "changed") \(what)")
    }

    private func checkGroup(_ name: String) throws(APIError) {
        guard !name.isEmpty, name.utf8.count <= Limits.maxGroupLength, name.utf8.allSatisfy({ isNameByte($0) }) else {
            throw APIError(.invalid, "a group's name has 1 to \(Limits.maxGroupLength) letters, digits, - _ % and |")
        }
        guard !StockNames.isInternal(group: name) else {
            throw APIError(.refused, "\(name) is a group of RocketMQ's own, which is not for changing")
        }
    }

    private func put(_ config: GroupConfig, over known: StockGroup?, _ look: BrokerLook) async throws(APIError) {
        _ = try await look.broker.ask(
            RequestCode.updateAndCreateSubscriptionGroup, body: StockGroup.body(config, over: known?.raw))
        await look.forget()
    }

    func deleteGroup(_ name: String, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let looks = try await cluster.brokers()
        try checkGroup(name)
        guard try await allGroups(fresh: true)[name] != nil else {
            throw APIError(.notFound, "no broker of this cluster knows a consumer group \(name)")
        }
        let clients = try await members(name, looks).clients.count
        guard clients == 0 else {
            throw APIError(.refused, "group \(name) has \(clients) clients connected; stop them first")
        }
        try await requireAll(looks)
        if dryRun { return ActionOutcome("would delete group \(name) with its offsets") }
        for look in looks {
            _ = try await look.broker.ask(
                RequestCode.deleteSubscriptionGroup,
                // 4.9 calls it the one, 5.x the other.
                ["groupName": name, "removeOffset": "true", "cleanOffset": "true"])
            await look.forget()
        }
        return ActionOutcome("deleted group \(name) with its offsets")
    }

    // MARK: The gate

    /// Open or paused, by the group's consumeEnable on every broker.
    func setGate(_ group: String, _ setting: GateSetting, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let looks = try await cluster.brokers()
        try checkGroup(group)
        guard let known = try await allGroups(fresh: true)[group] else {
            throw APIError(.notFound, "no broker of this cluster knows a consumer group \(group)")
        }
        let isOpen = setting == .open
        let what = isOpen ? "release" : "pause"
        try await requireAll(looks)
        if dryRun { return ActionOutcome("would \(what) \(group) on \(looks.count) brokers", count: looks.count) }
        for look in looks {
            let own = try await look.groups(fresh: true)[group]
            var config = own?.config ?? known
            config.consumeEnabled = isOpen
            try await put(config, over: own, look)
        }
        let isSo = try await allGroups(fresh: true)[group]?.consumeEnabled == isOpen
        guard isSo else {
            throw APIError(
                .failed, "the brokers took the change, but \(group) is not \(what)d: somebody changed it back")
        }
        var outcome = ActionOutcome("\(what)d \(group) on \(looks.count) brokers", count: looks.count)
        outcome.gate = try await gates(group).first
        return outcome
    }

    /// Groups whose pulls are refused; or how one group stands.
    func gates(_ group: String?) async throws(APIError) -> [GateStatus] {
        let groups = try await allGroups()
        if let group, groups[group] == nil {
            throw APIError(.notFound, "no broker of this cluster knows a consumer group \(group)")
        }
        let looks = try await cluster.brokers()
        var gates: [GateStatus] = []
        for config in groups.values.sorted(by: { $0.name < $1.name })
        where config.name == group || (group == nil && !config.consumeEnabled) {
            let positions = try await positions(config.name, looks)
            gates.append(
                GateStatus(
                    group: config.name, setting: config.consumeEnabled ? .open : .paused, held: -1,
                    perSecond: config.consumeEnabled ? -1 : 0,
                    waiting: positions.values.reduce(0) { $0 + $1.lag }, backwardCommits: -1))
        }
        return gates
    }
}
