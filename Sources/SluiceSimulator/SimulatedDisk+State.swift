import Glibc
import SluiceStorage

extension SimulatedDisk {
    static let sector = 512

    /// A file's bytes: what readers see, what is durable, and the calls between the two.
    final class Content {
        enum Change {
            case write(at: Int, [UInt8])
            case resize(Int)
        }
        var bytes: [UInt8]
        var durable: [UInt8]
        var changes: [Change] = []

        init(durable: [UInt8]) {
            bytes = durable
            self.durable = durable
        }

        func apply(_ change: Change) {
            Self.apply(change, to: &bytes)
            changes.append(change)
        }

        // Copies of memory, since the generic ways of Array are slow in debug builds.
        static func apply(_ change: Change, to bytes: inout [UInt8]) {
            switch change {
            case .resize(let size):
                guard size != bytes.count else { return }
                var resized = [UInt8](repeating: 0, count: size)
                memcpy(&resized, bytes, min(size, bytes.count))
                bytes = resized
            case .write(let at, let part):
                if at + part.count > bytes.count { apply(.resize(at + part.count), to: &bytes) }
                bytes.withUnsafeMutableBytes { target in
                    if let base = target.baseAddress { memcpy(base + at, part, part.count) }
                }
            }
        }

        /// Everything written becomes durable.
        func settle() {
            for change in changes { Self.apply(change, to: &durable) }
            changes = []
        }

        /// The power goes: each unsynced sector is kept or lost.
        func loseWrites(_ random: inout SeededGenerator) {
            let whole = random.next() % 4
            for change in changes {
                switch change {
                case .resize: if Bool.random(using: &random) { Self.apply(change, to: &durable) }
                case .write(let at, let part):
                    var from = 0
                    while from < part.count {
                        let to = min(part.count, from + sector - (at + from) % sector)
                        // Some crashes keep all or nothing, most of them tear.
                        let kept = whole == 0 || (whole > 1 && Bool.random(using: &random))
                        if kept { Self.apply(.write(at: at + from, Array(part[from..<to])), to: &durable) }
                        from = to
                    }
                }
            }
            changes = []
            bytes = durable
        }
    }

    struct Fault {
        var operation: String
        var part: String
        var code: Int32
        var left: Int
    }

    enum NameChange {
        case bind(String, Content)
        case unbind(String)
        case move(String, String, Content)

        func touches(_ directory: String) -> Bool {
            switch self {
            case .bind(let path, _), .unbind(let path): State.directory(of: path) == directory
            case .move(let from, let to, _):
                State.directory(of: from) == directory || State.directory(of: to) == directory
            }
        }

        func apply(to names: inout [String: Content]) {
            switch self {
            case .bind(let path, let content): names[path] = content
            case .unbind(let path): names[path] = nil
            case .move(let from, let to, let content):
                names[from] = nil
                names[to] = content
            }
        }
    }

    struct State {
        var names: [String: Content] = [:]
        var durableNames: [String: Content] = [:]
        var pending: [NameChange] = []
        var directories: Set<String> = [""]
        var capacity: Int64?
        var isReadOnly = false
        var faults: [Fault] = []
        var changes = 0
        /// Changing calls still let through.
        var left: Int?
        /// Counts processes: files of an earlier one are closed.
        var life = 0

        static func directory(of path: String) -> String {
            path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        }

        var used: Int64 { names.values.reduce(0) { $0 + Int64($1.bytes.count) } }

        mutating func check(_ operation: String, _ path: String, changes changing: Bool) throws(DiskError) {
            if let at = faults.firstIndex(where: { $0.operation == operation && path.contains($0.part) }) {
                let code = faults[at].code
                faults[at].left -= 1
                if faults[at].left == 0 { faults.remove(at: at) }
                throw .simulated(operation, path, code)
            }
            guard changing else { return }
            if isReadOnly { throw .simulated(operation, path, EROFS) }
            if let left {
                guard left > 0 else { throw .simulated(operation, path, EIO) }
                self.left = left - 1
            }
            changes += 1
        }

        func checkRoom(_ growth: Int, _ operation: String, _ path: String) throws(DiskError) {
            guard growth > 0, let capacity, used + Int64(growth) > capacity else { return }
            throw .simulated(operation, path, ENOSPC)
        }

        mutating func settleNames(in directory: String) {
            for change in pending where change.touches(directory) { change.apply(to: &durableNames) }
            pending.removeAll { $0.touches(directory) }
        }

        mutating func settleNames() {
            pending = []
            durableNames = names
        }

        mutating func loseNames(_ random: inout SeededGenerator) {
            let kept = Int(random.next() % UInt64(pending.count + 1))
            for change in pending.prefix(kept) { change.apply(to: &durableNames) }
            pending = []
            names = durableNames
        }

        /// A new process: old files are closed, calls go through again.
        mutating func restart() {
            life += 1
            left = nil
            faults = []
        }
    }
}

/// An open file of a ``SimulatedDisk``.
///
/// `@unchecked Sendable`: the content is only touched under the disk's lock.
final class SimulatedFile: DiskFile, @unchecked Sendable {
    private let disk: SimulatedDisk
    private let content: SimulatedDisk.Content
    private let path: String
    private let life: Int

    init(_ disk: SimulatedDisk, _ content: SimulatedDisk.Content, _ path: String, _ life: Int) {
        self.disk = disk
        self.content = content
        self.path = path
        self.life = life
    }

    private func attempt<T>(
        _ operation: String, changes: Bool, _ body: (inout SimulatedDisk.State) throws(DiskError) -> T
    ) throws(DiskError) -> T {
        try disk.attempt { (state) throws(DiskError) in
            guard state.life == life else { throw .simulated(operation, path, EBADF) }
            try state.check(operation, path, changes: changes)
            return try body(&state)
        }
    }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try attempt("read", changes: false) { (_) throws(DiskError) in
            guard offset >= 0 else { throw .simulated("read", path, EINVAL) }
            let count = max(0, min(buffer.count, content.bytes.count - Int(offset)))
            guard count > 0, let target = buffer.baseAddress else { return 0 }
            content.bytes.withUnsafeBytes { raw in
                if let base = raw.baseAddress { target.copyMemory(from: base + Int(offset), byteCount: count) }
            }
            return count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
        let part = Array(bytes)
        try attempt("write", changes: true) { (state) throws(DiskError) in
            try state.checkRoom(Int(offset) + part.count - content.bytes.count, "write", path)
            content.apply(.write(at: Int(offset), part))
        }
    }

    func sync() throws(DiskError) {
        try attempt("sync", changes: true) { _ in content.settle() }
    }

    func reserve(to end: Int64) throws(DiskError) {
        try attempt("reserve", changes: true) { (state) throws(DiskError) in
            guard end > content.bytes.count else { return }
            try state.checkRoom(Int(end) - content.bytes.count, "reserve", path)
            content.apply(.resize(Int(end)))
        }
    }

    func size() throws(DiskError) -> Int64 {
        try attempt("size", changes: false) { _ in Int64(content.bytes.count) }
    }

    func truncate(to size: Int64) throws(DiskError) {
        try attempt("truncate", changes: true) { (state) throws(DiskError) in
            try state.checkRoom(Int(size) - content.bytes.count, "truncate", path)
            content.apply(.resize(Int(size)))
        }
    }
}
