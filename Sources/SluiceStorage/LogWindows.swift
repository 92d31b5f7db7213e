import CSluice
import Synchronization

/// Windows onto parts of the log that many pulls read from at once: there a record costs a copy in place of a system call.
/// Shared by threads.
///
/// Who consumes a topic of a thousand queues finds the next message of a queue a megabyte further on, and those between
/// belong to its other queues: so all that is read lies in a band of the log that moves on. A window is made when a part
/// has been read from often enough to pay for it, ahead of the band as it moves. Only confirmed records are in windows, and
/// those never change. What comes from one is held against its sum like everything else; where that fails, or the
/// window says that it cannot be read, the caller reads the file.
///
/// What remains: memory may run short within ``freshMilliseconds`` of a window's last look at the disk, and then a copy on
/// the event loop waits for it, as it would for memory that was swapped out.
final class LogWindows: Sendable {
    /// Bytes of a window.
    static let bytes: Int64 = 1 << 20
    /// Windows at most; each has one place it can be in.
    static let most = 128
    /// Reads in vain that make a window.
    static let worthIt = 16
    /// A window is used for so long after its pages were seen to be in memory.
    static let freshMilliseconds: Int64 = 10_000
    /// One that nobody reads from goes after so long.
    static let idleMilliseconds: Int64 = 20_000

    private struct Slot {
        /// The window that is here: where it starts, when it was looked after last, when it was read from last.
        var start: Int64 = -1
        var part: MappedPart?
        /// Where in memory; 0 without one.
        var address: UInt = 0
        var populated: Int64 = 0
        var used: Int64 = 0
        /// The window that would be here, and the reads it was missed by.
        var missed: Int64 = -1
        var misses = 0
    }
    private struct State {
        var slots: [Slot] = []
        var wanted: [Int64] = []

        /// The window that starts there, if its pages are in memory for all that is known. One that is not there is
        /// counted.
        mutating func find(_ start: Int64, _ now: Int64) -> UInt? {
            if slots.isEmpty { slots = Array(repeating: Slot(), count: LogWindows.most) }
            let at = LogWindows.slot(start)
            if slots[at].start == start {
                slots[at].used = now
                // Not fresh either where the clock went back.
                if (0...LogWindows.freshMilliseconds).contains(now - slots[at].populated) { return slots[at].address }
            } else if slots[at].start >= 0, (0...LogWindows.freshMilliseconds).contains(now - slots[at].used) {
                // What is read from is not given up for another band of the log.
                return nil
            }
            if slots[at].missed != start { (slots[at].missed, slots[at].misses) = (start, 0) }
            slots[at].misses += 1
            if slots[at].misses == (slots[at].start == start ? 1 : LogWindows.worthIt) { wanted.append(start) }
            return nil
        }

        /// It is looked after before it is used again.
        mutating func expire(_ start: Int64) {
            let at = LogWindows.slot(start)
            if slots[at].start == start { slots[at].populated = 0 }
        }

        /// What was made of a window that was wanted; nil is tried again after a thousand reads.
        mutating func put(_ part: MappedPart?, _ start: Int64, _ now: Int64) {
            let at = LogWindows.slot(start)
            if let part {
                slots[at] = Slot(
                    start: start, part: part, address: UInt(bitPattern: part.base), populated: now, used: now)
            } else {
                if slots[at].start == start { slots[at] = Slot() }
                (slots[at].missed, slots[at].misses) = (start, -1_000)
            }
        }
    }
    private let state = Mutex(State())
    private let segmentBytes: Int64

    init(segmentBytes: Int64) { self.segmentBytes = segmentBytes }

    private static func slot(_ start: Int64) -> Int { Int(start / bytes % Int64(most)) }

    /// Where the window starts that holds all of these bytes; nil where none can: they are at a border, or not confirmed.
    private func window(_ offset: Int64, _ count: Int, _ confirmed: Int64) -> Int64? {
        let within = offset % segmentBytes
        let start = offset - within % Self.bytes
        guard offset + Int64(count) <= start + Self.bytes, isPossible(start, confirmed) else { return nil }
        return start
    }

    private func isPossible(_ start: Int64, _ confirmed: Int64) -> Bool {
        start + Self.bytes <= confirmed && start % segmentBytes + Self.bytes <= segmentBytes
    }

