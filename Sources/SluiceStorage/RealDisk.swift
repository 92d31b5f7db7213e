import CSluice
import Glibc

/// The disk under a folder of the file system.
public struct RealDisk: Disk {
    /// Absolute or relative path of the folder that all paths start from.
    public let root: String

    public init(root: String) { self.root = root }

    private func full(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    public func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
        let flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0)
        var descriptor = Glibc.open(full(path), flags, 0o600)
        if descriptor < 0, !create, errno == EROFS || errno == EACCES {
            descriptor = Glibc.open(full(path), O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .system("open", full(path)) }
        return RealFile(descriptor, full(path))
    }

    public func exists(_ path: String) -> Bool { access(full(path), F_OK) == 0 }

    public func list(_ directory: String) throws(DiskError) -> [String] {
        guard let handle = opendir(full(directory)) else {
            if errno == ENOENT { return [] }
            throw .system("list", full(directory))
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    public func createDirectory(_ path: String) throws(DiskError) {
        guard mkdir(full(path), 0o700) == 0 || errno == EEXIST else { throw .system("create folder", full(path)) }
    }

    public func remove(_ path: String) throws(DiskError) {
        guard unlink(full(path)) == 0 || errno == ENOENT else { throw .system("remove", full(path)) }
    }

    public func rename(_ from: String, to: String) throws(DiskError) {
        guard Glibc.rename(full(from), full(to)) == 0 else { throw .system("rename", full(from)) }
    }

    public func syncDirectory(_ path: String) throws(DiskError) {
        let descriptor = Glibc.open(full(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open folder", full(path)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("sync folder", full(path)) }
    }

    public func space() -> (free: Int64, total: Int64) {
        var info = statvfs()
        guard statvfs(root, &info) == 0 else { return (0, 0) }
        let unit = Int64(info.f_frsize)
        return (Int64(info.f_bavail) * unit, Int64(info.f_blocks) * unit)
    }
}

extension DiskError {
    /// The error `errno` stands for.
    static func system(_ operation: String, _ path: String) -> DiskError {
        let code = errno
        let hint = code == ENOSPC ? "; free some space on that disk" : ""
        return DiskError(operation, path, code: code, reason: String(cString: strerror(code)) + hint)
    }
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
    public var isNotThere: Bool { code == ENOENT }
}

/// A file descriptor, closed with its last reference. Positioned reads and writes need no lock.
final class RealFile: DiskFile {
    private let descriptor: Int32
    private let path: String

    init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, base + done, buffer.count - done, off_t(offset) + off_t(done))
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw .system("read", path)
            }
            done += got
        }
        return done
    }

    func readCached(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        let got = sluice_read_cached(descriptor, base, buffer.count, offset)
        if got < 0 { throw .system("read", path) }
        return got
    }

    func map(at offset: Int64, count: Int) -> MappedPart? {
        guard let size = try? size(), offset + Int64(count) <= size else { return nil }
        return sluice_map(descriptor, count, offset).map { MappedPart($0, count) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let put = pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
            if put < 0 {
                if errno == EINTR { continue }
                throw .system("write", path)
            }
            done += put
        }
    }

    func sync() throws(DiskError) {
        guard fdatasync(descriptor) == 0 else { throw .system("sync", path) }
    }

    func reserve(to end: Int64) throws(DiskError) {
        let now = try size()
        guard end > now else { return }
        let code = posix_fallocate(descriptor, off_t(now), off_t(end - now))
        guard code == 0 else {
            errno = code
            throw .system("reserve room in", path)
        }
    }

    func size() throws(DiskError) -> Int64 {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw .system("look at", path) }
        return Int64(info.st_size)
    }

    func truncate(to size: Int64) throws(DiskError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system("truncate", path) }
    }
}
