import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Offsets of queues and groups (requests, 4 and 6).
extension Call {
    func offsets() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.searchOffsetByTimestamp: return try await searchOffset()
        case RequestCode.getMaxOffset: return ok(["offset": String(try await offset(.last))])
        case RequestCode.getMinOffset: return ok(["offset": String(try await offset(.first))])
        case RequestCode.getEarliestStoreTime: return try await earliest()
        case RequestCode.getAllConsumerOffset: return try await allOffsets()
        case RequestCode.getAllDelayOffset: return try await delayOffsets()
        case RequestCode.resetOffset: return try await resetOffset()
        case RequestCode.cloneGroupOffset: return try await cloneOffsets()
        case RequestCode.queryCorrectionOffset: return try await correctionOffsets()
        default: return nil
        }
    }

    private var queue: QueueID {
        get throws(Refusal) { QueueID(try text("topic"), Int(clamping: try integer("queueId"))) }
    }

    /// An offset of the queue asked for; 0 for one that is not there, as RocketMQ answers.
    private func offset(_ target: OffsetTarget) async throws(Refusal) -> Int64 {
        let queue = try queue
        do throws(APIError) {
            guard case .offset(let offset) = try await service.ask(.offset(queue, target)) else { return 0 }
            return offset
        } catch {
            return 0
        }
    }

    func storeTimes(_ places: [(QueueID, Int64)]) async throws(Refusal) -> [Int64?] {
        guard case .storeTimes(let times) = try await ask(.storeTimes(places)) else { return [] }
        return times
    }

    /// 4.9: the message stored at that time, else the one whose time is nearer, else the first or the last. A client of 5.x
    /// that names a boundary gets the first not before, or the last not after.
    private func searchOffset() async throws(Refusal) -> Frame {
        let queue = try queue
        let time = try integer("timestamp")
        let found = try await offset(.time(time))
        let last = try await offset(.last)
        let first = try await offset(.first)
        let boundary = request["boundaryType"]?.uppercased()
        if boundary == "LOWER" { return ok(["offset": String(found)]) }
        let at = try await storeTimes([(queue, found)]).first ?? nil
        if at == time { return ok(["offset": String(found)]) }
        if boundary == "UPPER" || found >= last { return ok(["offset": String(max(first, found - 1))]) }
        guard found > first, let before = try await storeTimes([(queue, found - 1)]).first ?? nil, let at else {
            return ok(["offset": String(found)])
        }
        return ok(["offset": String(time - before < at - time ? found - 1 : found)])
    }

    private func earliest() async throws(Refusal) -> Frame {
        let time = try await storeTimes([(try queue, try await offset(.first))]).first ?? nil
        return ok(["timestamp": String(time ?? -1)])
    }

    // MARK: Groups

    func committed() async throws(Refusal) -> [OffsetCommit] {
        guard case .allCommitted(let commits) = try await ask(.allCommitted) else { return [] }
        return commits
    }

    private func allOffsets() async throws(Refusal) -> Frame {
        let byTopic = Dictionary(grouping: try await committed()) { "\($0.queue.topic)@\($0.group)" }
        let table = byTopic.sorted { $0.key < $1.key }.map { key, commits in
            JSONValue.Pair(
                .string(key),
                .object(
                    commits.sorted { $0.queue < $1.queue }.map { .init(.number($0.queue.queue), .int($0.offset)) }))
        }
        return ok(body: .fields(["offsetTable": .object(table)]))
    }

    private func delayOffsets() async throws(Refusal) -> Frame {
        guard case .delayOffsets(let offsets) = try await ask(.delayOffsets) else { return ok() }
        let table = offsets.sorted { $0.key < $1.key }.map { JSONValue.Pair(.number($0.key), .int($0.value)) }
        return ok(body: .fields(["offsetTable": .object(table)]))
    }

    /// 4.9: the online members are told to go there; without any, mqadmin changes the stored offsets itself (requests, 8).
    private func resetOffset() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        let group = try text("group")
        let time = try integer("timestamp")
        guard try await configs().groups.contains(where: { $0.name == group }) else {
            throw Refusal(ResponseCode.systemError, "the consumer group <\(group)> does not exist")
        }
        guard case .registrations(let members) = try await ask(.consumers(group: group)), !members.isEmpty else {
            throw Refusal(
                ResponseCode.consumerNotOnline,
                "Consumer not online, so can not reset offset, Group: \(group) Topic: \(topic) Timestamp: \(time)")
        }
        let target: OffsetTarget = time == -1 ? .last : .time(time)
        let asked = ResetRequest(group: group, topic: topic, target: target, dryRun: true)
        guard case .steps(let steps) = try await ask(.reset(asked)) else { return ok() }
        let isForced = request.bool("isForce") ?? false
        // Without force nobody is moved forward.
        let offsets = Dictionary(
            uniqueKeysWithValues: steps.map { step in
                (step.id, isForced ? step.to : min(step.to, step.from ?? step.to))
            })
        let clients = Set(members.map(\.client))
        let subject = AuditSubject.action(
            .reset(ResetRequest(group: group, topic: topic, target: target, dryRun: false)))
        try await noted(subject) { () throws(Refusal) in
            let told = try await onLoop { [service] in
                let connections = clients.compactMap { service.clients.connection(of: $0) }
                for connection in connections {
                    connection.send(
                        service.resetFrame(
                            group, topic, offsets, isCPP: connection.header.language == .cpp, timestamp: time))
                }
                return connections.count
            }
            return "\(told) members were told to go there\(isForced ? "" : ", none of them forward")"
        }
        let table = offsets.sorted { $0.key < $1.key }.map { JSONValue.Pair(service.queueKey($0.key), .int($0.value)) }
        return ok(body: .fields(["offsetTable": .object(table)]))
    }

    private func cloneOffsets() async throws(Refusal) -> Frame {
        let source = try text("srcGroup")
        let target = try text("destGroup")
        let topic = request["topic"].flatMap { $0.isEmpty ? nil : $0 }
        try await act(.copyOffsets(from: source, to: target, topic: topic))
        return ok()
    }

    /// The smallest offset per queue over all groups but those filtered out (requests, 308).
    private func correctionOffsets() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        let filtered = Set((request["filterGroups"] ?? "").split(separator: ",").map(String.init))
        let compared = request["compareGroup"] ?? ""
        let commits = try await committed().filter { $0.queue.topic == topic }
        let allowed = Set(commits.filter { $0.group == compared }.map(\.queue.queue))
        var smallest: [Int: Int64] = [:]
        for commit in commits where !filtered.contains(commit.group) {
            guard compared.isEmpty || allowed.contains(commit.queue.queue) else { continue }
            smallest[commit.queue.queue] = min(smallest[commit.queue.queue] ?? .max, commit.offset)
        }
        let table = smallest.sorted { $0.key < $1.key }.map { JSONValue.Pair(.number($0.key), .int($0.value)) }
        return ok(body: .fields(["correctionOffsets": .object(table)]))
    }
}
