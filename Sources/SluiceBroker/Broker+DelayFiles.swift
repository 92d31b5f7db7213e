import SluiceStorage

/// The timer's files: work for the maintenance thread.
extension Broker {
    /// Work for the maintenance thread; nil when there is none. ``finish(_:)`` takes it back.
    public func takeTimerJob() -> DelayRunJob? {
        guard !closing, store.broken == nil else { return nil }
        return timer.takeJob(store.disk, now: now)
    }

    /// Takes the timer's work back.
    public func finish(_ job: DelayRunJob) { timer.finish(job, now: now) }

    /// A run file is damaged: what it held is in the log, and the next start has to look for it there.
    func noticeDamage() {
        // A checkpoint on its way would be put over what is written here; it is asked again each turn.
        guard timer.isDamaged, !isTimerGivenUp, !store.isCheckpointing else { return }
        isTimerGivenUp = true
        try? store.discardCheckpoint()
    }
}
