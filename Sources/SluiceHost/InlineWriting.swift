import SluiceStorage

/// Whether the owner may write a small batch itself instead of waking the log thread for it.
///
/// A few messages into the page cache cost two microseconds; two wake-ups of a thread cost ten. But a write can wait for the
/// disk when the machine has much to write back: after a slow one the log thread has them all for a while, the longer the
/// slower it was. (On a busy machine most slow ones only waited for a core, and soon it is worth trying again.) Durable
/// batches always go there.
struct InlineWriting {
    /// Larger batches are worth a hand-over: both cores have something to do then.
    static let largest = 16 << 10
    /// Nanoseconds a write may take before the owner leaves it alone.
    static let slow: Int64 = 500_000
    /// For how many times as long as it took, so that no more than a twentieth of the time is lost to waiting.
    static let pause: Int64 = 20
    /// Nanoseconds it does at most.
    static let longestPause: Int64 = 1_000_000_000

    private var pausedUntil: Int64 = 0

    func allows(_ job: WriteJob, now: Int64) -> Bool {
        !job.durable && job.bytes <= Self.largest && !job.replacesJournals && now >= pausedUntil
    }

    mutating func took(_ nanoseconds: Int64, now: Int64) {
        if nanoseconds > Self.slow { pausedUntil = now + min(nanoseconds * Self.pause, Self.longestPause) }
    }
}
