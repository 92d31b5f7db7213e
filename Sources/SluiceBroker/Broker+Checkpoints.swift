import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What a checkpoint keeps beside the queues and the index.
extension Broker {
    /// A checkpoint when one is due; the owner must have let all batches come back first. ``finish(_:)`` takes it back.
    public func takeCheckpoint(force: Bool = false, clean: Bool = false) -> CheckpointJob? {
        let journals = ["topics.journal", "offsets.journal", "checks.journal"]
        let job = store.takeCheckpoint(force: force, clean: clean, journals: journals) { state() }
        let halves = halves.snapshot
        job?.moreState = { halves.encoded() }
        return job
    }

    /// Takes a checkpoint back.
    public func finish(_ job: CheckpointJob) { timer.files.saved(isDone: store.finish(job)) }

    /// Version 1 told no topics of its delays; a folder that has it is rebuilt from the log once.
    private static let stateVersion: UInt8 = 2

    /// The timer of a checkpoint's state; nil where it cannot be used.
    static func timer(
        from state: [UInt8], _ disk: any Disk, _ options: BrokerOptions
    ) throws(DiskError) -> DelayTimer? {
        var reader = ByteReader(state)
        guard reader.take(UInt8.self) == stateVersion, let count = reader.take(Int64.self),
            let bytes = reader.takeBytes(Int(clamping: count))
        else { return nil }
        return try DelayTimer.restore(bytes, disk, most: options.delaysInMemory)
    }

    /// What waits and what is unresolved, as of now.
    private func state() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.stateVersion)
        let timer = timer.save()
        writer.reserve(timer.count + 64 * (halves.count + 1))
        writer.put(Int64(timer.count))
        timer.withUnsafeBytes { writer.put($0) }
        writer.put(publishedNormal)
        writer.put(consumed)
        // The halves follow as the last part, made by who writes the checkpoint.
        return writer.bytes
    }

    func restore(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.take(UInt8.self) == Self.stateVersion, let delays = reader.take(Int64.self),
            reader.takeBytes(Int(clamping: delays)) != nil
        else { return }
        var first = reader.take(Int64.self) ?? 0
        // Earlier builds put a mark before the counts, which are never negative.
        if first == -1 { first = reader.take(Int64.self) ?? 0 }
        publishedNormal = first
        consumed = reader.take(Int64.self) ?? 0
        halves.restore(&reader)
        #if Plants
            if Plant.isOn(.forgetsChecks) {
                for half in halves.page(skip: 0, limit: halves.count) {
                    halves.checked(half.key, checks: 0, next: half.nextCheck)
                }
            }
        #endif
    }
}
