import Dispatch
import Glibc

/// Why a file could not be read or written.
enum FileProblem: Error, Equatable {
    case missing
    /// There is one already, which stays as it is.
    case exists
    /// Larger than the limit of its kind.
    case tooLarge
    /// What the system says.
    case failed(String)

    fileprivate static var system: FileProblem { .failed(String(cString: strerror(errno))) }

    var text: String {
        switch self {
        case .missing: tr("there is none")
        case .exists: tr("there is one already")
        case .tooLarge: tr("it is too large")
        case .failed(let text): text
        }
    }
}

/// What the console does with small files of this machine: themes, templates, views and exports.
enum Files {
    /// Runs work that waits for the disk on a thread of its own: a slow disk must not hold up what else is asked.
    static func offPool<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        // Another thread does not know what is spoken here.
        let language = Language.current
        return await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(returning: Language.$current.withValue(language) { work() })
            }
        }
    }

    /// `~/` is the home folder, as in a shell.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst(1)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Names of a folder's files that end so, without the ending, sorted; none where there is no folder.
    static func names(in folder: String, ending: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if file.hasSuffix(ending) { names.append(String(file.dropLast(ending.count))) }
        }
        return names.sorted()
    }

    /// A file's bytes, `limit` at most. A FIFO in its place is not waited for.
    static func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENOENT || errno == ENOTDIR ? .missing : .system }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLarge }
        }
    }

    /// Writes a file whole or not at all, on the disk when it returns. One that is there is only `replaced` when that is
    /// said, by a file beside it, so that the old one is whole until the new one is.
    static func write(_ text: String, to path: String, replacing: Bool) throws(FileProblem) {
        let target = replacing ? "\(path).\(getpid()).new" : path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL)
        let file = open(target, flags, 0o600)
        guard file >= 0 else { throw errno == EEXIST ? .exists : .system }
        var problem = put(Array(text.utf8), to: file)
        if close(file) != 0, problem == nil { problem = .system }
        if problem == nil, replacing, rename(target, path) != 0 { problem = .system }
        guard let problem else { return }
        unlink(target)
        throw problem
    }

    private static func put(_ bytes: [UInt8], to file: Int32) -> FileProblem? {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .system }
            written += count
        }
        return fsync(file) == 0 ? nil : .system
    }

    /// Makes a folder and those above it, for this user alone.
    static func makeFolders(_ path: String) throws(FileProblem) {
        var part = path.hasPrefix("/") ? "" : "."
        for name in path.split(separator: "/") {
            part += "/" + name
            guard mkdir(part, 0o700) != 0, errno != EEXIST else { continue }
            let problem = FileProblem.system
            // Above it may be folders that are there and not ours to make.
            if !exists(part) { throw problem }
        }
    }
}
