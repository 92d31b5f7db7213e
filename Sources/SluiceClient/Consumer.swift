import Glibc
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
    /// Where a broadcast group's consumer keeps how far it is, since the broker does not; nil begins at ``from`` each time.
    public var positionFile: String?

    /// The usual place of such a file: `$XDG_STATE_HOME/sluice/positions/<scope>/<group>.json`.
    /// - Parameter scope: tells clusters and data folders apart that have groups of the same name.
    public static func positionFile(scope: String, group: String) -> String? {
        let state = getenv("XDG_STATE_HOME").map { String(cString: $0) } ?? ""
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        guard state.hasPrefix("/") || home.hasPrefix("/") else { return nil }
        let folder = state.hasPrefix("/") ? state : home + "/.local/state"
        func plain(_ text: String) -> String { String(text.map { $0 == "/" ? "_" : $0 }) }
        return "\(folder)/sluice/positions/\(plain(scope))/\(plain(group)).json"
    }

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
