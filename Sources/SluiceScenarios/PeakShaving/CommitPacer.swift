import Synchronization

/// Sizes transactions so that a database that commits without a pause lands a wanted number of messages a second.
///
/// Nothing waits here: the pace comes from how long real commits take. Where a commit is slow, several messages share
/// one; where it is fast, a message is landed in several transactions, one a step.
public final class CommitPacer: Sendable {
    private struct State {
        /// Seconds of the database's time a commit takes, averaged over the last few dozen.
        var seconds: Double
        /// Parts of a message, and of a commit, left over from the last sizes.
        var messagesOwed = 0.0
        var commitsOwed = 0.0
    }
    private let state: Mutex<State>
    private let target: Double

    /// - Parameters:
    ///   - target: messages a second.
    ///   - seconds: what a commit takes, measured beforehand.
    public init(target: Double, seconds: Double) {
        self.target = target
        state = Mutex(State(seconds: max(seconds, 1e-6)))
    }

    /// Messages per commit at the moment; below 1 a message takes several commits.
    public var messagesPerCommit: Double { state.withLock { target * $0.seconds } }

    /// Messages to put into the next transaction.
    public func nextBatch() -> Int {
        state.withLock { state in
            state.messagesOwed += max(1, target * state.seconds)
            let whole = max(1, Int(state.messagesOwed))
            state.messagesOwed = max(0, state.messagesOwed - Double(whole))
            return whole
        }
    }

    /// Transactions to land the batch in, one a step; 1 unless commits are faster than messages are wanted.
    public func nextSteps() -> Int {
        state.withLock { state in
            state.commitsOwed += max(1, 1 / (target * state.seconds))
            let whole = max(1, Int(state.commitsOwed))
            state.commitsOwed = max(0, state.commitsOwed - Double(whole))
            return whole
        }
    }

    /// Learns from a commit that kept the database busy for so long. A single hiccup counts for eight commits at most,
    /// or the transactions after it would make up for it in one great wave.
    public func committed(seconds: Double) {
        state.withLock { $0.seconds += (min(seconds, 8 * $0.seconds) - $0.seconds) * 0.02 }
    }
}
