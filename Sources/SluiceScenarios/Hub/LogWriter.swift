import Foundation
import Glibc
import SluiceAPI
import Synchronization

/// A program that writes a log file and rotates it, as programs do: by renaming it, or by copying and truncating it.
final class LogWriter: Sendable {
    enum Rotation: Sendable { case rename, truncate }

    private struct State {
        var file: Int32
        var sum = LineSum()
        var inFile = 0
        var rotations = 0
        var owed = 0.0
        var random: SplitMix
        var problem: String?
        var perSecond: Double
    }
    let stream: String
    let path: String
    private let rotation: Rotation
    /// Lines of a file before it is rotated, and lines in all: a demonstration left alone does not fill the disk.
    private let linesPerFile: Int
    private let limit: Int
    private let state: Mutex<State>
    private let repeater = Repeater()
    /// Old files kept: `path.1` is the newest of them.
    static let kept = 8
    private static let step = 0.01

    init(
        stream: String, folder: String, rotation: Rotation, perSecond: Double, linesPerFile: Int, limit: Int = 2_000_000
    ) throws {
        self.stream = stream
        self.rotation = rotation
        self.linesPerFile = linesPerFile
        self.limit = limit
        path = "\(folder)/\(stream).log"
        state = Mutex(
            State(file: try Self.open(path), random: SplitMix(state: LineSum.hash(stream.utf8)), perSecond: perSecond))
    }

    private static func open(_ path: String) throws -> Int32 {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw APIError(.failed, "cannot write the log \(path): \(String(cString: strerror(errno)))")
        }
        return file
    }

    func start() { repeater.start(every: Self.step) { [weak self] in self?.work() } }

    /// What is in the files, rotated ones included.
    var sum: LineSum { state.withLock { $0.sum } }
    var rotations: Int { state.withLock { $0.rotations } }
    var problem: String? { state.withLock { $0.problem } }

    /// Writes so many times as much from now on.
    func speed(times factor: Double) { state.withLock { $0.perSecond *= factor } }

    func stop() { repeater.stop() }

    func close() {
        stop()
        _ = state.withLock { Glibc.close($0.file) }
    }

    private func work() {
        state.withLock { state in
            state.owed = min(state.owed + state.perSecond * Self.step, state.perSecond)
            let count = min(Int(state.owed), limit - state.sum.lines)
            state.owed -= Double(Int(state.owed))
            do {
                try write(count, &state)
            } catch {
                state.problem = "\(error)"
            }
        }
    }

    /// Writes lines at once, whatever the pace.
    func write(_ count: Int) throws { try state.withLock { try write(count, &$0) } }

    private func write(_ count: Int, _ state: inout State) throws {
        for _ in 0..<count {
            if state.inFile == linesPerFile { try rotate(&state) }
            let line = Array(LogText.line(stream, number: state.sum.lines, &state.random).utf8)
            guard Glibc.write(state.file, line + [10], line.count + 1) == line.count + 1 else {
                throw APIError(.failed, "cannot write the log \(path): \(String(cString: strerror(errno)))")
            }
            state.sum.add(line)
            state.inFile += 1
        }
    }

    private func rotate(_ state: inout State) throws {
        for number in stride(from: Self.kept - 1, through: 1, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        switch rotation {
        case .rename:
            rename(path, path + ".1")
            Glibc.close(state.file)
            state.file = try Self.open(path)
        case .truncate:
            // The copy gets its name when it is whole.
            try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
            rename(path + ".copy", path + ".1")
            ftruncate(state.file, 0)
        }
        state.inFile = 0
        state.rotations += 1
    }
}

/// Lines that look like those of a shop.
enum LogText {
    private static let actions = ["GET /cart", "GET /search", "POST /checkout", "POST /login", "GET /item"]

    /// As `2026-11-24T15:51:02.123Z web INFO 17 POST /checkout/42 200 12ms user7`.
    static func line(_ stream: String, number: Int, _ random: inout SplitMix) -> String {
        let luck = random.next()
        let took = luck % 1000 < 12 ? 2_000 + luck % 4_000 : 3 + luck % 90
        let isBad = luck >> 12 & 0xFF < 5
        let level = isBad ? "ERROR" : took > 1_000 ? "WARN" : "INFO"
        let action = actions[Int(luck >> 20 & 0xFFFF) % actions.count]
        let end = isBad ? "503 timeout of payment gateway" : "200 ok"
        return
            "\(time()) \(stream) \(level) \(number) \(action)/\(luck >> 36 & 0x3FF) \(end) \(took)ms user\(luck >> 46 & 0xFF)"
    }

    /// The moment in RFC 3339, UTC, with milliseconds.
    static func time() -> String {
        let now = wallMilliseconds()
        var seconds = time_t(now / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = String(1_000 + now % 1000).dropFirst()
        return "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):"
            + "\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)Z"
    }
}
