import SluiceAPI
import SluiceBroker
import SluiceMessage

/// The cluster as a whole and its brokers.
extension ClusterOperator {
    /// The sum over the brokers; what nobody tells is -1 or empty.
    func brokerStatus() async throws(APIError) -> BrokerStatus {
        let looks = try await cluster.brokers()
        let gathered = try await Gathered.from(looks) { look throws(APIError) in try await look.runtime() }
        try await refuseSilence(looks)
        let tables = gathered.answers.map { RuntimeTable($0.value) }
        let topics = try await allTopics()
        let groups = try await allGroups()
        let options = try? await Gathered.from(looks) { look throws(APIError) in try await look.options() }
        let isSync = options?.answers.allSatisfy { $0.value["flushDiskType"] == "SYNC_FLUSH" } == true
        let delays = try? await pendingDelays()
        let halves = try? await unresolvedHalves()
        let versions = Set(tables.compactMap(\.version)).sorted().joined(separator: ", ")
        let full = zip(gathered.answers, tables).filter { ($0.1.diskUsed ?? 0) > 0.9 }.map(\.0.look.node.name)
        var refusing = full.isEmpty ? nil : "the disk of \(full.joined(separator: ", ")) is more than 90 % full"
        if let missing = gathered.missing { refusing = missing }
        func sum(_ value: (RuntimeTable) -> Int64?) -> Int64 { Self.sum(tables, value) }
        var status = BrokerStatus(
            name: looks.map(\.node.name).joined(separator: ", "),
            cluster: Set(looks.map(\.node.cluster)).sorted().joined(separator: ", "), version: versions,
            durability: isSync ? .sync : .async, fileSystem: "", dataFolder: "",
            startedAt: tables.compactMap { $0.number("bootTimestamp") }.min() ?? 0, recovery: gathered.missing ?? "",
            logBytes: sum(\.logBytes), minPhysicalOffset: sum { $0.number("commitLogMinOffset") },
            maxPhysicalOffset: sum { $0.number("commitLogMaxOffset") }, diskFreeBytes: sum(\.diskFree),
            diskTotalBytes: sum(\.diskTotal), published: sum { $0.number("putMessageTimesTotal") },
            delivered: sum { $0.number("msgGetTotalTodayNow") },
            publishErrors: sum { $0.number("putMessageFailedTimes") }, damagedRecords: -1, refusing: refusing,
            pendingDelays: delays?.total ?? -1, unresolvedHalves: halves?.halves.count ?? -1,
            oldestHalf: halves?.halves.first?.half.message.bornTimestamp, topics: topics.count, groups: groups.count)
        status.coverage = await gathered.coverage
        return status
    }

    /// Unknown where any part of it is.
    private static func sum(_ tables: [RuntimeTable], _ value: (RuntimeTable) -> Int64?) -> Int64 {
        var total: Int64 = 0
        for table in tables {
            guard let part = value(table) else { return -1 }
            total += part
        }
        return total
    }

    func brokerNodes() async throws(APIError) -> [BrokerNode] {
        let looks = try await cluster.brokers()
        var nodes: [BrokerNode] = []
        let results = await withTaskGroup(of: BrokerNode.self) { group in
            for look in looks { group.addTask { await self.node(look) } }
            for await node in group { nodes.append(node) }
            return nodes
        }
        return results.sorted { $0.index < $1.index }
    }

    private func node(_ look: BrokerLook) async -> BrokerNode {
        var node = BrokerNode(
            index: look.node.index, name: look.node.name, cluster: look.node.cluster, address: look.node.address,
            kind: look.node.kind, version: "", asOf: now())
        do throws(APIError) {
            let table = RuntimeTable(try await look.runtime())
            node.version = table.version ?? ""
            node.inPerSecond = table.first("putTps")
            node.outPerSecond = table.first("getTransferredTps") ?? table.first("getTransferedTps")
            node.diskUsed = table.diskUsed
            node.logBytes = table.logBytes
            node.putMilliseconds = table.number("putMessageEntireTimeMax").map(Double.init)
            node.runtime = table.values
            node.failure = await look.runtimeFailure
        } catch {
            node.failure = error.message
        }
        return node
    }

    /// What is kept of brokers stands in while some of them are silent, but is no answer when all of them are.
    private func refuseSilence(_ looks: [BrokerLook]) async throws(APIError) {
        var failure: APIError?
        for look in looks {
            guard let error = await look.runtimeInfo.failure, error.code == .unreachable else { return }
            failure = error
        }
        if let failure { throw failure }
    }

    // MARK: Flow

