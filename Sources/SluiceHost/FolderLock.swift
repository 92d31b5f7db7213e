import Glibc
import SluiceAPI
import Synchronization

/// The lock of a data folder: held by the one process that owns it, for as long as it lives, or shared by those that only
/// read.
package final class FolderLock: Sendable {
    private let held: Mutex<Int32>

    /// How long an owner waits for readers to go, in ms: each of them looks for a moment.
    private static let patience = 10_000

    /// - Throws: `.conflict` with the owner's pid when somebody holds it; `.failed` when it cannot be made.
    init(folder: String, isShared: Bool = false) throws(APIError) {
        let path = folder + "/lock"
        // Who only reads needs no right to write.
        var descriptor: Int32 = isShared ? open(path, O_RDONLY | O_CLOEXEC) : -1
        if !isShared || (descriptor < 0 && errno == ENOENT) {
            descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor < 0, isShared, errno == ENOENT || errno == EROFS || errno == EACCES {
                // Nobody owns a folder without a lock, and who could make one is not to be kept from it.
                held = Mutex(-1)
                return
            }
        }
        guard descriptor >= 0 else {
            let code: APIError.Code = errno == EROFS || errno == EACCES ? .refused : .failed
            let reason = String(cString: strerror(errno))
            throw APIError(
                code,
                "cannot lock the data folder \(folder): \(reason); "
                    + (isShared ? "run sluice as the user whose folder it is" : "it has to be writable"))
        }
        let isLocked =
            isShared ? flock(descriptor, LOCK_SH | LOCK_NB) == 0 : Self.own(descriptor)
        guard isLocked else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &text, text.count, 0))
            close(descriptor)
            let pid = String(decoding: text[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self)
            throw APIError(
                .conflict,
                Self.isRead(path)
                    ? "the data folder \(folder) is being read by other processes; try again when they are done"
                    : "the data folder \(folder) is owned by process \(pid.isEmpty ? "–" : pid); stop it, or name another folder with --data"
            )
        }
        held = Mutex(descriptor)
        if isShared { return }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    /// True when those who hold the lock only read.
    private static func isRead(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) == 0
    }

    /// Takes the lock for this process alone; waits while others only read.
    private static func own(_ descriptor: Int32) -> Bool {
        for _ in 0..<(patience / 10) {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return false }
            flock(descriptor, LOCK_UN)
            usleep(10_000)
        }
        return false
    }

    /// True when no process owns the folder, or there is no folder. Looks without taking it.
    package static func isFree(_ folder: String) -> Bool {
        let descriptor = open(folder + "/lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) == 0
    }

    /// Lets others have the folder; a second call does nothing.
    func release() {
        held.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    deinit { release() }
}
