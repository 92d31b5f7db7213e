import Synchronization

/// A disk that reads another one and keeps everything that is written in memory: what opens a folder over it may recover,
/// cut and journal as ever, and the folder stays as it is.
public final class OverlayDisk: Disk {
    /// By path; nil for a file that was removed.
    private typealias Files = [String: OverlayFile?]
    private let base: any Disk
    private let files = Mutex<Files>([:])

    public init(_ base: any Disk) { self.base = base }

    public func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
        let known = files.withLock { $0[path] }
        if let known, let file = known { return file }
        let isRemoved = known != nil
        let below = isRemoved || (create && !base.exists(path)) ? nil : try base.open(path, create: false)
        if below == nil, !create { throw DiskError("open", path, code: 2, reason: "there is no such file") }
        let made = OverlayFile(below, size: try below?.size() ?? 0)
        return files.withLock { files in
            // Another thread may have been faster.
            if let known = files[path], let file = known { return file }
            files[path] = made
            return made
        }
    }

    public func exists(_ path: String) -> Bool {
        if let known = files.withLock({ $0[path] }) { return known != nil }
        return base.exists(path)
    }

    public func list(_ directory: String) throws(DiskError) -> [String] {
        let prefix = directory.isEmpty ? "" : directory + "/"
        var names = Set(try base.list(directory))
        files.withLock { files in
            for (path, file) in files where path.hasPrefix(prefix) {
                let name = String(path.dropFirst(prefix.count))
                guard !name.contains("/") else { continue }
                if file == nil { names.remove(name) } else { names.insert(name) }
            }
        }
        return names.sorted()
    }

    public func createDirectory(_ path: String) {}

    public func remove(_ path: String) { files.withLock { $0[path] = .some(nil) } }

    public func rename(_ from: String, to: String) throws(DiskError) {
        _ = try open(from, create: false)
        files.withLock { files in
            files[to] = files[from] ?? nil
            files[from] = .some(nil)
        }
    }

    public func syncDirectory(_ path: String) {}
    public func space() -> (free: Int64, total: Int64) { base.space() }
}

/// A file with pages in memory over the one on the disk.
private final class OverlayFile: DiskFile {
    private struct State {
        var size: Int64
        /// Bytes of the file below that still show; what lies behind was cut off, or never there.
        var below: Int64
        var pages: [Int64: [UInt8]] = [:]
    }
    private static let page: Int64 = 4_096
    private let base: (any DiskFile)?
    private let state: Mutex<State>

    init(_ base: (any DiskFile)?, size: Int64) {
        self.base = base
        state = Mutex(State(size: size, below: size))
    }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try fill(buffer, from: offset, cachedOnly: false)
    }

    func readCached(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try fill(buffer, from: offset, cachedOnly: true)
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from offset: Int64, cachedOnly: Bool
    ) throws(DiskError) -> Int {
        let (end, below, pages) = state.withLock { state -> (Int64, Int64, [Int64: [UInt8]]) in
            let end = min(state.size, offset + Int64(buffer.count))
            guard end > offset, !state.pages.isEmpty else { return (end, state.below, [:]) }
            var pages: [Int64: [UInt8]] = [:]
            for number in offset / Self.page...(end - 1) / Self.page { pages[number] = state.pages[number] }
            return (end, state.below, pages)
        }
        guard end > offset else { return 0 }
        var count = Int(end - offset)
        var got = 0
        let fromBelow = min(end, below) - offset
        if let base, fromBelow > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(fromBelow)])
            got = cachedOnly ? try base.readCached(at: offset, into: part) : try base.read(at: offset, into: part)
            // What follows would have to come from the disk.
            if cachedOnly, got < part.count { count = got }
        }
        for index in got..<count { buffer[index] = 0 }
        for (number, bytes) in pages {
            let start = number * Self.page
            let (from, to) = (max(start, offset), min(start + Self.page, offset + Int64(count)))
            guard from < to else { continue }
            for at in from..<to {
                buffer[Int(at - offset)] = bytes[Int(at - start)]
            }
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
        var at = offset
        let end = offset + Int64(bytes.count)
        while at < end {
            let number = at / Self.page
            let start = number * Self.page
            let to = min(end, start + Self.page)
            var page = [UInt8](repeating: 0, count: Int(Self.page))
            // A page that is written whole needs nothing of what was there.
            if at > start || to < start + Self.page {
                _ = try page.withUnsafeMutableBufferPointer { (part) throws(DiskError) in
                    try read(at: start, into: UnsafeMutableRawBufferPointer(part))
                }
            }
            for place in at..<to { page[Int(place - start)] = bytes[Int(place - offset)] }
            let written = page
            state.withLock { state in
                state.pages[number] = written
                state.size = max(state.size, to)
            }
            at = to
        }
    }

    func sync() {}

    func reserve(to end: Int64) { state.withLock { $0.size = max($0.size, end) } }

    func size() -> Int64 { state.withLock(\.size) }

    func truncate(to size: Int64) {
        state.withLock { state in
            state.below = min(state.below, size)
            state.pages = state.pages.filter { $0.key * Self.page < size }
            let last = size / Self.page
            if let page = state.pages[last] {
                let kept = Int(size - last * Self.page)
                state.pages[last] = Array(page[..<kept]) + [UInt8](repeating: 0, count: page.count - kept)
            }
            state.size = size
        }
    }
}
