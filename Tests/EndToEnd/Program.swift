import Foundation
import Glibc
import Testing

/// Programs run to their end.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Where the build puts `sluice`: beside the test bundle.
    static var folder: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let folder = URL(filePath: own).deletingLastPathComponent().path()
            try #require(FileManager.default.isExecutableFile(atPath: folder + "/sluice"), "no sluice in \(folder)")
            return folder
        }
    }

    /// Runs a program without input. A program that stays behind, as the tmux server does, keeps nobody waiting.
    static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        // Files, so that nothing can block on a full pipe.
        let output = Scratch()
        let errors = Scratch()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, file) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            posix_spawn_file_actions_addopen(&actions, descriptor, file.path, O_WRONLY | O_CREAT, 0o600)
        }
        // The pipes of whoever runs the tests are no business of a server that may outlive them.
        for descriptor in 3..<256 { posix_spawn_file_actions_addclose(&actions, Int32(descriptor)) }
        // The test's threads block most signals; what they start must not.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var pid = pid_t()
        let failure = withCStrings([path] + arguments) { arguments in
            withCStrings(variables) { posix_spawn(&pid, path, &actions, &attributes, arguments, $0) }
        }
        try #require(failure == 0, "cannot run \(path): \(String(cString: strerror(failure)))")
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 { try #require(errno == EINTR) }
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xFF : -signal, output: try output.take(), errors: try errors.take())
    }

    private static func withCStrings<T>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> T
    ) rethrows -> T {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return try body(copies + [nil])
    }

    /// `sluice` on a folder's data, without a terminal.
    static func sluice(_ arguments: [String], _ folder: Folder) throws -> Outcome {
        try run(try self.folder + "/sluice", arguments, environment: ["SLUICE_DATA": folder.data])
    }
}

/// A file for what a program says.
private struct Scratch {
    let path = NSTemporaryDirectory() + "sluice-said-" + UUID().uuidString

    /// What was said; the file goes.
    func take() throws -> String {
        defer { try? FileManager.default.removeItem(atPath: path) }
        return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}

/// A folder for one test, removed with it.
final class Folder: Sendable {
    let path: String
    /// The data folder in it; not made yet.
    var data: String { path + "/data" }

    init() throws {
        path = NSTemporaryDirectory() + "sluice-end-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
