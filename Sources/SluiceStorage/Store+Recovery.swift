import SluiceMessage

extension Store {
    /// Opens what a folder holds. ``recover(replay:)`` has to follow before anything else.
    /// - Parameter isUsable: told what the broker kept at the last checkpoint; false where that speaks of something that is
    ///   not there, so that everything has to be rebuilt.
    /// - Returns: the store and what the broker kept beside the queues at the last checkpoint; nil where everything is to
    ///   be rebuilt.
    public static func open(
        _ disk: any Disk, _ options: StoreOptions, isUsable: ([UInt8]) throws(DiskError) -> Bool = { _ in true }
    ) throws(DiskError) -> (Store, state: [UInt8]?) {
        for folder in DataFolder.folders { try disk.createDirectory(folder) }
        let segments = SegmentSet(disk: disk, segmentBytes: options.segmentBytes)
        let starts = try segments.starts()
        var checkpoint = try Checkpoint.load(disk)
        if let found = checkpoint {
            let complete = disk.exists("\(QueueStore.folder)/journal") && disk.exists("\(QueueStore.folder)/extents")
            let index = try KeyIndex(disk: disk, sealAt: options.indexEntries)
            let indexed = index.covers(from: starts.first ?? 0, to: found.indexedTo)
            if !complete || !indexed || found.offset < (starts.first ?? 0) {
                checkpoint = nil
            } else if try !isUsable(found.state) {
                checkpoint = nil
            }
        }
        if checkpoint == nil { try discardDerived(disk) }
        let store = Store(
            disk: disk, options: options, segments: segments, queues: try QueueStore(disk: disk),
            index: try KeyIndex(disk: disk, sealAt: options.indexEntries))
        store.minOffset = starts.first ?? 0
        store.lastCheckpoint = max(checkpoint?.offset ?? 0, store.minOffset)
        store.wasClean = checkpoint?.clean ?? false
        store.isRebuilding = checkpoint == nil
        return (store, checkpoint?.state)
    }

    /// True when a folder holds any of a log.
    public static func hasLog(_ disk: any Disk) throws(DiskError) -> Bool {
        try !disk.list(SegmentSet.logFolder).isEmpty
    }

    private static func discardDerived(_ disk: any Disk) throws(DiskError) {
        // The checkpoint first, for good: it must not be found beside half of what it speaks of.
        try disk.remove(Checkpoint.path)
        try disk.syncDirectory("")
        for folder in [QueueStore.folder, KeyIndex.folder, DelayRunFile.folder] {
            try disk.createDirectory(folder)
            for name in try disk.list(folder) { try disk.remove("\(folder)/\(name)") }
        }
        try disk.createDirectory(SegmentSet.sumsFolder)
    }

