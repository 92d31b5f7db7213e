import Glibc
import SluiceMessage

/// What a start puts in order: the log's end, queues that reach beyond it, sums that are gone.
extension Store {
    /// What the files of the log lack before the last checkpoint, where nothing is read again.
    func missingParts(_ starts: [Int64]) throws(DiskError) -> [Range<Int64>] {
        var missing: [Range<Int64>] = []
        let there = Set(starts)
        var start = starts.first ?? lastCheckpoint
        while start < lastCheckpoint {
            let end = min(start + segments.segmentBytes, lastCheckpoint)
            let path = "\(SegmentSet.logFolder)/\(SegmentSet.name(start))"
            // Not kept open: there may be thousands of them.
            let size = there.contains(start) ? try disk.open(path, create: false).size() : 0
            if start + size < end { missing.append(start + size..<end) }
            start += segments.segmentBytes
        }
        return missing
    }

    /// Zeros what stands behind the last whole record, so that no later crash takes it for one.
    func cut(after end: Int64, start: Int64) throws(DiskError) -> Int64 {
        let file = try segments.log(start)
        let size = min(try file.size(), segments.segmentBytes)
        var last = end - start
        var at = end - start
        while at < size {
            let bytes = try file.readBytes(at: at, count: Int(min(1 << 20, size - at)))
            guard !bytes.isEmpty else { break }
            if let nonZero = Self.lastNonZero(bytes) { last = at + Int64(nonZero) + 1 }
            at += Int64(bytes.count)
        }
        let torn = last - (end - start)
        var from = end - start
        while from < last {
            let count = min(1 << 20, last - from)
            try file.write([UInt8](repeating: 0, count: Int(count)), at: from)
            from += count
        }
        let sums = try segments.sums(start, create: true)
        if try sums.size() > sumsInSegment * 8 {
            // For good, too: an old sum that came back later would speak against a record written in its place.
            try sums.truncate(to: sumsInSegment * 8)
            try sums.sync()
        }
        if torn > 0 { try file.sync() }
        return torn
    }

    private static let zeros = [UInt8](repeating: 0, count: 16 << 10)

    /// The last byte that is not zero; most blocks asked about are all zeros.
    private static func lastNonZero(_ bytes: [UInt8]) -> Int? {
        var end = bytes.count
        while end > 0 {
            let start = max(0, end - zeros.count)
            let isZero = bytes.withUnsafeBytes { raw -> Bool in
                guard let base = raw.baseAddress else { return true }
                return memcmp(base + start, zeros, end - start) == 0
            }
            if !isZero { return bytes[start..<end].lastIndex { $0 != 0 } }
            end = start
        }
        return nil
    }

    /// Takes units back whose records the log does not hold (a lost machine in async mode).
    func cutQueues() throws(DiskError) {
        for queue in queues.all {
            var low = queue.minOffset
            var high = queue.maxOffset
            guard high > low, try physicalOffset(queue, high - 1) >= tail else { continue }
            while low < high {
                let middle = (low + high) / 2
                if try physicalOffset(queue, middle) < tail { low = middle + 1 } else { high = middle }
            }
            queue.cut(at: low)
        }
    }

    /// Side files of sums that somebody deleted are made again.
    func rebuildMissingSums(_ starts: [Int64], before: Int64) throws(DiskError) {
        for start in starts where start < before {
            guard !disk.exists("\(SegmentSet.sumsFolder)/\(SegmentSet.name(start))") else { continue }
            var scan = SegmentScan(segments: segments, start: start, from: 0)
            _ = try scan.run { _, _, _ in }
            try segments.sums(start, create: true).sync()
        }
    }
}
