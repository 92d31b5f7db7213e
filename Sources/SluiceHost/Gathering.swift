/// How long a durable batch waits for more records before its sync.
///
/// When a sync ends, producers that wait for it each send their next message within moments. A batch that left at the first
/// of them would make all the others wait for the sync after it; so it waits until a quarter of those that can be expected
/// are there, but for no more than a part of what a sync takes: while it is on its way the others gather, two batches take
/// turns, and the disk never rests. A lone producer never waits: its one message is all there is.
struct Gathering {
    private var enough = 0
    private var deadline: Int64 = 0

    /// The longest wait, in nanoseconds.
    static let longest: Int64 = 200_000

    /// A sync ended after so many nanoseconds; so many records may come again or are there already.
    mutating func begin(expected: Int, syncNanoseconds: Int64, now: Int64) {
        enough = expected / 4
        deadline = now + min(syncNanoseconds / 4, Self.longest)
    }

    func goesOn(gathered: Int, now: Int64) -> Bool { gathered < enough && now < deadline }

    /// Nanoseconds until the wait ends at the latest.
    func left(now: Int64) -> Int64 { max(1_000, deadline - now) }
}
