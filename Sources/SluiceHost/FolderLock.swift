import Glibc
import SluiceAPI
import Synchronization

/// The lock of a data folder: held by the one process that owns it, for as long as it lives.
final class FolderLock: Sendable {
    private let held: Mutex<Int32>

    /// - Throws: `.conflict` with the owner's pid when somebody holds it; `.failed` when it cannot be made.
    init(folder: String) throws(APIError) {
        let path = folder + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code: APIError.Code = errno == EROFS || errno == EACCES ? .refused : .failed
            let reason = String(cString: strerror(errno))
            throw APIError(code, "cannot lock the data folder \(folder): \(reason); it has to be writable")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &text, text.count, 0))
            close(descriptor)
            let pid = String(decoding: text[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self)
            throw APIError(
                .conflict,
                "the data folder \(folder) is owned by process \(pid.isEmpty ? "–" : pid); stop it, or name another folder with --data"
            )
        }
        held = Mutex(descriptor)
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
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
