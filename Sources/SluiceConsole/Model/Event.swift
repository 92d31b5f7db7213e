/// Everything that can happen to the console.
public enum Event: Sendable {
    case key(Key)
    /// Text that the terminal pasted as a whole (bracketed paste).
    case paste(String)
    case mouse(Mouse)
    case resize(Size)
    /// Time went on; epoch ms. Every ``ConsoleModel/tickInterval`` ms is right.
    case tick(now: Int64)
    case answer(Answer)
    /// A call to the broker has ended; its answer comes as an event of its own.
    case called(CallRecord)
    /// What the scenario running beside the console says of itself.
    case scenario(ScenarioStatus)
    /// ^Z was pressed: answered by ``Effect/suspend`` unless a broker's clients stand against it.
    case suspendAsked
}

/// A mouse event at a cell.
public struct Mouse: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case press, doublePress, wheelUp, wheelDown }
    public var x: Int
    public var y: Int
    public var kind: Kind
    public init(x: Int, y: Int, kind: Kind) {
        self.x = x
        self.y = y
        self.kind = kind
    }
}
