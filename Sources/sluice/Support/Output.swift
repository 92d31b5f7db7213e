import Glibc

/// Standard output, or a file, with a buffer of its own, so that what was flushed has really been handed over.
struct Output {
    private var buffer: [UInt8] = []
    private var descriptor = STDOUT_FILENO
    /// For sentences.
    private var name = "standard output"

    init() {}

    /// A file that is not there yet; open until the process ends.
    init(newFile path: String) throws(CommandFailure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        name = path
        guard descriptor >= 0 else {
            let status: ExitStatus = errno == EEXIST ? .refused : errno == ENOENT ? .notFound : .failed
            throw CommandFailure(status, "Cannot make \(path): \(String(cString: strerror(errno))).")
        }
    }

    /// Bytes kept before ``write(_:)-(String)`` wants a flush.
    static let threshold = 64 * 1024

    var isFull: Bool { buffer.count >= Self.threshold }

    mutating func write(_ text: String) { buffer.append(contentsOf: text.utf8) }
    mutating func write(_ bytes: some Sequence<UInt8>) { buffer.append(contentsOf: bytes) }
    mutating func write(_ line: JSONObject) {
        buffer.append(contentsOf: line.closed())
        buffer.append(UInt8(ascii: "\n"))
    }

    /// Hands everything over to the operating system.
    mutating func flush() throws(CommandFailure) {
        var start = 0
        while start < buffer.count {
            let written = buffer.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if written >= 0 {
                start += written
            } else if errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno == EPIPE {
                throw CommandFailure(.closedPipe, "")
            } else if errno != EINTR {
                throw CommandFailure(.failed, "Cannot write to \(name): \(String(cString: strerror(errno))).")
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// True when whoever read our output has gone.
    static var readerIsGone: Bool {
        var state = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLERR) != 0
    }
}

/// True when a file descriptor is a terminal.
func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
