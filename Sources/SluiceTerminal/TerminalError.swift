/// Why there can be no console here, as a sentence for people.
public struct TerminalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a program decides by.
    public enum Code: Sendable {
        /// Standard input or output is no terminal.
        case noTerminal
        /// `TERM` is missing, unknown, or cannot place the cursor.
        case unsuitable
        /// The operating system refused something.
        case system
    }
    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
