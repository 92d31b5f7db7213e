import SluiceStorage

/// Looking at what waits, without reading all of it.
extension DelayTimer {
    /// How many stand before `key`.
    private func rank(_ key: Entry) -> Int { runs.reduce(fresh.rank(key)) { $0 + $1.rank(key) } }

    /// How many are due before a moment.
    func count(before due: Int64) -> Int { rank(.key(due, -1)) }

    /// Counts of what is due in `[start + i·width, …)`; what is overdue is in the first, what is later in the last.
    func histogram(start: Int64, width: Int64, buckets wanted: Int) -> [Int] {
        var counts: [Int] = []
        var before = 0
        for bucket in 1..<max(wanted, 1) {
            let (span, isLong) = width.multipliedReportingOverflow(by: Int64(bucket))
            let (end, isLate) = start.addingReportingOverflow(span)
            let next = isLong || isLate ? count : count(before: end)
            counts.append(max(0, next - before))
            before = next
        }
        return counts + [max(0, count - before)]
    }

    /// The entry that has so many before it.
    private func key(at rank: Int) -> Entry? {
        guard rank < count, let first = nextDue else { return nil }
        func last(from: Int64, _ isBefore: (Int64) -> Bool) -> Int64 {
            var low = from
            var high = Int64.max / 2
            while low < high {
                let middle = low + (high - low) / 2 + 1
                if isBefore(middle) { low = middle } else { high = middle - 1 }
            }
            return low
        }
        let due = last(from: first) { self.rank(.key($0, -1)) <= rank }
        return .key(due, last(from: -1) { self.rank(.key(due, $0)) <= rank })
    }

    /// Calls `body` with the entries, soonest first, until it says stop.
    /// - Parameters:
    ///   - topic: only those for this topic.
    ///   - skip: passes over so many of them.
    func forEachSoonest(topic: String? = nil, skip: Int = 0, _ body: (Entry) -> Bool) {
        guard let topic else { return walk(from: skip > 0 ? key(at: skip) : nil, skip: skip, body) }
        guard let number = topics.known(topic), topics.count(number) > skip else { return }
        var left = topics.count(number)
        var skip = skip
        walk(from: nil, skip: 0, topic: number) { entry in
            left -= 1
            if skip > 0 { skip -= 1 } else if !body(entry) { return false }
            return left > 0
        }
    }

    private func walk(from key: Entry?, skip: Int, topic: Int32? = nil, _ body: (Entry) -> Bool) {
        if skip > 0, key == nil { return }
        var memory = fresh.from(key.map(fresh.rank) ?? 0)
        func nextInMemory() -> Entry? {
            while let entry = memory.next() {
                if topic.map({ $0 == entry.topic }) ?? true { return entry }
            }
            return nil
        }
        var walks = runs.map { $0.walk(from: key, topic: topic) }
        var heads = [nextInMemory()] + walks.indices.map { walks[$0].next() }
        while true {
            var soonest: (at: Int, entry: Entry)?
            for (at, head) in heads.enumerated() {
                if let head, soonest.map({ head < $0.entry }) ?? true { soonest = (at, head) }
            }
            guard let (at, entry) = soonest, body(entry) else { return }
            heads[at] = at == 0 ? nextInMemory() : walks[at - 1].next()
        }
    }

    /// The place of the oldest waiting record of each level that has one. Within a level the order of moments is that of
    /// the log.
    func oldestByLevel() -> [Int32: Int64] {
        var oldest: [Int32: Int64] = [:]
        var wanted = Set(levels.filter { $0.key > 0 && $0.value > 0 }.keys)
        for level in wanted {
            for run in runs {
                var walk = run.walk(from: nil, level: level)
                if let entry = walk.next() { oldest[level] = min(oldest[level] ?? .max, entry.physicalOffset) }
            }
        }
        for entry in fresh.all where wanted.contains(entry.level) {
            oldest[entry.level] = min(oldest[entry.level] ?? .max, entry.physicalOffset)
            wanted.remove(entry.level)
            if wanted.isEmpty { break }
        }
        return oldest
    }

    /// No pending record lies before it; it may be too low. Nil without entries.
    var lowestRecord: Int64? {
        let lowest = runs.reduce(fresh.lowestOffset) { min($0, $1.lowestOffset) }
        return lowest == .max ? nil : lowest
    }

    /// Entries whose records lie before a place in the log, at most `limit`, in no order.
    func pending(before offset: Int64, limit: Int) -> [Entry] {
        var found: [Entry] = []
        if fresh.lowestOffset < offset {
            for entry in fresh.all where entry.physicalOffset < offset {
                found.append(entry)
                if found.count >= limit { return found }
            }
        }
        for run in runs where found.count < limit { run.collect(before: offset, limit: limit, into: &found) }
        return found
    }
}
