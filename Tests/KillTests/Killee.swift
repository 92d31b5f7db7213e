import Foundation
import Glibc
import SluiceAPI
import Testing

/// One life of the publishing process: from its start to the SIGKILL that ends it.
struct Killee {
    /// What the killer waits for before it draws a short random delay and kills.
    enum Aim {
        case anyMoment, segmentRoll, checkpoint, transaction
    }

    /// What the process was doing when it died, as far as its own lines and the kernel's notes on the folder tell.
    struct Landing: Equatable {
        /// Acknowledgements had come to the last 256 KiB of a segment, or the first bytes of the next one were being
        /// written, and nothing from that one was acknowledged.
        var inSegmentRoll = false
        /// Queue units of a checkpoint were being written, and the checkpoint was not there yet.
        var inCheckpoint = false
        /// A half message was acknowledged, the end of its transaction was not.
        var inTransaction = false
    }

    static let segmentBytes: Int64 = 8 << 20
    private static let rollWindow: Int64 = 256 << 10

    private let process = Process()
    private let output: Int32
    private let watch: FolderWatch
    private(set) var ledger: Ledger
    private(set) var landing = Landing()
    private var pending: [UInt8] = []
    private var openHalves: Set<Token> = []
    private var isReady = false
    /// The largest physical offset acknowledged in this life.
    private var acknowledged: Int64 = 0

    /// - Parameter ledger: what earlier lives on this folder had acknowledged.
    init(folder: String, durability: Durability, round: Int, seed: UInt64, ledger: Ledger) throws {
        self.ledger = ledger
        watch = try FolderWatch(folder)
        let pipe = Pipe()
        process.executableURL = URL(filePath: try Self.path)
        process.arguments = [folder, durability.rawValue, String(round), String(seed)]
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        output = dup(pipe.fileHandleForReading.fileDescriptor)
        try pipe.fileHandleForWriting.close()
    }

    /// Beside the test bundle, where the build puts both.
    private static var path: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(filePath: own).deletingLastPathComponent().appending(path: "sluice-killee").path()
            try #require(FileManager.default.isExecutableFile(atPath: path), "no executable at \(path)")
            return path
        }
    }

    /// Lets it publish for so long, waits for the moment aimed at, kills it, and reads what it still had said.
    mutating func live(milliseconds: Int, then aim: Aim, delay microseconds: UInt32) throws {
        defer { close(output) }
        let start = ContinuousClock.now
        var from: ContinuousClock.Instant?
        while true {
            let isOver = try !readSome()
            try #require(!isOver, "the publisher ended by itself: status \(status)")
            if isReady, from == nil { from = .now }
            if let from, from.duration(to: .now) >= .milliseconds(milliseconds), hasMoment(aim) { break }
            try #require(start.duration(to: .now) < .seconds(100), "the moment aimed at never came: \(aim)")
        }
        if microseconds > 0 { usleep(microseconds) }
        kill(process.processIdentifier, SIGKILL)
        while try readSome() {}
        process.waitUntilExit()
        watch.read()
        landing.inSegmentRoll = isInRoll
        landing.inCheckpoint = watch.isInCheckpoint
        landing.inTransaction = !openHalves.isEmpty
    }

    private var status: Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    private var isInRoll: Bool {
        let within = acknowledged % Self.segmentBytes
        return acknowledged > 0 && (within >= Self.segmentBytes - Self.rollWindow || watch.newestSegment > acknowledged)
    }

    private func hasMoment(_ aim: Aim) -> Bool {
        switch aim {
        case .anyMoment: true
        case .segmentRoll: isInRoll
        case .checkpoint: watch.isInCheckpoint
        case .transaction: !openHalves.isEmpty
        }
    }

    /// Waits for lines or notes, 10 ms at most; false at the end of the output.
    private mutating func readSome() throws -> Bool {
        var waits = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waits, 2, 10) > 0 else { return true }
        if waits[1].revents != 0 { watch.read() }
        guard waits[0].revents != 0 else { return true }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(output, &bytes, bytes.count)
        guard count > 0 else { return false }
        pending += bytes[..<count]
        while let end = pending.firstIndex(of: 10) {
            try take(String(decoding: pending[..<end], as: UTF8.self))
            pending.removeSubrange(...end)
        }
        return true
    }

    private mutating func take(_ line: String) throws {
        if line == "ready" {
            isReady = true
            watch.forget()
            return
        }
        let entry = try #require(Ledger.Entry(line), "a line of the publisher makes no sense: \(line)")
        switch entry {
        case .stored(_, _, let physicalOffset):
            acknowledged = max(acknowledged, physicalOffset)
        case .half(let token, _, let end): if end != .unknown { openHalves.insert(token) }
        case .ended(let token): openHalves.remove(token)
        case .delayed, .offset: break
        }
        ledger.add(entry)
    }
}

/// The kernel's notes on what happens in a data folder: a checkpoint writes units into `queues`, and ends when its new file
/// takes the name `checkpoint`; the first batch of a segment makes its file in `sums`.
final class FolderWatch {
    let descriptor: Int32
    private(set) var isInCheckpoint = false
    /// Where the segment begun last starts; 0 when none was begun.
    private(set) var newestSegment: Int64 = 0
    private let queues: Int32
    private let sums: Int32
    private let folder: Int32

    init(_ path: String) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        folder = inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO))
        queues = inotify_add_watch(descriptor, path + "/queues", UInt32(IN_MODIFY | IN_CREATE))
        sums = inotify_add_watch(descriptor, path + "/sums", UInt32(IN_CREATE))
        try #require(
            folder >= 0 && queues >= 0 && sums >= 0, "cannot watch \(path): \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    /// What happened so far was the recovery.
    func forget() {
        read()
        isInCheckpoint = false
        newestSegment = 0
    }

    func read() {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return }
            bytes.withUnsafeBytes { raw in
                var at = 0
                while at + MemoryLayout<inotify_event>.size <= count {
                    let event = raw.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                    let nameStart = at + MemoryLayout<inotify_event>.size
                    at = nameStart + Int(event.len)
                    if event.wd == queues { isInCheckpoint = true }
                    let name = String(decoding: raw[nameStart..<at].prefix { $0 != 0 }, as: UTF8.self)
                    if event.wd == sums { newestSegment = max(newestSegment, Int64(name) ?? 0) }
                    if event.wd == folder, name == "checkpoint" { isInCheckpoint = false }
                }
            }
        }
    }
}
