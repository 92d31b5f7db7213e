import Glibc
import SluiceAPI
import SluiceMessage

/// A call to the broker as it was made: what, when, for how long, and what came of it.
public struct CallRecord: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case query, act
        case dryRun = "dry run"
    }
    public var kind: Kind
    /// Epoch ms at which it was made.
    public var time: Int64
    /// How long it took.
    public var milliseconds: Double
    public var what: String
    public var result: String
    public var isFailure: Bool

    public init(kind: Kind, time: Int64, milliseconds: Double, what: String, result: String, isFailure: Bool) {
        self.kind = kind
        self.time = time
        self.milliseconds = milliseconds
        self.what = what
        self.result = result
        self.isFailure = isFailure
    }

    /// Nil for an effect that asks no broker.
    init?(_ effect: Effect, _ event: Event, at time: Int64, took: Duration) {
        let milliseconds = Double(took.components.seconds) * 1000 + Double(took.components.attoseconds) / 1e15
        switch (effect, event) {
        case (.ask(_, let query), .answer(.reply(_, _, let result))):
            self.init(
                kind: .query, time: time, milliseconds: milliseconds, what: query.words,
                result: Self.words(result) { $0.words }, isFailure: result.error != nil)
        case (.act(_, let act), .answer(.done(_, let result))):
            self.init(
                kind: act.changesState ? .act : .dryRun, time: time, milliseconds: milliseconds, what: act.words,
                result: Self.words(result) { $0.words }, isFailure: result.error != nil)
        default: return nil
        }
    }

    private static func words<Value>(_ result: Result<Value, APIError>, _ value: (Value) -> String) -> String {
        switch result {
        case .success(let found): value(found)
        case .failure(let error): "\(error.code.rawValue): \(error.message)"
        }
    }

    /// Epoch ms.
    static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension Result where Failure == APIError {
    fileprivate var error: APIError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

/// The last calls. Of the old ones questions go first: what was done stays longer than what was looked at.
struct CallLog: Sendable {
    static let limit = 500
    private(set) var calls: [(number: Int, call: CallRecord)] = []
    private(set) var made = 0

    mutating func add(_ call: CallRecord) {
        made += 1
        calls.append((made, call))
        guard calls.count > Self.limit else { return }
        calls.remove(at: calls.firstIndex { $0.call.kind == .query } ?? 0)
    }
}

// MARK: In words
extension Query {
    /// As the calls screen shows it.
    var words: String {
        switch self {
        case .broker: "broker"
        case .flow(let since): "flow since \(since)"
        case .topics: "topics"
        case .topic(let name): "topic \(name)"
        case .groups: "groups"
        case .group(let name): "group \(name)"
        case .delays(let query):
            "delays" + (query.topic.map { " topic=\($0)" } ?? "") + (query.key.map { " key=\($0)" } ?? "")
                + " skip=\(query.skip) limit=\(query.limit)"
        case .histogram(let start, let width, let buckets): "histogram from \(start), \(buckets) × \(width) ms"
        case .halves(let limit): "halves limit=\(limit)"
        case .page(let topic, let queue, let from, let limit): "browse \(topic)/\(queue) from=\(from) limit=\(limit)"
        case .scan(let id, let from, let limit): "scan \(id.topic)/\(id.queue) from=\(from) limit=\(limit)"
        case .trace(let id): "trace of \(id)"
        case .question(let question): "ask \(question)"
        }
    }
}

extension Act {
    var words: String {
        switch self {
        case .publish(let message): "publish to \(message.topic), \(message.body.count) B"
        case .publishHalf(let message, let group): "publish half to \(message.topic) by \(group)"
        case .operate(let action, let reason, _): action.words + (reason.isEmpty ? "" : " · \(reason)")
        }
    }
}

extension OperatorAction {
    /// Action and target in a few words.
    var words: String {
        switch self {
        case .resolve(let id, let resolution): "\(resolution.rawValue) \(id)"
        case .recheck(let id): "recheck \(id)"
        case .cancelDelay(let id, _): "cancel delay \(id)"
        case .deliverNow(let id, _): "deliver now \(id)"
        case .reschedule(let id, _, let due): "reschedule \(id) to \(due)"
        case .reset(let request):
            "reset \(request.group) on \(request.topic)" + (request.queue.map { "/\($0)" } ?? "")
                + " to \(request.target)"
        case .republish(let offsets, let topic): "republish \(offsets.count)" + (topic.map { " to \($0)" } ?? "")
        case .replay(let plan): "replay \(plan.topic)" + (plan.target.map { " to \($0)" } ?? "")
        case .controlReplay(let id, let control): "\(control.rawValue) replay \(id)"
        case .resendDeadLetters(let selection):
            "resend dead letters of \(selection.group)" + (selection.offsets.map { ", \($0.count)" } ?? ", all")
        case .gate(let group, let setting): "gate of \(group): \(setting.text)"
        case .limitPublishing(let topic, let rate):
            "publish limit of \(topic): " + (rate.map { "\(Format.rate($0))/s" } ?? "none")
        case .updateTopic(let config, let isNew): "\(isNew ? "create" : "change") topic \(config.name)"
        case .deleteTopic(let name): "delete topic \(name)"
        case .updateGroup(let config): "change group \(config.name)"
        case .deleteGroup(let name): "delete group \(name)"
        case .copyOffsets(let from, let to, let topic):
            "copy offsets of \(from) to \(to)" + (topic.map { " on \($0)" } ?? "")
        case .setOption(let name, let value): "set \(name) to \(value)"
        }
    }
}

extension GateSetting {
    /// `open`, `2.0k/s` or `paused`.
    var text: String {
        switch self {
        case .open: "open"
        case .limited(let rate): "\(Format.rate(rate))/s"
        case .paused: "paused"
        }
    }
}

extension Reply {
    fileprivate var words: String {
        switch self {
        case .broker(let status): status.name
        case .flow(let samples): Format.plural(samples.count, "sample")
        case .topics(let topics): Format.plural(topics.count, "topic")
        case .topic(let status): Format.plural(status.queues.count, "queue")
        case .groups(let groups): Format.plural(groups.count, "group")
        case .group(let status): Format.plural(status.queues.count, "queue")
        case .delays(let page): "\(Format.count(page.items.count)) of \(Format.count(page.total))"
        case .histogram(let histogram): Format.plural(histogram.counts.reduce(0, +), "delay")
        case .halves(let page): "\(Format.count(page.items.count)) of \(Format.count(page.total))"
        case .messages(let messages): Format.plural(messages.count, "message")
        case .told(let answer): answer.words
        }
    }
}

extension OperatorAnswer {
    fileprivate var words: String {
        switch self {
        case .gates(let list): Format.plural(list.count, "gate")
        case .replays(let list): Format.plural(list.count, "replay")
        case .checks(let list): Format.plural(list.count, "producer group")
        case .audit(let list, let total): "\(Format.count(list.count)) of \(Format.count(total))"
        case .auditVerified(let found): found.problem ?? "the chain holds"
        case .publishLimits(let limits): Format.plural(limits.count, "limit")
        case .clients(let list): Format.plural(list.count, "client")
        case .brokers(let list): Format.plural(list.count, "broker")
        case .features(let list): Format.plural(list.count, "feature")
        }
    }
}

extension Outcome {
    fileprivate var words: String {
        switch self {
        case .sent(let receipt): "\(receipt.queue.topic)/\(receipt.queue.queue) at \(receipt.queueOffset)"
        case .acted(let outcome): outcome.text
        }
    }
}
