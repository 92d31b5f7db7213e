import Dispatch
import Glibc
import SluiceAPI
import SluiceStorage

/// An audit beside the console, for what is done on brokers that keep none: the same lines and the same chain as a broker's
/// own, in a file that all consoles of a user share.
public final class LocalAudit: Sendable {
    public let path: String
    /// Writing waits for the disk and for other consoles, so it has a thread.
    private let queue = DispatchQueue(label: "sluice-audit")

    public init(_ path: String) { self.path = path }

    /// Notes an action before it happens, and returns the entry's number. What cannot be noted is not to be done.
    public func begin(
        _ action: OperatorAction, _ context: ActionContext, state: String, at now: Int64
    ) async throws(APIError) -> Int64 {
        try await note(Self.entry(action, context, .before, nil, state, nil, now))
    }

    /// Notes how an action ended.
    public func end(
        _ begun: Int64, _ action: OperatorAction, _ context: ActionContext, state: String, outcome: String,
        at now: Int64
    ) async throws(APIError) {
        _ = try await note(Self.entry(action, context, .after, begun, state, outcome, now))
    }

    /// Entries from a number on, as ``OperatorQuestion/audit(from:limit:)``.
    public func entries(from: Int64, limit: Int) async throws(APIError) -> OperatorAnswer {
        try await answer(.entries(from: from, limit: limit))
    }

    public func verification() async throws(APIError) -> OperatorAnswer { try await answer(.verification) }

    private static func entry(
        _ action: OperatorAction, _ context: ActionContext, _ phase: AuditEntry.Phase, _ begun: Int64?,
        _ state: String, _ outcome: String?, _ now: Int64
    ) -> AuditEntry {
        AuditEntry(
            number: 0, time: now, phase: phase, begun: begun, actor: context.actor, action: action.auditName,
            target: action.auditTarget, reason: context.reason, state: state, outcome: outcome, previous: "", hash: "")
    }

    private func note(_ entry: AuditEntry) async throws(APIError) -> Int64 {
        do {
            return try await off { [path] () throws(DiskError) in
                try LocalAuditFile.make(path).append(entry)
            }.get()
        } catch {
            throw APIError(.unavailable, "nothing is done that cannot be noted in the audit: \(error)")
        }
    }

    private func answer(_ question: AuditReading.Question) async throws(APIError) -> OperatorAnswer {
        do {
            return try await off { [path] () throws(DiskError) in
                if access(path, F_OK) != 0, errno == ENOENT { return try Self.empty(question) }
                return try LocalAuditFile.open(path).reading(question).answer()
            }.get()
        } catch {
            throw APIError(.failed, "\(error)")
        }
    }

    private static func empty(_ question: AuditReading.Question) throws(DiskError) -> OperatorAnswer {
        switch question {
        case .entries: .audit([], total: 0)
        case .verification:
            .auditVerified(
                AuditVerification(
                    entries: 0, brokenAt: nil, problem: nil, unfinished: [], head: AuditLine.firstPrevious))
        }
    }

    private func off<T: Sendable>(
        _ body: @escaping @Sendable () throws(DiskError) -> T
    ) async -> Result<T, DiskError> {
        await withCheckedContinuation { continuation in
            queue.async {
                do throws(DiskError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }
}

/// The open file. Blocking calls only.
private final class LocalAuditFile: DiskFile {
    private let path: String
    private let descriptor: Int32

    private init(_ path: String, _ flags: Int32) throws(DiskError) {
        self.path = path
        descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.error("open", path) }
    }

    deinit { close(descriptor) }

    static func open(_ path: String) throws(DiskError) -> LocalAuditFile { try LocalAuditFile(path, O_RDONLY) }

    /// Makes the file and its folders where they are missing, for the user alone.
    static func make(_ path: String) throws(DiskError) -> LocalAuditFile {
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/").dropLast() {
            folder += (folder.isEmpty || folder.hasSuffix("/") ? "" : "/") + part
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw error("make folder", folder) }
        }
        return try LocalAuditFile(path, O_RDWR | O_CREAT)
    }

    /// Adds an entry behind whatever other consoles have written meanwhile; on the disk when this returns.
    func append(_ entry: AuditEntry) throws(DiskError) -> Int64 {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Self.error("lock", path) }
        }
        defer { flock(descriptor, LOCK_UN) }
        var scan = Scan()
        let end = try LineScan.lines(self, from: 0, to: try size()) { scan.take($0, $1) }
        // What has no newline was torn by a crash.
        try truncate(to: end)
        var entry = entry
        let last = scan.last.withUnsafeBytes { AuditLine.parse($0) }
        entry.number = (last?.number ?? scan.lines) + 1
        entry.previous =
            last?.hash ?? (scan.lines == 0 ? AuditLine.firstPrevious : SHA256.hex(scan.last))
        let (bytes, written) = AuditLine.encode(entry)
        try write(bytes, at: end)
        try sync()
        return written.number
    }

    func reading(_ question: AuditReading.Question) throws(DiskError) -> AuditReading {
        var scan = Scan()
        let end = try LineScan.lines(self, from: 0, to: try size()) { scan.take($0, $1) }
        return AuditReading(question: question, file: self, lines: scan.lines, end: end, places: scan.places)
    }

    private struct Scan {
        var lines: Int64 = 0
        var places: [Int64] = []
        var last: [UInt8] = []

        mutating func take(_ line: UnsafeRawBufferPointer, _ at: Int64) -> Bool {
            if lines % Int64(AuditLog.stride) == 0 { places.append(at) }
            lines += 1
            last = Array(line)
            return true
        }
    }

    // MARK: DiskFile

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset) + done)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Self.error("read", path) }
            if got == 0 { break }
            done += got
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let put = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset) + done)
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw Self.error("write", path) }
            done += put
        }
    }

    func sync() throws(DiskError) { if fdatasync(descriptor) != 0 { throw Self.error("sync", path) } }

    func reserve(to end: Int64) throws(DiskError) {}

    func size() throws(DiskError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error("look at", path) }
        return Int64(status.st_size)
    }

    func truncate(to size: Int64) throws(DiskError) {
        guard try self.size() > size else { return }
        if ftruncate(descriptor, off_t(size)) != 0 { throw Self.error("cut", path) }
    }

    private static func error(_ operation: String, _ path: String) -> DiskError {
        DiskError(operation, path, code: errno, reason: String(cString: strerror(errno)))
    }
}
