import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// The broker itself (requests, 6 and 7).
extension Call {
    func broker() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.getBrokerRuntimeInfo: return try await runtimeInfo()
        case RequestCode.viewBrokerStats: return try stats()
        case RequestCode.getBrokerConfig: return try await getConfig()
        case RequestCode.updateBrokerConfig: return try await updateConfig()
        case RequestCode.cleanExpiredConsumeQueue, RequestCode.cleanUnusedTopic, RequestCode.deleteExpiredCommitLog:
            // Retention does all of it by itself.
            return ok()
        case RequestCode.resumeCheckHalfMessage: return try await resumeCheck()
        case RequestCode.recallMessage: return try await recall()
        default: return nil
        }
    }

    func brokerStatus() async throws(Refusal) -> BrokerStatus {
        guard case .broker(let status) = try await ask(.broker) else {
            throw Refusal(ResponseCode.systemError, "the broker did not tell its state")
        }
        return status
    }

    private func runtimeInfo() async throws(Refusal) -> Frame {
        let status = try await brokerStatus()
        guard case .delayOffsets(let delays) = try await ask(.delayOffsets) else { return ok() }
        var schedule: [QueueStatus] = []
        if !delays.isEmpty { schedule = try await topicStatus(TopicName.schedule).queues }
        let info = RuntimeInfo(status: status, stats: service.stats, options: options, now: service.now)
        var table = info.table
        for (level, offset) in delays.sorted(by: { $0.key < $1.key }) {
            let most = schedule.first { $0.queue == level - 1 }?.maxOffset ?? offset
            table.append(("scheduleMessageOffset_\(level)", "\(offset),\(most)"))
        }
        return ok(body: .fields(["table": .table(table)]))
    }

    private func stats() throws(Refusal) -> Frame {
        let name = try text("statsName")
        let key = try text("statsKey")
        guard let figures = service.stats.figures(name, key: key) else {
            throw Refusal(ResponseCode.systemError, "The stats <\(name)> <\(key)> not exist")
        }
        return ok(
            body: .fields([
                "statsDay": figures.day.json, "statsHour": figures.hour.json, "statsMinute": figures.minute.json,
            ]))
    }

    private func getConfig() async throws(Refusal) -> Frame {
        let configs = try await configs()
        var frame = ok(
            text: options.properties.map { "\($0.0)=\($0.1)" }.joined(separator: "\n") + "\n")
        frame.fields = [
            .init(
                "version",
                String(decoding: service.dataVersion(configs.topicsGeneration).encoded(), as: UTF8.self))
        ]
        return frame
    }

    /// Keys that RocketMQ refuses to have changed.
    private static let fixed: Set<String> = ["brokerConfigPath", "rocketmqHome", "configBlackList"]

    private func updateConfig() async throws(Refusal) -> Frame {
        let pairs = PropertiesText.parse(request.body)
        guard !pairs.isEmpty else { throw Refusal(ResponseCode.systemError, "string2Properties error") }
        for (name, _) in pairs where Self.fixed.contains(name) {
            throw Refusal(ResponseCode.noPermission, "Can not update config in black list.")
        }
        for (name, value) in pairs {
            do throws(Refusal) {
                try await act(.setOption(name: name, value: value))
            } catch {
                throw Refusal(ResponseCode.systemError, error.remark)
            }
            options.changed.set(name, value)
        }
        return ok()
    }

    /// 323: a half that was checked too often is asked about again.
    private func resumeCheck() async throws(Refusal) -> Frame {
        let id = try text("msgId")
        guard let offset = OffsetID.physicalOffset(id), case .reader(let reader) = try await ask(.reader),
            let half = (try? reader.record(at: offset))?.messages().first
        else { throw Refusal(ResponseCode.systemError, "there is no message \(id)") }
        try await act(.recheck(id: half.id))
        return ok()
    }

    private func recall() async throws(Refusal) -> Frame {
        let topic = try text("topic")
        guard let handle = RecallHandle(try text("recallHandle")), handle.topic == topic else {
            throw Refusal(ResponseCode.systemError, "recall failed, handle is invalid")
        }
        do throws(APIError) {
            _ = try await service.ask(.recall(topic: topic, uniqueKey: handle.uniqueKey))
        } catch {
            throw Refusal(ResponseCode.systemError, error.message)
        }
        return ok(["msgId": handle.uniqueKey])
    }
}