    /// Samples of each time that somebody asked; what messages went in and out is counted by the brokers, commits where
    /// the offsets of all groups are small enough to be read each second.
    func flowSamples(since: Int64) async throws(APIError) -> [FlowSample] {
        let looks = try await cluster.brokers()
        let gathered = try await Gathered.from(looks) { look throws(APIError) in
            let table = RuntimeTable(try await look.runtime())
            let committed = try await look.committed()
            let stats = try await look.stats()
            return FlowTotals(
                published: table.number("putMessageTimesTotal"),
                committed: committed.filter { !StockNames.isInternal(group: $0.key) },
                delivered: table.number("msgGetTotalTodayNow"),
                backlog: stats.filter { !StockNames.isInternal(group: $0.key) }.values.flatMap(\.values)
                    .reduce(0) { $0 + $1.lag },
                hasFreshCommits: await look.commitsAreFresh, isSilent: await look.isSilent)
        }
        try await refuseSilence(looks)
        return await flow.take(gathered.answers.map { ($0.look.node.name, $0.value) }, at: now(), since: since)
    }

    // MARK: Clients

    func connectedClients() async throws(APIError) -> [ConnectedClient] {
        let looks = try await cluster.brokers()
        let names = try await allGroups().keys.filter { !StockNames.isInternal(group: $0) }.sorted()
        var found: [String: ConnectedClient] = [:]
        for look in looks {
            for (group, members) in await look.members(of: names) {
                for client in members.clients {
                    var entry = ConnectedClient(client: client, group: group, role: .consumer)
                    entry.subscriptions = members.subscriptions
                    entry.model = members.model
                    found["c \(group) \(client.id)"] = entry
                }
            }
        }
        let producers = try await Gathered.from(looks) { look throws(APIError) in try await look.producers() }
        for (_, groups) in producers.answers {
            for (group, clients) in groups where group != "CLIENT_INNER_PRODUCER" {
                for client in clients {
                    let known = found["p \(group) \(client.id)"]
                    if let known, known.client.lastSeen >= client.lastSeen { continue }
                    found["p \(group) \(client.id)"] = ConnectedClient(client: client, group: group, role: .producer)
                }
            }
        }
        return found.values.sorted {
            ($0.role.rawValue, $0.group, $0.client.id) < ($1.role.rawValue, $1.group, $1.client.id)
        }
    }
}

extension BrokerLook {
    var runtimeFailure: String? { get async { await runtimeInfo.failure?.message } }
    /// The offsets of all groups are read about once a second.
    var commitsAreFresh: Bool { get async { await offsets.bytes < 30_000 } }
}

/// What a broker says of itself (requests, 7): all values are texts.
struct RuntimeTable: Sendable {
    let values: [String: String]
    init(_ values: [String: String]) { self.values = values }

    func number(_ name: String) -> Int64? { values[name].flatMap { Int64($0) } }
    /// The first of the numbers in a text, as in rates over 10 s, 1 min and 10 min.
    func first(_ name: String) -> Double? {
        values[name]?.split(separator: " ").first.flatMap { Double($0) }
    }

    var version: String? {
        values["brokerVersionDesc"].map { text in
            (text.hasPrefix("V") ? String(text.dropFirst()) : text).split(separator: "_").joined(separator: ".")
        }
    }
    var diskUsed: Double? { first("commitLogDiskRatio") }
    var logBytes: Int64? {
        guard let first = number("commitLogMinOffset"), let end = number("commitLogMaxOffset") else { return nil }
        return max(0, end - first)
    }
    var diskTotal: Int64? { capacity(0) }
    var diskFree: Int64? { capacity(1) }

    /// Of `Total : 252.0 GiB, Free : 76.8 GiB.`
    private func capacity(_ part: Int) -> Int64? {
        guard let parts = values["commitLogDirCapacity"]?.split(separator: ","), parts.count == 2 else { return nil }
        let words = parts[part].split(whereSeparator: { $0 == " " || $0 == ":" }).map(String.init)
        guard words.count == 3, let number = Double(words[1]) else { return nil }
        let units = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50]
        let unit = words[2].hasSuffix(".") ? String(words[2].dropLast()) : words[2]
        guard let shift = units[unit] else { return nil }
        return Int64(exactly: (number * Double(Int64(1) << shift)).rounded())
    }
}

/// Names that RocketMQ has for itself.
enum StockNames {
    private static let groups: Set<String> = [
        "TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "SELF_TEST_P_GROUP", "__MONITOR_CONSUMER",
    ]

    static func isInternal(group: String) -> Bool {
        groups.contains(group) || group.hasPrefix("CID_RMQ_SYS_") || group.hasPrefix("CID_ONSAPI_")
            || group.hasPrefix("CID_ONS-") || group.hasPrefix("CID_SYS_RMQ_") || group.hasPrefix("CID_DefaultHeartBeat")
    }

    static func kind(_ topic: String, _ looks: [BrokerLook]) -> TopicKind {
        if topic.hasPrefix(TopicName.retryPrefix) { return .retry }
        if topic.hasPrefix(TopicName.deadLetterPrefix) { return .deadLetter }
        let own = looks.contains { look in
            topic == look.node.name || topic == look.node.cluster || topic == look.node.cluster + "_REPLY_TOPIC"
                || topic.hasPrefix("rmq_sys_") || topic == "\(look.node.cluster)_\(look.node.name)"
        }
        return own || TopicName.isSystem(topic) || topic == "CHECKPOINT_TOPIC" ? .system : .normal
    }
}
