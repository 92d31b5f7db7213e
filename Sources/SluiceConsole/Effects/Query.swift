import SluiceAPI
import SluiceMessage

/// A question that the visible screen asks of the broker. Equal questions are asked once at a time.
public enum Query: Sendable, Hashable {
    case broker
    /// Flow samples newer than this moment, epoch ms.
    case flow(since: Int64)
    case topics
    case topic(String)
    case groups
    case group(String)
    /// Pending delays, soonest first.
    case delays(DelayQuery)
    case histogram(start: Int64, width: Int64, buckets: Int)
    case halves(limit: Int)
    /// Messages of a queue from an offset on.
    case page(topic: String, queue: Int, from: Int64, limit: Int)
    /// Messages of a queue from an offset on, for a search through all of it.
    case scan(QueueID, from: Int64, limit: Int)
    /// What the trace topic has of a message, by its id.
    case trace(String)
    /// What RocketMQ has no request for.
    case question(OperatorQuestion)

    var isHalves: Bool { if case .halves = self { true } else { false } }

    /// The question without what moves from one asking to the next, so that a repetition of it is recognised.
    var slot: Query {
        switch self {
        case .flow: .flow(since: 0)
        case .delays: .delays(DelayQuery())
        case .histogram(_, let width, let buckets): .histogram(start: 0, width: width, buckets: buckets)
        default: self
        }
    }
}
