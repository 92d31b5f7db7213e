/// Something that our server did otherwise than the one on the tape.
struct TapeFinding: Sendable, CustomStringConvertible {
    var tape: String
    var milliseconds: Int64
    var connection: Int
    /// Code of the request.
    var code: Int32
    var request: String
    var difference: String

    var description: String {
        "\(tape) at \(milliseconds), connection \(connection): \(code) \(request): \(difference)"
    }
}