    /// Reads the log from the last checkpoint on: checks every record, puts it back into its queue and under its keys, cuts
    /// a torn end, and hands each record to `replay`.
    /// - Parameter deleted: topics that were deleted, with the end of the log at that time: their records before it go
    ///   into no queue.
    public func recover(
        deleted: [String: Int64] = [:], progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in },
        replay: (RecordView) -> Void
    ) throws(DiskError) -> RecoveryReport {
        var report = RecoveryReport()
        // The checkpoint may be older than the deletion.
        for queue in Array(queues.all) {
            if let end = deleted[queue.topic], end >= lastCheckpoint {
                queues.remove(QueueID(queue.topic, Int(queue.queue)))
            }
        }
        // How many records the queues may lack: no more than fit into what was skipped.
        var lostBytes: Int64 = 0
        var misplaced: Int64 = 0
        var starts = try segments.starts()
        report.rebuilt = isRebuilding && !starts.isEmpty
        report.missing = try missingParts(starts)
        try rebuildMissingSums(starts, before: lastCheckpoint)
        var at = lastCheckpoint
        let total = (starts.last ?? 0) + segments.segmentBytes - at
        starts.removeAll { $0 + segments.segmentBytes <= at }
        for (number, start) in starts.enumerated() {
            if number > 0, start != at {
                // What lies between was damaged up to the end of its segment.
                report.damaged.append(at)
                lostBytes += start - at
                at = start
            }
            var scan = SegmentScan(
                segments: segments, start: start, from: at - start, endsAtHoles: !options.durable)
            at =
                start
                + (try scan.run { view, sum, skipped in
                    let missing = (lostBytes + skipped) / Int64(Record.fixedBytes) + misplaced
                    report.records += 1
                    if Self.isDeleted(view, deleted) || redispatch(view, sum, missing: missing) {
                        replay(view)
                    } else {
                        report.damaged.append(view.physicalOffset)
                        misplaced += 1
                    }
                })
            lostBytes += scan.skipped
            progress(at - lastCheckpoint, total)
            report.damaged += scan.damaged.map { start + $0 }
            report.scannedBytes += scan.bytes
            sumsInSegment = scan.sums
            guard !scan.endsSegment else { continue }
            if !scan.endsAtHole, number + 1 < starts.count,
                try SegmentScan.beginsWithRecord(segments, starts[number + 1])
            {
                continue
            }
            report.cutBytes += try cut(after: at, start: start)
            for later in starts[(number + 1)...] { try segments.remove(later) }
            if number + 1 < starts.count {
                try disk.syncDirectory(SegmentSet.logFolder)
                try disk.syncDirectory(SegmentSet.sumsFolder)
            }
            break
        }
        tail = at
        confirmed = at
        if tail % segments.segmentBytes == 0 { sumsInSegment = 0 }
        try cutQueues()
        if minOffset > 0 { for queue in queues.all { try advanceMinimum(queue) } }
        report.clean = wasClean && report.records == 0
        let start = segments.start(of: tail)
        let exists = disk.exists("\(SegmentSet.logFolder)/\(SegmentSet.name(start))")
        preparedTo = exists ? max(tail, start + min(try segments.log(start).size(), segments.segmentBytes)) : tail
        return report
    }

    /// True for a record of a topic that was deleted after it.
    public static func isDeleted(_ view: RecordView, _ deleted: [String: Int64]) -> Bool {
        guard !deleted.isEmpty, let end = deleted[view.topicName] else { return false }
        return view.physicalOffset < end
    }

    /// A record read from the log goes where ``append(to:topic:header:properties:moreProperties:body:scan:topicHash:)``
    /// put it, unless it is there already.
    ///
    /// False for a record that fits nowhere: its queue or offset is damaged, which no sum told.
    private func redispatch(_ view: RecordView, _ sum: UInt32, missing: Int64) -> Bool {
        guard view.queue >= 0, view.queue < Limits.maxQueues, view.queueOffset >= 0 else { return false }
        let topic = view.topicName
        let queue = queues.queue(QueueID(topic, Int(view.queue)))
        let scan = PropertyScan(view.properties)
        let offset = view.queueOffset
        if isRebuilding, minOffset > 0, queue.maxOffset == 0, offset > 0 { queue.restore(flushed: offset, min: offset) }
        guard offset - queue.maxOffset <= missing else { return false }
        if offset >= queue.maxOffset {
            // Units of records that were lost to damage keep their places.
            while queue.maxOffset < offset {
                queues.append(QueueUnit(physicalOffset: view.physicalOffset, size: 0, tagCode: 0, sum: 0), to: queue)
            }
            let unit = QueueUnit(
                physicalOffset: view.physicalOffset, size: UInt32(view.size), tagCode: TagCode.of(scan.tags), sum: sum)
            queues.append(unit, to: queue)
        } else if (try? physicalOffset(queue, offset)) != view.physicalOffset {
            return false
        }
        queue.lastStored = view.storeTimestamp
        #if Plants
            if Plant.isOn(.forgetsKeys) { return true }
        #endif
        if view.physicalOffset >= index.sealedTo {
            addKeys(scan, topicHash: Self.topicHash(topic), at: view.physicalOffset)
        }
        return true
    }
}
