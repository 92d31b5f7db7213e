import Glibc
import SluiceMessage
import Testing

@testable import SluiceStorage

@Suite("Windows onto the log")
struct WindowTests {
    private static let segment = LogWindows.bytes * 4
    private static let record = 1_000

    /// A segment of such records of one queue, back to back, on the disk under a temporary folder.
    private final class Log {
        let root: String
        let disk: RealDisk
        let segments: SegmentSet
        let units: [(offset: Int64, unit: QueueUnit)]

        init() throws {
            var template = Array("/tmp/sluice-windows-XXXXXX".utf8CString)
            root = try #require(mkdtemp(&template).map { String(cString: $0) })
            disk = RealDisk(root: root)
            segments = SegmentSet(disk: disk, segmentBytes: WindowTests.segment)
            for folder in [SegmentSet.logFolder, SegmentSet.sumsFolder] { try disk.createDirectory(folder) }
            var units: [(offset: Int64, unit: QueueUnit)] = []
            let file = try segments.log(0, create: true)
            try file.reserve(to: WindowTests.segment)
            for k in 0..<Int(WindowTests.segment) / WindowTests.record {
                let bytes = (0..<WindowTests.record).map { UInt8(truncatingIfNeeded: k &* 31 &+ $0) }
                let sum = bytes.withUnsafeBytes { Record.sum($0) }
                let place = Int64(k * WindowTests.record)
                try file.write(bytes, at: place)
                units.append(
                    (Int64(k), QueueUnit(physicalOffset: place, size: UInt32(bytes.count), tagCode: 0, sum: sum)))
            }
            self.units = units
        }

        deinit {
            for folder in [SegmentSet.logFolder, SegmentSet.sumsFolder] {
                for name in (try? disk.list(folder)) ?? [] { unlink("\(root)/\(folder)/\(name)") }
                rmdir("\(root)/\(folder)")
            }
            rmdir(root)
        }

        func reader(confirmed: Int64 = WindowTests.segment) -> LogReader {
            LogReader(segments: segments, confirmed: confirmed)
        }

        /// True where the record is read from a window.
        func isInWindow(_ index: Int, confirmed: Int64 = WindowTests.segment, now: Int64 = 1) -> Bool {
            let target = UnsafeMutableRawPointer.allocate(byteCount: WindowTests.record, alignment: 8)
            defer { target.deallocate() }
            return segments.windows.copy(units[index...index], to: target, confirmed: confirmed, now: now).isEmpty
        }

        /// Reads single records of the first window until it is worth making, and makes it.
        func open(now: Int64 = 1) throws {
            for k in 0..<LogWindows.worthIt {
                _ = try reader().fetchCached(units[k * 7...k * 7], maxBytes: 1, now: now)
            }
            try #require(reader().takeMapJob(now: now)).run()
        }
    }

    @Test("what is read from again and again is read from a window, the same bytes, but for what is not confirmed")
    func made() throws {
        let log = try Log()
        #expect(!log.isInWindow(3) && log.reader().takeMapJob(now: 1) == nil)
        try log.open()
        #expect(log.isInWindow(3) && log.isInWindow(900))
        // Over the border to the next window, which nobody asked for.
        #expect(!log.isInWindow(1_048))
        #expect(!log.isInWindow(3, confirmed: LogWindows.bytes - 1))
        let plain = try log.reader().fetch(log.units[0..<1_500], maxBytes: 4 << 20)
        let cached = try #require(try log.reader().fetchCached(log.units[0..<1_500], maxBytes: 4 << 20, now: 1))
        let isSame = plain.withBytes { bytes in cached.withBytes { bytes.elementsEqual($0) } }
        #expect(plain.count == 1_500 && isSame && plain.next == cached.next)
    }

    @Test("a window is looked after before it is used again, and goes when it rests or its segment goes")
    func ages() throws {
        let log = try Log()
        try log.open()
        let later = 2 + LogWindows.freshMilliseconds
        #expect(!log.isInWindow(3, now: later))
        try #require(log.reader().takeMapJob(now: later)).run()
        #expect(log.isInWindow(3, now: later))
        let idle = later + 1 + LogWindows.idleMilliseconds
        try #require(log.reader().takeMapJob(now: idle, isIdleLook: true)).run()
        #expect(!log.isInWindow(3, now: later))
        try log.open(now: idle)
        #expect(log.isInWindow(3, now: idle))
        try log.segments.remove(0)
        #expect(!log.isInWindow(3, now: idle))
        #expect(try log.reader().fetchCached(log.units[0..<2], maxBytes: 4 << 20, now: idle) == nil)
        #expect(try log.reader().fetch(log.units[0..<2], maxBytes: 4 << 20).damaged == [0, 1])
    }

    @Test("damage under a window is no record, and a file that was cut off is no signal")
    func damage() throws {
        let log = try Log()
        try log.open()
        try log.segments.log(0).write([1, 2, 3], at: 5_500)
        #expect(try log.reader().fetchCached(log.units[4..<8], maxBytes: 4 << 20, now: 1) == nil)
        #expect(try log.reader().fetch(log.units[4..<8], maxBytes: 4 << 20).damaged == [5])
        try log.segments.log(0).truncate(to: 8_192)
        #expect(!log.isInWindow(900))
        #expect(try log.reader().fetchCached(log.units[900..<901], maxBytes: 4 << 20, now: 1) == nil)
        #expect(try log.reader().fetch(log.units[900..<901], maxBytes: 4 << 20).damaged == [900])
    }
}
