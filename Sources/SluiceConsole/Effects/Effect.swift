import SluiceAPI
import SluiceMessage

/// Names one asking; an answer is used only while its ticket is still the one waited for.
public struct Ticket: Sendable, Hashable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// Something that changes the broker's state, or (`reset` with `dryRun`) previews it.
public enum Act: Sendable, Equatable {
    case publish(Message)
    case publishHalf(Message, producerGroup: String)
    case reset(ResetRequest)
    case resolve(id: String, as: Resolution, reason: String)
    /// Stored messages again; nil is their own topic.
    case replay([StoredMessage], to: String?)
    /// An operator's action, audited; a dry run says what it would do.
    case operate(OperatorAction, reason: String, dryRun: Bool)

    /// False for what only looks.
    public var changesState: Bool {
        switch self {
        case .reset(let request): !request.dryRun
        case .operate(_, _, let dryRun): !dryRun
        default: true
        }
    }
}

/// What the model wants done outside of itself.
public enum Effect: Sendable, Equatable {
    /// Ask the broker; answered by ``Answer/reply(_:_:_:)``.
    case ask(Ticket, Query)
    /// Do something; answered by ``Answer/done(_:_:)``.
    case act(Ticket, Act)
    /// Load a theme by name; answered by ``Answer/theme(_:problem:)``.
    case loadTheme(String)
    /// List the themes that there are; answered by ``Answer/themes(_:)``.
    case listThemes
    /// For the driver: put this into the clipboard (OSC 52).
    case copy(String)
    /// For the driver: ring.
    case bell
    /// For the driver: a key that the running scenario declared was pressed.
    case scenarioKey(Character)
    /// For the driver: leave.
    case quit
}
