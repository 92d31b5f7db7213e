/// Checkpoints: from where a recovery begins.
extension Store {
    /// A checkpoint when one is due (or `force`d and possible): everything before the confirmed offset. `state` is asked
    /// for what the broker keeps beside the queues, as of now.
    /// - Parameter journals: paths of the broker's own journals, which become durable with it.
    public func takeCheckpoint(
        force: Bool = false, clean: Bool = false, journals: [String] = [], state: () -> [UInt8]
    ) -> CheckpointJob? {
        guard !checkpointing, broken == nil else { return nil }
        guard force || wantsCheckpoint else { return nil }
        // Units and entries of records still on their way are in memory too; only a quiet moment has none of them.
        guard !hasUnwritten else { return nil }
        checkpointing = true
        isCheckpointAsked = false
        return CheckpointJob(
            disk: disk, segments: segments, flush: queues.beginFlush(), seal: index.beginSeal(end: confirmed),
            checkpoint: Checkpoint(offset: confirmed, indexedTo: index.sealedTo, clean: clean, state: state()),
            syncFrom: lastCheckpoint, journals: journals)
    }

    /// Everything before it is on the disk for good, also in async mode.
    public var checkpointed: Int64 { lastCheckpoint }

    /// True when the next quiet moment should be used for a checkpoint.
    public var wantsCheckpoint: Bool {
        !checkpointing && confirmed >= checkpointHold
            && (confirmed - lastCheckpoint >= options.checkpointBytes || index.wantsSeal || isCheckpointAsked)
    }

    /// Makes a checkpoint due where the last one does not reach `offset`: something waits for what it makes durable.
    public func askForCheckpoint(reaching offset: Int64) {
        if lastCheckpoint < offset, !checkpointing { isCheckpointAsked = true }
    }

    /// Takes the last checkpoint away: what it speaks of is damaged, and the next start has to rebuild it from the log.
    public func discardCheckpoint() throws(DiskError) { try disk.remove(Checkpoint.path) }

    /// A checkpoint is on its way.
    public var isCheckpointing: Bool { checkpointing }

    /// Takes a checkpoint back; true when it counts from now on.
    @discardableResult
    public func finish(_ job: CheckpointJob) -> Bool {
        checkpointing = false
        if let seal = job.seal { index.finishSeal(seal) }
        if job.failure == nil {
            queues.finishFlush(job.flush)
            lastCheckpoint = job.checkpoint.offset
        } else {
            queues.abandonFlush(job.flush)
            checkpointHold = confirmed + options.checkpointBytes / 8
        }
        return job.failure == nil
    }
}
