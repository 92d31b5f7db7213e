/// What a second of the scenario looked like.
public struct PeakShavingSample: Sendable, Equatable {
    /// Which way the backlog goes.
    public enum State: String, Sendable {
        case growing, level, draining, stalled
    }
    /// Seconds since the start, and epoch ms.
    public var seconds: Double
    public var time: Int64
    /// Messages a second acknowledged to the producers, and landed by the consumers.
    public var inPerSecond: Double
    public var outPerSecond: Double
    /// Messages acknowledged and not landed yet.
    public var backlog: Int
    public var state: State
    /// Nil when nothing was published, or committed.
    public var publishP99: Double?
    public var databaseP99: Double?
    public var messagesPerCommit: Double
    /// Seconds that the surge still lasts; nil without one. And until the next one comes by itself.
    public var surgeSecondsLeft: Double?
    public var secondsToSurge: Double
    /// Messages done with since the start, and those dropped among them.
    public var landed: Int
    public var dropped: LandingCount
    public var isSurging: Bool { surgeSecondsLeft != nil }

    /// Seconds until the backlog is gone at the pace of this second; nil when it does not shrink.
    public var drainSeconds: Double? {
        if backlog == 0 { return 0 }
        let pace = outPerSecond - inPerSecond
        return pace > 0.01 * outPerSecond ? Double(backlog) / pace : nil
    }
    /// Seconds until the backlog would be gone once producers stop; nil when nothing lands.
    public var drainSecondsWithoutProducers: Double? {
        outPerSecond > 0 ? Double(backlog) / outPerSecond : nil
    }
}

extension PeakShavingSample.State {
    /// Judges a second by the backlog before and after it and by what landed in it.
    ///
    /// A twentieth of the outflow is always in hand: a backlog or a change no larger than that is level.
    public init(before: Int, after: Int, out: Int) {
        let slack = max(20, out / 20)
        if after > slack && out == 0 {
            self = .stalled
        } else if after <= slack || abs(after - before) <= slack {
            self = .level
        } else {
            self = after > before ? .growing : .draining
        }
    }
}
