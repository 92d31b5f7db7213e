import Glibc
import SluiceMessage

/// A line as a message: the bytes before its line feed.
struct InputLine {
    var body: [UInt8]
    /// False for a last line without a line feed.
    var isTerminated: Bool

    /// Property of a message that was a line: what ended it, so that the input can be put together again.
    static let lineEnd = Property("SLUICE_LINE_END", "lf")

    func fill(_ message: inout Message) {
        message.body = body
        if isTerminated { message.properties.append(Self.lineEnd) }
    }
}

/// Cuts a file into lines. Any byte but the line feed belongs to a line.
struct LineReader {
    private let input: InputFile
    private let stop: SignalWatch
    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var ended = false
    /// Number of the line read last, counted from 1.
    private(set) var number = 0
    /// Bytes handed out, line feeds included.
    private(set) var bytes = 0

    /// - Parameter limit: bytes of a line, at most; a longer one is an error.
    init(_ input: InputFile, stop: SignalWatch, limit: Int) {
        self.input = input
        self.stop = stop
        self.limit = limit
    }

    /// The next line; nil at the end of the file or when a signal came.
    mutating func next() throws(CommandFailure) -> InputLine? {
        var scanned = start
        while true {
            if let end = lineFeed(from: scanned) { return try take(upTo: end, isTerminated: true) }
            scanned = buffer.count
            if ended { return start < buffer.count ? try take(upTo: buffer.count, isTerminated: false) : nil }
            if buffer.count - start > limit { throw tooLong() }
            if start > 0 {
                buffer.removeFirst(start)
                scanned -= start
                start = 0
            }
            guard waitForInput() else { return nil }
            ended = try input.read(into: &buffer, count: 256 * 1024) == 0
        }
    }

    private mutating func take(upTo end: Int, isTerminated: Bool) throws(CommandFailure) -> InputLine {
        guard end - start <= limit else { throw tooLong() }
        let line = InputLine(body: Array(buffer[start..<end]), isTerminated: isTerminated)
        bytes += end - start + (isTerminated ? 1 : 0)
        start = end + (isTerminated ? 1 : 0)
        number += 1
        return line
    }

    private func lineFeed(from index: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, index < bytes.count else { return nil }
            return memchr(base + index, 0x0A, bytes.count - index).map { UnsafeRawPointer($0) - base }
        }
    }

    private func tooLong() -> CommandFailure {
        CommandFailure(
            number > 0 ? .partlyDone : .usage,
            "Line \(number + 1) of \(input.name) has more than \(grouped(limit)) bytes, which is what one message holds."
        )
    }

    /// Waits until there is something to read; false when a signal came first.
    private func waitForInput() -> Bool {
        while true {
            var ready = [
                pollfd(fd: input.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&ready, 2, -1) > 0 else { continue }
            return ready[1].revents == 0
        }
    }
}
