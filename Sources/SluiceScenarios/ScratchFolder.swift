import Foundation
import Glibc
import SluiceAPI

/// A temporary folder that belongs to a process: named after it, removed with it, and swept when it died without
/// doing so.
public struct ScratchFolder: Sendable {
    public let path: String
    /// Holds the lock that says we are alive, for other process id namespaces too.
    private let lock: Int32
    private static let prefix = "sluice-demo-"

    /// Makes this process's folder (mode 0700), after sweeping those of dead ones.
    ///
    /// - Parameter root: nil is `$TMPDIR`, else `/var/tmp`, which is on a disk where `/tmp` may be memory.
    public static func make(in root: String? = nil) throws -> ScratchFolder {
        let root = root ?? defaultRoot
        sweep(root)
        let path = "\(root)/\(prefix)\(getpid())-\(UUID().uuidString.prefix(8))"
        guard mkdir(path, 0o700) == 0 else {
            throw APIError(.failed, "cannot make the temporary folder \(path): \(String(cString: strerror(errno)))")
        }
        let lock = open(path + "/owner", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if lock >= 0 { flock(lock, LOCK_EX | LOCK_NB) }
        return ScratchFolder(path: path, lock: lock)
    }

    /// Removes the folder and all it holds.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
        if lock >= 0 { Glibc.close(lock) }
    }

    /// Removes folders of processes that are gone. Only such as are ours: real folders, of this user.
    private static func sweep(_ root: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] where name.hasPrefix(prefix) {
            let number = name.dropFirst(prefix.count).prefix { $0.isNumber }
            guard let process = pid_t(number), process > 0, process != getpid() else { continue }
            var facts = stat()
            guard lstat("\(root)/\(name)", &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == getuid()
            else { continue }
            if kill(process, 0) != 0, errno == ESRCH, isFree("\(root)/\(name)/owner") {
                try? FileManager.default.removeItem(atPath: "\(root)/\(name)")
            }
        }
    }

    /// True when nobody holds the lock on a file, or it is not there.
    private static func isFree(_ path: String) -> Bool {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT }
        defer { Glibc.close(file) }
        return flock(file, LOCK_EX | LOCK_NB) == 0
    }

    private static var defaultRoot: String {
        if let named = ProcessInfo.processInfo.environment["TMPDIR"], !named.isEmpty { return named }
        return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
    }
}
