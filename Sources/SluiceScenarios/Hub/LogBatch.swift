import SluiceMessage

/// Lines of one log stream, packed into a message.
struct LogBatch: Sendable, Equatable {
    /// Stream and number: the same lines sent twice have the same one.
    var id: String
    var stream: String
    /// Without line ends.
    var lines: [[UInt8]]

    private static let idProperty = "batch"
    private static let streamProperty = "stream"
    /// How many lines a message says that it holds.
    static let linesProperty = "lines"

    init(id: String, stream: String, lines: [[UInt8]]) {
        self.id = id
        self.stream = stream
        self.lines = lines
    }

    /// Nil for what no collector sent.
    init?(_ message: StoredMessage) {
        guard let id = message.property(Self.idProperty), let stream = message.property(Self.streamProperty) else {
            return nil
        }
        let lines = message.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        // What follows the last line end is no line.
        self.init(id: id, stream: stream, lines: lines.dropLast())
    }

    /// Its lines, each with its line end.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The producer compresses the body.
    func message(topic: String) -> Message {
        Message(
            topic: topic, body: bytes, tag: stream, keys: [id],
            properties: [
                Property(Self.linesProperty, String(lines.count)), Property(Self.idProperty, id),
                Property(Self.streamProperty, stream),
            ])
    }
}
