/// Lets so many a second through on average, and a burst at once at most. A value that takes `now`.
struct TokenBucket: Equatable {
    let perSecond: Double
    /// Tokens that gather while nobody asks.
    let burst: Double
    private var level: Double
    /// Epoch ms of the last refill.
    private var at: Int64
    /// What sums of doubles may be off by.
    private static let slack = 1e-6

    /// - Parameter level: tokens to begin with.
    init(perSecond: Double, burst: Double, level: Double, now: Int64) {
        self.perSecond = perSecond
        self.burst = burst
        self.level = level
        at = now
    }

    /// Adds what came since the last time.
    ///
    /// - Parameter isWanted: somebody waits for tokens, so that what comes late is only the owner's lateness, and is made up
    ///   for: up to a second's tokens.
    mutating func refill(_ now: Int64, isWanted: Bool = false) {
        guard now > at else { return }
        let limit = isWanted ? burst + perSecond : burst
        if level < limit { level = min(limit, level + Double(now - at) * perSecond / 1_000) }
        at = now
    }

    func holds(_ count: Double) -> Bool { level + Self.slack >= count }

    /// Takes whole tokens, as many as there are of those wanted.
    mutating func take(upTo wanted: Int) -> Int {
        let count = min(wanted, Int(level + Self.slack))
        guard count > 0 else { return 0 }
        level -= Double(count)
        return count
    }

    /// Puts back what was taken and not used. It does not fall to the burst's limit: it was counted when it was taken.
    mutating func giveBack(_ count: Int64) { level += Double(count) }

    /// When it holds so many, if nothing is taken or given back; epoch ms.
    func moment(of count: Double) -> Int64 {
        guard !holds(count) else { return at }
        return at + Int64(((count - level - Self.slack) * 1_000 / perSecond).rounded(.up))
    }
}
