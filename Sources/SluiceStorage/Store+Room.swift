import SluiceMessage

/// Room ahead of the tail, made by a thread of its own.
extension Store {
    /// Room ahead that the largest record fits into, whatever the segment it falls in: the end of a segment that is too
    /// short for it is lost to a filler.
    private static let leastRoom = 2 * (Int64(Limits.maxRecordBytes) + (2 << 20))

    /// Room to be made ahead of the tail; nil when there is enough, or some is being made.
    public func takePrepare() -> PrepareJob? {
        guard !preparing, mayRetryRoom, preparedTo - tail < max(prepareStep / 2, Self.leastRoom) else { return nil }
        preparing = true
        return PrepareJob(
            segments: segments, disk: disk, from: preparedTo, to: preparedTo + prepareStep, zeroFill: options.durable)
    }

    /// Lets a disk that was full be looked at again; the owner says so about once a second.
    public func retryRoom() { mayRetryRoom = true }

    public func finish(_ job: PrepareJob) {
        preparing = false
        preparedTo = max(preparedTo, job.reached)
        noRoom = job.failure.map { $0.description }
        mayRetryRoom = job.failure == nil
        if job.failure == nil { prepareStep = min(prepareStep * 2, 64 << 20) }
    }
}
