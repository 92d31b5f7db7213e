import SluiceAPI

/// How the audit names actions.
extension OperatorAction {
    /// What is done, as `commit`.
    var auditName: String {
        switch self {
        case .resolve(_, let resolution): resolution.rawValue
        case .recheck: "recheck"
        case .cancelDelay: "delay_cancel"
        case .deliverNow: "delay_now"
        case .reschedule: "delay_reschedule"
        case .reset: "group_reset"
        case .republish: "republish"
        case .replay: "replay"
        case .controlReplay(_, let control): "replay_\(control.rawValue)"
        case .resendDeadLetters: "dlq_resend"
        case .gate(_, let setting):
            switch setting {
            case .open: "gate_release"
            case .limited: "gate_limit"
            case .paused: "gate_pause"
            }
        case .limitPublishing: "publish_limit"
        case .updateTopic(_, let mustBeNew): mustBeNew ? "topic_create" : "topic_update"
        case .deleteTopic: "topic_delete"
        case .updateGroup: "group_update"
        case .deleteGroup: "group_delete"
        case .copyOffsets: "group_copy_offsets"
        case .setOption: "option_set"
        }
    }

    /// What it is done to, with what was asked for, in words.
    var auditTarget: String {
        switch self {
        case .resolve(let id, _), .recheck(let id): id
        case .cancelDelay(let id, let topic), .deliverNow(let id, let topic): id + Self.to(topic)
        case .reschedule(let id, let topic, let due): "\(id)\(Self.to(topic)), due \(due)"
        case .reset(let reset):
            "\(reset.group) on \(reset.topic)\(reset.queue.map { ", queue \($0)" } ?? ""), to \(reset.target.words)"
        case .republish(let places, let topic): "\(Self.some(places))\(Self.to(topic))"
        case .replay(let plan):
            "\(plan.topic) from \(plan.from) to \(plan.to)\(Self.to(plan.target)), speed \(plan.speed)"
        case .controlReplay(let id, _): "replay \(id)"
        case .resendDeadLetters(let letters):
            "\(letters.group), \(letters.offsets.map(Self.some) ?? "all")\(Self.to(letters.target))"
        case .gate(let group, .limited(let rate)): "\(group), \(rate) a second"
        case .gate(let group, _): group
        case .limitPublishing(let topic, let rate): "\(topic), \(rate.map { "\($0) a second" } ?? "off")"
        case .updateTopic(let config, _): "\(config.name), \(config.words)"
        case .updateGroup(let config): "\(config.name), \(config.words)"
        case .deleteTopic(let name), .deleteGroup(let name): name
        case .copyOffsets(let source, let target, let topic):
            "\(target), from \(source)\(topic.map { " on \($0)" } ?? "")"
        case .setOption(let name, let value): "\(name), \(value)"
        }
    }

    private static func to(_ topic: String?) -> String { topic.map { " to \($0)" } ?? "" }

    /// The first of many numbers, and how many there are.
    private static func some(_ numbers: [Int64]) -> String {
        let shown = numbers.prefix(100).map(String.init).joined(separator: " ")
        return numbers.count > 100 ? "\(shown) … (\(numbers.count))" : shown
    }
}

extension OffsetTarget {
    /// As `offset 12`.
    var words: String {
        switch self {
        case .first: "the first"
        case .last: "the last"
        case .time(let time): "time \(time)"
        case .offset(let offset): "offset \(offset)"
        }
    }
}

extension TopicConfig {
    var words: String { "\(readQueues)/\(writeQueues) queues, \(permission.text)" }
}

extension GroupConfig {
    var words: String {
        "\(consumeEnabled ? "consuming" : "paused"), \(retryMaxTimes) retries, \(retryQueues) retry queues"
    }
}
