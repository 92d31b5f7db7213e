import SluiceAPI
import SluiceMessage

/// Where a group without an offset begins.
public enum StartPosition: Sendable, Equatable {
    case first, last
    /// Epoch ms.
    case time(Int64)

    var target: OffsetTarget {
        switch self {
        case .first: .first
        case .last: .last
        case .time(let time): .time(time)
        }
    }
}

/// How a consumer behaves.
public struct ConsumerOptions: Sendable {
    public var group: String
    public var model: MessageModel
    public var from: StartPosition
    /// Threads that call the handler: the group's bounded concurrency in this client.
    public var threads: Int
    /// Messages handed to the handler at once, at most.
    public var batch: Int
    /// True keeps the order of each queue: one batch of a queue at a time, a failed one again in place.
    public var ordered: Bool
    /// Messages fetched ahead per queue before pulling pauses.
    public var prefetch: Int

    public init(
        group: String, model: MessageModel = .clustering, from: StartPosition = .first, threads: Int = 4,
        batch: Int = 32, ordered: Bool = false, prefetch: Int = 1_024
    ) {
        self.group = group
        self.model = model
        self.from = from
        self.threads = max(1, threads)
        self.batch = max(1, batch)
        self.ordered = ordered
        self.prefetch = max(1, prefetch)
    }
}

/// What became of a batch.
public enum ConsumeResult: Sendable {
    case success
    /// Deliver these again later (all of the batch): the retry ladder, then the dead letters.
    case retryLater
}