    /// Lays the records of these units back to back at `target`, as far as windows have them: returns the indices of those
    /// that have to be read from the file.
    /// - Parameters:
    ///   - confirmed: end of what is written and does not change any more.
    ///   - now: epoch ms.
    func copy(
        _ units: ArraySlice<(offset: Int64, unit: QueueUnit)>, to target: UnsafeMutableRawPointer, confirmed: Int64,
        now: Int64
    ) -> [Range<Int>] {
        withUnsafeTemporaryAllocation(of: sluice_copy.self, capacity: units.count) { copies in
            var count = 0
            var missing: [Range<Int>] = []
            var target = target
            // Nobody unmaps a window meanwhile, and nobody else waits here but who makes one.
            let isRead = state.withLock { state in
                for index in units.indices {
                    let (offset, size) = (units[index].unit.physicalOffset, Int(units[index].unit.size))
                    if let start = window(offset, size, confirmed), let address = state.find(start, now) {
                        let source = UnsafeRawPointer(bitPattern: address + UInt(offset - start))
                        copies[count] = sluice_copy(source: source, target: target, length: size)
                        count += 1
                    } else {
                        if missing.last?.upperBound != index { missing.append(index..<index) }
                        missing[missing.count - 1] = missing[missing.count - 1].lowerBound..<index + 1
                    }
                    target += size
                }
                if sluice_copy_mapped(copies.baseAddress, count) == 0 { return true }
                // One of them cannot be read any more: none is used before it was looked after.
                for (_, unit) in units {
                    guard let start = window(unit.physicalOffset, Int(unit.size), confirmed) else { continue }
                    state.expire(start)
                }
                return false
            }
            return isRead ? missing : [units.indices]
        }
    }

    /// The windows to be made or looked after, to be done on a thread that may wait; nil when there is nothing to do.
    func takeJob(_ segments: SegmentSet, confirmed: Int64, now: Int64, isIdleLook: Bool) -> MapJob? {
        let starts = state.withLock { state in
            defer { state.wanted.removeAll(keepingCapacity: true) }
            return state.wanted
        }
        guard !starts.isEmpty || isIdleLook else { return nil }
        return MapJob(windows: self, segments: segments, starts: starts, confirmed: confirmed, now: now)
    }

    func run(_ job: MapJob) {
        for start in job.starts {
            look(after: start, job)
            // Who read up to here will read on.
            let next = start + Self.bytes
            if isPossible(next, job.confirmed), isThere(start - Self.bytes), !isThere(next) { look(after: next, job) }
        }
        drop { abs(job.now - $0.used) > Self.idleMilliseconds }
    }

    private func isThere(_ start: Int64) -> Bool {
        start >= 0 && state.withLock { !$0.slots.isEmpty && $0.slots[Self.slot(start)].start == start }
    }

    private func look(after start: Int64, _ job: MapJob) {
        let known = state.withLock { state -> MappedPart? in
            let slot = state.slots[Self.slot(start)]
            return slot.start == start ? slot.part : nil
        }
        let within = start % segmentBytes
        let part =
            known.map { $0.populate() ? $0 : nil }
            ?? (try? job.segments.log(start - within))?.map(at: within, count: Int(Self.bytes))
        // The one that was here is unmapped by this thread.
        let before = state.withLock { state -> MappedPart? in
            defer { state.put(part, start, job.now) }
            return state.slots[Self.slot(start)].part
        }
        withExtendedLifetime(before) {}
    }

    /// Forgets the windows onto a segment that goes, so that its room is free.
    func forget(segment start: Int64) {
        drop { (start..<start + segmentBytes).contains($0.start) }
    }

    private func drop(where goes: (Slot) -> Bool) {
        let gone = state.withLock { state -> [MappedPart] in
            var gone: [MappedPart] = []
            for index in state.slots.indices {
                guard let part = state.slots[index].part, goes(state.slots[index]) else { continue }
                gone.append(part)
                state.slots[index] = Slot()
            }
            return gone
        }
        withExtendedLifetime(gone) {}
    }
}

/// Windows to be made, or looked after: done on a thread that may wait for the disk.
public struct MapJob: Sendable {
    let windows: LogWindows
    let segments: SegmentSet
    let starts: [Int64]
    let confirmed: Int64
    let now: Int64

    public func run() { windows.run(self) }
}
