import Foundation
import Glibc
import SluiceAPI
import SluiceClient
import Synchronization

/// A part of a scenario in a process of its own. It says lines, hears lines, ends when its input ends, and can be killed.
public final class PartProcess: Sendable {
    public let pid: pid_t
    /// The write end of its standard input; -1 once closed. Apart from the other state: a part that does not listen can
    /// block who tells it something, and is killed all the same.
    private let input: Mutex<Int32>
    private let hasEnded = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter log: a file that its standard error is appended to.
    init(
        executable: String, arguments: [String], log: String, onLine: @escaping @Sendable (String) -> Void
    ) throws {
        let (child, input, output) = try Self.starting.withLock { _ in
            try Self.start(executable, arguments, log: log)
        }
        pid = child
        self.input = Mutex(input)
        Thread { [self] in
            readLines(of: output, onLine)
            Glibc.close(output)
            reap()
            ended.signal()
        }.start()
    }

    /// One is started at a time: a pipe's ends would otherwise be inherited by another part before they are marked as ours.
    private static let starting = Mutex(())

    private static func start(
        _ executable: String, _ arguments: [String], log: String
    ) throws -> (pid: pid_t, input: Int32, output: Int32) {
        let down = try pipe()
        let up = try pipe()
        defer {
            Glibc.close(down.read)
            Glibc.close(up.write)
        }
        do {
            let pid = try spawn(executable, arguments, input: down.read, output: up.write, log: log)
            return (pid, down.write, up.read)
        } catch {
            Glibc.close(down.write)
            Glibc.close(up.read)
            throw error
        }
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else {
            throw APIError(.failed, "There is no pipe to a part: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A group of its own, so that a Ctrl-C at the terminal is for us alone, and no signal blocked.
    private static func spawn(
        _ executable: String, _ arguments: [String], input: Int32, output: Int32, log: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = (["sluice"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, executable, &actions, &attributes, words, environ)
        guard code == 0 else {
            throw APIError(.failed, "A part cannot be started from \(executable): \(String(cString: strerror(code)))")
        }
        return child
    }

    /// Waits for its end. It keeps its process id until nobody can signal it any more.
    private func reap() {
        var facts = siginfo_t()
        while waitid(P_PID, id_t(pid), &facts, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        hasEnded.withLock { hasEnded in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            hasEnded = true
        }
    }

    public var isRunning: Bool { hasEnded.withLock { !$0 } }

    /// Sends it a line; nothing happens when it is gone.
    public func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        input.withLock { input in
            var sent = 0
            while input >= 0, sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// Kills it with SIGKILL and waits until it is gone.
    public func kill() {
        hasEnded.withLock { if !$0 { _ = Glibc.kill(pid, SIGKILL) } }
        finish(seconds: 10)
    }

    /// Closes its input, which asks it to end, and waits; it is killed when it does not within some seconds.
    public func stop(seconds: Double = 10) {
        closeInput()
        if !finish(seconds: seconds) { kill() }
    }

    @discardableResult private func finish(seconds: Double) -> Bool {
        guard ended.wait(timeout: .now() + seconds) == .success else { return false }
        ended.signal()
        closeInput()
        return true
    }

    private func closeInput() {
        input.withLock { input in
            if input >= 0 { Glibc.close(input) }
            input = -1
        }
    }
}

/// Hands each line of a descriptor on until it ends. A line longer than 64 KiB is cut.
func readLines(of descriptor: Int32, _ onLine: (String) -> Void) {
    var pending: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        pending.append(contentsOf: buffer[..<count])
        while let end = pending.firstIndex(of: 0x0A) {
            onLine(String(decoding: pending[..<end], as: UTF8.self))
            pending.removeSubrange(...end)
        }
        if pending.count > 65_536 { pending.removeAll() }
    }
    if !pending.isEmpty { onLine(String(decoding: pending, as: UTF8.self)) }
}

/// What a part has in its own process.
public struct PartContext: Sendable {
    public let broker: any BrokerAccess
    /// The scenario's folder.
    public let folder: String
    public let arguments: [String]

    public init(broker: any BrokerAccess, folder: String, arguments: [String]) {
        self.broker = broker
        self.folder = folder
        self.arguments = arguments
    }

    /// Says a line to the process that started us.
    public func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    /// Hands on the lines that we are told; returns when we are asked to end, or whoever started us is gone.
    public func hear(_ onLine: (String) -> Void = { _ in }) { readLines(of: STDIN_FILENO, onLine) }
}

func unknownPart(_ role: String) -> APIError { APIError(.invalid, "This scenario has no part '\(role)'.") }
