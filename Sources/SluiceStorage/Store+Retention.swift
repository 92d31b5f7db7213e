import SluiceMessage

extension Store {
    /// Deletes whole segments that are too old or too many, never the one written to, and none from `owed` on (where the
    /// oldest record stands that is still to be delivered or resolved). Returns how many went.
    public func expire(now: Int64, owed: Int64) throws(DiskError) -> Int {
        var gone = 0
        while let (next, _) = try expiring(after: minOffset, now: now), next <= owed {
            try segments.remove(minOffset)
            try disk.syncDirectory(SegmentSet.logFolder)
            minOffset = next
            gone += 1
        }
        if gone > 0 {
            try index.trim(before: minOffset)
            for queue in queues.all { try advanceMinimum(queue) }
        }
        return gone
    }

    /// The end of the segment that starts at `start` where it may go: it is too old (`isByAge`) or there is too much, and a
    /// checkpoint covers it. Nil where it has to stay.
    public func expiring(after start: Int64, now: Int64) throws(DiskError) -> (end: Int64, isByAge: Bool)? {
        let next = start + segments.segmentBytes
        guard next <= segments.start(of: confirmed), next <= lastCheckpoint else { return nil }
        let isTooMuch = options.retainBytes.map { confirmed - next >= $0 } ?? false
        let isByAge = try now - storedBy(next, now: now) > options.retainMilliseconds
        return isTooMuch || isByAge ? (next, isByAge) : nil
    }

    /// When everything before a segment's start had been stored: as its first record says. A damaged one says nothing, and
    /// the next segment's is asked, which is no earlier.
    private func storedBy(_ start: Int64, now: Int64) throws(DiskError) -> Int64 {
        var start = start
        while start < confirmed {
            var stored: Int64?
            try reader.record(at: start)?.eachRecord { stored = $0.storeTimestamp }
            if let stored { return stored }
            start += segments.segmentBytes
        }
        return now
    }

    func advanceMinimum(_ queue: ConsumeQueue) throws(DiskError) {
        guard queue.maxOffset > queue.minOffset, try physicalOffset(queue, queue.minOffset) < minOffset else { return }
        var low = queue.minOffset
        var high = queue.maxOffset
        while low < high {
            let middle = (low + high) / 2
            if try physicalOffset(queue, middle) < minOffset { low = middle + 1 } else { high = middle }
        }
        queue.minOffset = low
        queues.trim(queue)
    }
}
