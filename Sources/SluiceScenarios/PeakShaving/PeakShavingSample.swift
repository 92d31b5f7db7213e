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

// MARK: In words
extension PeakShavingSample {
    /// What the order service does now, and next.
    var rhythmText: String {
        if let surgeSecondsLeft { return "surge, \(Int(surgeSecondsLeft.rounded(.up))) s left" }
        return "calm, surge in \(Int(secondsToSurge.rounded(.up))) s"
    }

    /// How many messages share a commit, or how many commits a message takes.
    var commitText: String {
        messagesPerCommit >= 1
            ? "one for \(Words.decimal(messagesPerCommit)) orders" : "\(Words.decimal(1 / messagesPerCommit)) an order"
    }

    var figures: [Figure] {
        [
            Figure("in_per_s", inPerSecond), Figure("out_per_s", outPerSecond), Figure("backlog", backlog),
            Figure("state", .text(state.rawValue)), Figure("publish_p99_ms", publishP99, places: 3),
            Figure("db_p99_ms", databaseP99, places: 3), Figure("messages_per_commit", messagesPerCommit, places: 2),
            Figure("surging", .flag(isSurging)), Figure("drain_s", drainSeconds),
        ]
    }

    var text: String {
        var text = Words.padded(Words.decimal(seconds), 6) + " s"
        text += "  in " + Words.padded(Words.grouped(Int(inPerSecond.rounded())), 6) + "/s"
        text += "  out " + Words.padded(Words.grouped(Int(outPerSecond.rounded())), 6) + "/s"
        text += "  backlog " + Words.padded(Words.grouped(backlog), 8) + "  " + state.rawValue
        if let drainSeconds, backlog > 0 { text += ", drained in \(Int(drainSeconds.rounded(.up))) s" }
        text += "  publish p99 \(Words.milliseconds(publishP99))  database p99 \(Words.milliseconds(databaseP99))"
        return text + (isSurging ? "  surge" : "")
    }
}
