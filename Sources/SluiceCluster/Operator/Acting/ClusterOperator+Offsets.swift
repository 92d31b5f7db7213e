import SluiceAPI
import SluiceMessage
import SluiceRemoting

/// Moving a group's offsets: directly where it has no clients, through them or the broker where it has.
extension ClusterOperator {
    /// Clients of RocketMQ 4 wait ten seconds before they move, and tell the broker five seconds later.
    private static let patience: Int64 = 20_000

    func reset(_ request: ResetRequest, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        let looks = try await cluster.brokers()
        guard try await allGroups(fresh: true)[request.group] != nil else {
            throw APIError(.notFound, "no broker of this cluster knows a consumer group \(request.group)")
        }
        let steps = try await steps(request, looks)
        guard !steps.isEmpty else {
            throw APIError(
                .notFound,
                "no broker of this cluster has \(request.queue == nil ? "a topic" : "that queue of") \(request.topic)")
        }
        let members = try await members(request.group, looks)
        var outcome = ActionOutcome("", count: steps.count)
        outcome.steps = steps
        let again = steps.reduce(0) { $0 + $1.again }
        let what =
            "\(request.group) on \(request.topic), \(steps.count) queues: \(abs(again)) messages"
            + " \(again < 0 ? "skipped" : "again")"
        if !members.clients.isEmpty { try await refuseWhatClientsCannot(request, steps, looks) }
        if dryRun {
            outcome.text = "would move \(what)"
            return outcome
        }
        for look in looks {
            let own = steps.filter { ClusterQueue.broker($0.id.queue) == look.node.index }
            guard !own.isEmpty else { continue }
            if members.clients.isEmpty {
                for step in own { try await set(step, request.group, look) }
            } else if look.node.kind == .rocketmq5, request.queue != nil || request.target.needsOffsets {
                for step in own { try await move(step, request, look) }
            } else {
                try await move(request, look)
            }
        }
        let isSeen = try await seen(steps, request.group, isExact: members.clients.isEmpty)
        outcome.text =
            "moved \(what)"
            + (isSeen
                ? "" : ". Its clients have not moved on every queue yet, which takes them some seconds: look again")
        return outcome
    }

    /// What would become of each queue.
    private func steps(_ request: ResetRequest, _ looks: [BrokerLook]) async throws(APIError) -> [ResetStep] {
        var steps: [ResetStep] = []
        for look in looks {
            guard let queues = try await look.queues(of: request.topic) else { continue }
            let committed = try await look.committed(fresh: true)[request.group] ?? [:]
            for status in queues.values
            where (request.queue ?? look.broker.number(status.queue))
                == look.broker.number(status.queue)
            {
                let to = try await offset(request.target, request.topic, status, look)
                steps.append(
                    ResetStep(
                        id: look.broker.id(request.topic, status.queue),
                        from: committed[QueueID(request.topic, status.queue)], to: to, minOffset: status.minOffset,
                        maxOffset: status.maxOffset))
            }
        }
        return steps.sorted { $0.id < $1.id }
    }

    private func offset(
        _ target: OffsetTarget, _ topic: String, _ status: QueueStatus, _ look: BrokerLook
    ) async throws(APIError) -> Int64 {
        switch target {
        case .first: return status.minOffset
        case .last: return status.maxOffset
        case .offset(let offset): return min(max(offset, status.minOffset), status.maxOffset)
        case .time(let time):
            guard status.maxOffset > status.minOffset else { return status.maxOffset }
            let found = try await look.broker.offset(of: topic, status.queue, at: time)
            return min(max(found, status.minOffset), status.maxOffset)
        }
    }

    /// A queue or an offset of its own is moved by the broker itself, which RocketMQ 4 and early 5 cannot: they would tell
    /// the clients a time for all queues instead.
    private func refuseWhatClientsCannot(
        _ request: ResetRequest, _ steps: [ResetStep], _ looks: [BrokerLook]
    ) async throws(APIError) {
        guard request.queue != nil || request.target.needsOffsets else { return }
        for look in looks where steps.contains(where: { ClusterQueue.broker($0.id.queue) == look.node.index }) {
            if look.node.kind == .rocketmq5, try await look.options()["useServerSideResetOffset"] == "true" { continue }
            throw APIError(
                .unavailable,
                "clients of \(request.group) are running, and broker \(look.node.name) can tell them only a time for all"
                    + " queues: choose the first, the last or a time, or stop them first")
        }
    }

    /// Of a group without clients (mqadmin's own way).
    private func set(_ step: ResetStep, _ group: String, _ look: BrokerLook) async throws(APIError) {
        _ = try await look.broker.ask(
            RequestCode.updateConsumerOffset,
            [
                "consumerGroup": group, "topic": step.id.topic, "queueId": String(ClusterQueue.queue(step.id.queue)),
                "commitOffset": String(step.to),
            ])
    }

    /// RocketMQ 5 moves single queues itself.
    private func move(_ step: ResetStep, _ request: ResetRequest, _ look: BrokerLook) async throws(APIError) {
        _ = try await look.broker.ask(
            RequestCode.resetOffset,
            [
                "topic": request.topic, "group": request.group, "timestamp": "-1", "isForce": "true",
                "queueId": String(ClusterQueue.queue(step.id.queue)), "offset": String(step.to),
            ])
    }

    /// All queues of a topic to a moment; -1 is the end.
    private func move(_ request: ResetRequest, _ look: BrokerLook) async throws(APIError) {
        let time: Int64 =
            switch request.target {
            case .last: -1
            case .time(let time): time
            case .first, .offset: 0
            }
        _ = try await look.broker.ask(
            RequestCode.resetOffset,
            ["topic": request.topic, "group": request.group, "timestamp": String(time), "isForce": "true"],
            milliseconds: 10_000)
    }

    /// True when the brokers have the new offsets: exactly these, or with clients others than before, since they go on. A
    /// client that is fast is soon where it was: having seen a queue moved once is enough. Clients of RocketMQ 4 serve one
    /// broker's order after the other.
    private func seen(_ steps: [ResetStep], _ group: String, isExact: Bool) async throws(APIError) -> Bool {
        let brokers = Set(steps.map { ClusterQueue.broker($0.id.queue) }).count
        let deadline = ContinuousClock.now.advanced(
            by: .milliseconds(Self.patience + 10_000 * Int64(max(0, brokers - 1))))
        var waiting = steps
        while true {
            var open: [ResetStep] = []
            for step in waiting {
                let look = try await cluster.broker(ofQueue: step.id.queue)
                let offset = try await look.broker.committed(group, step.id.topic, ClusterQueue.queue(step.id.queue))
                let isThere = isExact ? offset == step.to : offset != step.from || step.from == step.to
                if !isThere { open.append(step) }
            }
            if open.isEmpty { return true }
            waiting = open
            guard ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension OffsetTarget {
    /// True where a moment cannot say it.
    fileprivate var needsOffsets: Bool {
        if case .offset = self { return true }
        return false
    }
}
