import Glibc

/// A file, or standard input, that is read from its beginning.
struct InputFile {
    let descriptor: Int32
    /// For sentences.
    let name: String

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(CommandFailure) {
        guard path != "-" else {
            descriptor = STDIN_FILENO
            name = "standard input"
            return
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        name = path
        guard descriptor >= 0 else {
            let status: ExitStatus = errno == ENOENT ? .notFound : .failed
            throw CommandFailure(status, "Cannot open \(path): \(String(cString: strerror(errno))).")
        }
    }

    /// Reads up to `count` bytes to the end of `buffer`; 0 is the end of the file.
    func read(into buffer: inout [UInt8], count: Int) throws(CommandFailure) -> Int {
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        var received = -1
        repeat {
            received = buffer.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.map { $0 + old }, count)
            }
        } while received < 0 && errno == EINTR
        buffer.removeLast(count - max(0, received))
        guard received >= 0 else {
            throw CommandFailure(.failed, "Cannot read \(name): \(String(cString: strerror(errno))).")
        }
        return received
    }

    /// All there is, at most `limit` bytes.
    func readAll(limit: Int) throws(CommandFailure) -> [UInt8] {
        var content: [UInt8] = []
        while try read(into: &content, count: 256 * 1024) > 0 {
            guard content.count <= limit else {
                throw CommandFailure(
                    .usage, "\(name) has more than \(grouped(limit)) bytes, which is what one message holds.")
            }
        }
        return content
    }
}
