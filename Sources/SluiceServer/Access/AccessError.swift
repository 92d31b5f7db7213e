/// What is wrong with an access file or with a change to its accounts. It never quotes a secret key.
public struct AccessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as it was named; nil for text and for requests.
    public let file: String?
    /// Line in the file or text, from 1; nil when it is about the whole.
    public let line: Int?
    /// A sentence without its full stop.
    public let reason: String

    init(file: String? = nil, line: Int? = nil, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// `FILE:LINE: reason`, as much of it as there is.
    public var description: String {
        switch (file, line) {
        case (let file?, let line?): "\(file):\(line): \(reason)"
        case (let file?, nil): "\(file): \(reason)"
        case (nil, let line?): "line \(line): \(reason)"
        case (nil, nil): reason
        }
    }
}
