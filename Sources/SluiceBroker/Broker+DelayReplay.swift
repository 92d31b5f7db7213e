import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What the log tells of delays when it is read again.
extension Broker {
    /// Settled records that are looked up in the timer at once: it bounds memory, and most of them are its soonest entries.
    static let settledAtOnce = 1 << 18

    /// A waiting record of the schedule topic.
    func replayWaiting(_ view: RecordView, level: Int) {
        add(view, PropertyScan(view.properties), due: due(view, level: level), level: Int32(level))
    }

    private func add(_ view: RecordView, _ scan: PropertyScan, due: Int64, level: Int32) {
        let topic = scan.retryTopic ?? scan.realTopic ?? view.topic
        timer.add(due: due, physicalOffset: view.physicalOffset, level: level, topic: topic.text)
    }

    private func due(_ view: RecordView, level: Int) -> Int64 {
        view.storeTimestamp + options.levels.milliseconds(level)
    }

    /// A record of the timer topic: it waits, or withdraws one that does, or both: then it stands in the other's place.
    func replayTimer(_ view: RecordView, _ settled: inout [Int64]) {
        let scan = PropertyScan(view.properties)
        if view.preparedOffset != 0 {
            let source = Self.waitingOffset(view.preparedOffset)
            let due = PropertyCoding.decode(view.properties).last { $0.name == PropertyName.replacedDue }
                .flatMap { Int64($0.value) }
            if due.map({ !timer.remove(due: $0, physicalOffset: source) }) ?? true { settled.append(source) }
            guard scan.realTopic != nil else { return }
        }
        add(view, scan, due: scan.timerDue?.decimal ?? view.storeTimestamp, level: 0)
    }

    /// Takes settled records out of the timer.
    func settle(_ settled: inout [Int64]) {
        timer.settle(settled) { offset in
            guard let found = try? store.reader.record(at: offset) else { return nil }
            var due: Int64?
            found.eachRecord { due = waiting($0)?.due }
            return due
        }
        settled = []
    }

    /// When a record of the schedule or timer topic is due, and by which level; nil for one that does not wait.
    func waiting(_ view: RecordView) -> (due: Int64, level: Int32)? {
        switch view.topicName {
        case TopicName.schedule:
            let level = Int(view.queue) + 1
            return (due(view, level: level), Int32(level))
        case TopicName.timer:
            let scan = PropertyScan(view.properties)
            guard scan.realTopic != nil else { return nil }
            return (scan.timerDue?.decimal ?? view.storeTimestamp, 0)
        default: return nil
        }
    }

    /// The maintenance thread does not run yet: while the log is read the timer's work is done here.
    func keepTimerSmall() {
        guard timer.isFull else { return }
        while let job = timer.takeJob(store.disk, now: now) {
            job.run()
            timer.finish(job, now: now)
        }
    }
}
