import Glibc

/// Follows a log file over rotation and truncation. A file is known by its first line, not by its name or its inode: what
/// was renamed or copied away is found again and read to its end before the new file is begun.
struct LogFollower {
    private let path: String
    /// The first bytes of the file that is followed; nil before there was one.
    private var head: [UInt8]?
    private var offset = 0
    /// A line that has not ended yet.
    private var pending: [UInt8] = []
    private var misses = 0
    /// Files that were gone before they were read to their end, and lines too long for one piece.
    private(set) var gaps = 0
    private(set) var cutLines = 0
    private static let headBytes = 256
    static let longestLine = 64 << 10
    private static let chunk = 128 << 10

    init(path: String) { self.path = path }

    /// Lines that came since the last call, without their ends; at most some 128 KiB of them.
    mutating func poll() -> [[UInt8]] {
        let current = Self.head(of: path)
        // Who has read nothing yet begins with the oldest file that there is.
        if head == nil { head = oldest ?? current }
        guard let followed = head else { return [] }
        if current == followed { return read(path, followed) }
        for number in 1...LogWriter.kept where Self.head(of: "\(path).\(number)") == followed {
            misses = 0
            let lines = read("\(path).\(number)", followed)
            if lines.isEmpty { goOn(behind: number, followed) }
            return lines
        }
        // In the middle of a rotation a name may be missing for a moment.
        misses += 1
        if misses > 20, current != nil {
            gaps += 1
            begin(current)
        }
        return []
    }

    /// The file that is read to its end is `path.number`: goes on with the one after it, if that has begun.
    private mutating func goOn(behind number: Int, _ followed: [UInt8]) {
        let next = Self.head(of: number == 1 ? path : "\(path).\(number - 1)")
        // Names that moved meanwhile say nothing; they are looked at again.
        guard let next, next != followed, Self.head(of: "\(path).\(number)") == followed else { return }
        begin(next)
    }

    private mutating func begin(_ next: [UInt8]?) {
        head = next
        offset = 0
        misses = 0
    }

    /// Reads on in a file that has to be the followed one before and after.
    private mutating func read(_ name: String, _ followed: [UInt8]) -> [[UInt8]] {
        let file = open(name, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        guard Self.head(file) == followed else { return [] }
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        let count = pread(file, &buffer, Self.chunk, off_t(offset))
        guard count > 0, Self.head(file) == followed else { return [] }
        offset += count
        return split(buffer[..<count])
    }

    private mutating func split(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 10) {
            lines.append(pending + rest[..<end])
            pending = []
            rest = rest[(end + 1)...]
        }
        pending += rest
        if pending.count > Self.longestLine {
            cutLines += 1
            lines.append(pending)
            pending = []
        }
        return lines
    }

    private var oldest: [UInt8]? {
        for number in stride(from: LogWriter.kept, through: 1, by: -1) {
            if let head = Self.head(of: "\(path).\(number)") { return head }
        }
        return nil
    }

    private static func head(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return head(file)
    }

    /// The first line, or so much of it; nil while that is not whole.
    private static func head(_ file: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: headBytes)
        let count = pread(file, &buffer, headBytes, 0)
        guard count > 0 else { return nil }
        if let end = buffer[..<count].firstIndex(of: 10) { return Array(buffer[...end]) }
        return count == headBytes ? buffer : nil
    }
}
