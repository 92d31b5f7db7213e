import Glibc
import SluiceStorage

/// A disk in memory that fails by contract.
///
/// - **Lost power** (``crash(seed:)``): of each file, what was written since its last `sync` is kept or lost sector by
///   sector (512 bytes), as the seed decides; what was synced stays. Truncations and reservations without a sync are kept
///   or lost. Creations, removals and renames that no `syncDirectory` made durable are kept up to some point in their
///   order and lost from there on.
/// - **Killed process** (``kill()``): nothing is lost that was written.
/// - After both, files opened before refuse every call: their process is gone.
/// - **Full** (``capacity``): a call that would grow the files beyond it fails with ENOSPC and changes nothing; room to
///   overwrite is always there.
/// - **Read-only** (``isReadOnly``): whatever changes something fails with EROFS.
/// - **Rot** (``flip(_:byte:bit:)``): a bit changes, durably, and no call tells.
/// - **Failing calls** (``fail(_:on:code:times:)``): the next calls by that name on matching paths fail with an error and
///   change nothing.
/// - **Power cut in the middle** (``stop(after:)``): after so many changing calls every further one fails, as if nobody
///   heard it.
///
/// Reads always see what was written. Safe to use from any thread.
///
/// `@unchecked Sendable`: `guarded` is only touched under the lock.
public final class SimulatedDisk: Disk, @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var guarded: State

    public convenience init() { self.init(State()) }

    private init(_ state: State) {
        guarded = state
        lock = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    private func locked<T>(_ body: (inout State) -> T) -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body(&guarded)
    }

    /// A disk of its own with the same files, faults not included. Everything on it is durable.
    public func copy() -> SimulatedDisk {
        var other = State()
        locked { state in
            other.names = state.names.mapValues { Content(durable: $0.bytes) }
            other.directories = state.directories
        }
        other.durableNames = other.names
        return SimulatedDisk(other)
    }

    // MARK: Faults

    /// Bytes that all files together may have; nil is without limit.
    public var capacity: Int64? {
        get { locked { $0.capacity } }
        set { locked { $0.capacity = newValue } }
    }
    /// Bytes of all files.
    public var used: Int64 { locked { $0.used } }

    public var isReadOnly: Bool {
        get { locked { $0.isReadOnly } }
        set { locked { $0.isReadOnly = newValue } }
    }

    /// Changing calls so far.
    public var changes: Int { locked { $0.changes } }

    /// Lets only so many more changing calls through; nil lets all.
    public func stop(after calls: Int?) { locked { $0.left = calls } }

    /// Makes the next `times` calls of an operation (`write`, `sync`, `read`, `open`, `rename`, …) fail on paths that hold
    /// `part`.
    public func fail(_ operation: String, on part: String, code: Int32 = EIO, times: Int = 1) {
        locked { $0.faults.append(Fault(operation: operation, part: part, code: code, left: times)) }
    }

    public func flip(_ path: String, byte: Int, bit: Int) {
        locked { state in
            guard let content = state.names[path], byte < content.bytes.count else { return }
            content.bytes[byte] ^= 1 << UInt8(bit)
            if byte < content.durable.count { content.durable[byte] ^= 1 << UInt8(bit) }
        }
    }

    /// The power goes. What is left is decided by the seed.
    public func crash(seed: UInt64) {
        locked { state in
            var random = SeededGenerator(seed: seed)
            state.loseNames(&random)
            for path in state.names.keys.sorted() { state.names[path]?.loseWrites(&random) }
            state.restart()
        }
    }

    /// The process goes, the machine stays.
    public func kill() {
        locked { state in
            for content in state.names.values { content.settle() }
            state.settleNames()
            state.restart()
        }
    }

    // MARK: Looking in from outside

    public func contents(_ path: String) -> [UInt8]? { locked { $0.names[path]?.bytes } }
    public func setContents(_ path: String, _ bytes: [UInt8]) {
        locked { state in
            let content = Content(durable: bytes)
            state.names[path] = content
            state.durableNames[path] = content
        }
    }
    public func delete(where matches: (String) -> Bool) {
        locked { state in
            for path in state.names.keys.filter(matches) {
                state.names[path] = nil
                state.durableNames[path] = nil
            }
        }
    }
    public var paths: [String] { locked { $0.names.keys.sorted() } }

    // MARK: Disk

    public func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
        try attempt { (state) throws(DiskError) in
            if let content = state.names[path] {
                try state.check("open", path, changes: false)
                return SimulatedFile(self, content, path, state.life)
            }
            guard create else { throw .simulated("open", path, ENOENT) }
            try state.check("open", path, changes: true)
            guard state.directories.contains(State.directory(of: path)) else { throw .simulated("open", path, ENOENT) }
            let content = Content(durable: [])
            state.names[path] = content
            state.pending.append(.bind(path, content))
            return SimulatedFile(self, content, path, state.life)
        }
    }

    public func exists(_ path: String) -> Bool {
        locked { $0.names[path] != nil || $0.directories.contains(path) }
    }

    public func list(_ directory: String) throws(DiskError) -> [String] {
        try attempt { (state) throws(DiskError) in
            try state.check("list", directory, changes: false)
            let files = state.names.keys.filter { State.directory(of: $0) == directory }
            let folders = state.directories.filter { !$0.isEmpty && State.directory(of: $0) == directory }
            // In order: what follows from a listing is to be the same in each run of a seed.
            return (files + folders).map { String($0.split(separator: "/").last ?? "") }.sorted()
        }
    }

    public func createDirectory(_ path: String) throws(DiskError) {
        try attempt { (state) throws(DiskError) in
            guard !state.directories.contains(path) else { return }
            try state.check("create folder", path, changes: true)
            state.directories.insert(path)
        }
    }

    public func remove(_ path: String) throws(DiskError) {
        try attempt { (state) throws(DiskError) in
            try state.check("remove", path, changes: true)
            guard state.names.removeValue(forKey: path) != nil else { return }
            state.pending.append(.unbind(path))
        }
    }

    public func rename(_ from: String, to: String) throws(DiskError) {
        try attempt { (state) throws(DiskError) in
            try state.check("rename", from, changes: true)
            guard let content = state.names.removeValue(forKey: from) else { throw .simulated("rename", from, ENOENT) }
            state.names[to] = content
            state.pending.append(.move(from, to, content))
        }
    }

    public func syncDirectory(_ path: String) throws(DiskError) {
        try attempt { (state) throws(DiskError) in
            try state.check("sync folder", path, changes: true)
            state.settleNames(in: path)
        }
    }

    public func space() -> (free: Int64, total: Int64) {
        locked { state in
            guard let capacity = state.capacity else { return (1 << 40, 1 << 40) }
            return (max(0, capacity - state.used), capacity)
        }
    }

    /// Runs `body` on the state, under the lock.
    func attempt<T>(_ body: (inout State) throws(DiskError) -> T) throws(DiskError) -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&guarded)
    }
}

extension DiskError {
    static func simulated(_ operation: String, _ path: String, _ code: Int32) -> DiskError {
        DiskError(operation, path, code: code, reason: String(cString: strerror(code)))
    }
}
